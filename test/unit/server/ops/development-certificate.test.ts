import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createHttpsServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, type ConnectionOptions } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'

import { createAuthority, createLeaf } from '../../../../server/ops/certificate.ts'
import { createEcKey } from '../../../../server/ops/ec-key.ts'
import {
  loadDevelopmentCertificate,
  refuseDevelopmentCertificate,
} from '../../../../server/ops/development-certificate.ts'
import { readGivenCertificate } from '../../../../server/ops/given-certificate.ts'
import { pinOf } from '../../../../server/ops/pins.ts'
import { createTlsOptions, type TlsIdentity } from '../../../../server/ops/tls-options.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'

const HOSTS = ['localhost', '127.0.0.1', '::1']
const DAY_MS = 86_400_000
const now = Date.now()

async function serve(identity: TlsIdentity): Promise<number> {
  const server = createHttpsServer(createTlsOptions(identity), (_, response) => response.end('ok'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Status of a request over real validation, or the code of the error. */
function visit(port: number, ca: string, servername: string): Promise<string> {
  return new Promise((resolve) => {
    const host = '127.0.0.1'
    const checked = servername === host ? {} : { servername }
    request({ host, port, ca, agent: false, ...checked }, (response) => {
      response.resume()
      resolve(String(response.statusCode))
    })
      .on('error', (error: NodeJS.ErrnoException) =>
        resolve(error.code === 'UNSPECIFIED' ? error.message : `${error.code}`),
      )
      .end()
  })
}

function handshake(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: true, ...options }, () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().standardName}`)
      socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

describe('the development certificate', () => {
  it('[A11] is good for its names under its authority, and for nothing else', async () => {
    const folder = join(makeTemporaryFolder(), 'tls')
    const identity = await loadDevelopmentCertificate(folder, HOSTS, now)
    const port = await serve(identity)
    const ca = readFileSync(identity.authorityPath, 'ascii')
    expect(await visit(port, ca, 'localhost')).toBe('200')
    expect(await visit(port, ca, '127.0.0.1')).toBe('200')
    expect(await visit(port, ca, 'other.test')).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    const { authorityPath } = await loadDevelopmentCertificate(join(makeTemporaryFolder(), 'tls'), HOSTS, now)
    expect(await visit(port, readFileSync(authorityPath, 'ascii'), 'localhost')).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })

  it('[A11] says what Chromium asks for: names, server authentication, signatures, at most 90 days', async () => {
    const { cert } = await loadDevelopmentCertificate(join(makeTemporaryFolder(), 'tls'), HOSTS, now)
    const leaf = new X509Certificate(cert)
    expect(leaf.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(leaf.ca).toBe(false)
    expect(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)).toBeLessThanOrEqual(90 * DAY_MS)
  })

  it('[A11] its authority cannot speak for a public site', async () => {
    const key = createEcKey()
    const authority = { key, cert: await createAuthority(key, HOSTS, now) }
    const leafKey = createEcKey()
    const good = await serve({ key: leafKey, cert: await createLeaf(leafKey, authority, ['notes.test'], now) })
    expect(await visit(good, authority.cert, 'notes.test')).toBe('200')
    const evil = await serve({ key: leafKey, cert: await createLeaf(leafKey, authority, ['bank.example'], now) })
    expect(await visit(evil, authority.cert, 'bank.example')).toBe('permitted subtree violation')
    const address = await serve({
      key: leafKey,
      cert: await createLeaf(leafKey, authority, ['localhost', '8.8.8.8'], now),
    })
    expect(await visit(address, authority.cert, 'localhost')).toBe('permitted subtree violation')
  })

  it('[I8] keys are 0600 in a folder of 0700', async () => {
    const folder = join(makeTemporaryFolder(), 'tls')
    await loadDevelopmentCertificate(folder, HOSTS, now)
    const modes = ['', 'ca.key', 'server.key', 'ca.pem'].map((name) =>
      (statSync(join(folder, name)).mode & 0o777).toString(8),
    )
    expect(modes).toEqual(['700', '600', '600', '644'])
  })

  it('[A12] is taken as it lies there while it is fresh, and renewed with its key when it is not', async () => {
    const folder = join(makeTemporaryFolder(), 'tls')
    const first = await loadDevelopmentCertificate(folder, HOSTS, now)
    expect((await loadDevelopmentCertificate(folder, HOSTS, now + 59 * DAY_MS)).cert).toBe(first.cert)
    const renewed = await loadDevelopmentCertificate(folder, HOSTS, now + 61 * DAY_MS)
    expect(renewed.cert).not.toBe(first.cert)
    expect(pinOf(renewed.cert)).toBe(pinOf(first.cert))
    expect(renewed.isNewAuthority).toBe(false)
  })

  it('[A12] is renewed for another name, with the same authority while that name is private', async () => {
    const folder = join(makeTemporaryFolder(), 'tls')
    const first = await loadDevelopmentCertificate(folder, HOSTS, now)
    const lan = await loadDevelopmentCertificate(folder, [...HOSTS, '192.168.1.7', 'desk.local'], now)
    expect(lan.isNewAuthority).toBe(false)
    expect(new X509Certificate(lan.cert).checkIP('192.168.1.7')).toBe('192.168.1.7')
    const named = await loadDevelopmentCertificate(folder, [...HOSTS, 'relay.example'], now)
    expect(named.isNewAuthority).toBe(true)
    expect(await visit(await serve(named), readFileSync(named.authorityPath, 'ascii'), 'relay.example')).toBe('200')
    const again = await loadDevelopmentCertificate(folder, HOSTS, now)
    expect(again.isNewAuthority).toBe(false)
    expect(first.isNewAuthority).toBe(true)
  })

  it('[A12] a damaged or ending authority is replaced', async () => {
    const folder = join(makeTemporaryFolder(), 'tls')
    await loadDevelopmentCertificate(folder, HOSTS, now)
    writeFileSync(join(folder, 'ca.pem'), 'damaged')
    const mended = await loadDevelopmentCertificate(folder, HOSTS, now)
    expect(mended.isNewAuthority).toBe(true)
    expect(await visit(await serve(mended), readFileSync(mended.authorityPath, 'ascii'), 'localhost')).toBe('200')
    expect((await loadDevelopmentCertificate(folder, HOSTS, now + 3 * 365 * DAY_MS)).isNewAuthority).toBe(true)
  })

  it('[A13] is refused in production', () => {
    expect(() => refuseDevelopmentCertificate({ NODE_ENV: 'production' })).toThrow(/--cert and --key/)
    expect(() => refuseDevelopmentCertificate({ NODE_ENV: 'development' })).not.toThrow()
    expect(() => refuseDevelopmentCertificate({})).not.toThrow()
  })
})

describe('TLS', () => {
  async function setUp() {
    const identity = await loadDevelopmentCertificate(join(makeTemporaryFolder(), 'tls'), HOSTS, now)
    return { port: await serve(identity), ca: readFileSync(identity.authorityPath, 'ascii') }
  }

  it('[A3] 1.3 is chosen when both are offered, and 1.2 works with the listed suites', async () => {
    const { port, ca } = await setUp()
    expect(await handshake(port, { ca })).toMatch(/^TLSv1\.3 /)
    for (const name of ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305']) {
      expect(await handshake(port, { ca, maxVersion: 'TLSv1.2', ciphers: `ECDHE-ECDSA-${name}` })).toMatch(
        /^TLSv1\.2 TLS_ECDHE_ECDSA/,
      )
    }
  })

  it('[A1] 1.0 and 1.1 are refused', async () => {
    const { port, ca } = await setUp()
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      const options = { ca, minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' } as const
      expect(await handshake(port, options)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    }
  })

  it.each([
    'AES128-SHA',
    'ECDHE-ECDSA-AES128-SHA',
    'ECDHE-ECDSA-AES256-SHA384',
    'AES256-GCM-SHA384',
    'DHE-RSA-AES128-GCM-SHA256',
    'NULL-SHA256',
  ])('[A2] %s is refused', async (suite) => {
    const { port, ca } = await setUp()
    const options = { ca, maxVersion: 'TLSv1.2', ciphers: `${suite}:@SECLEVEL=0` } as const
    expect(await handshake(port, options)).toMatch(/HANDSHAKE_FAILURE/)
  })

  it('[A2] only X25519, P-256 and P-384 are agreed on', async () => {
    const { port, ca } = await setUp()
    for (const ecdhCurve of ['X25519', 'prime256v1', 'secp384r1'])
      expect(await handshake(port, { ca, ecdhCurve })).toMatch(/^TLSv1\.3/)
    for (const ecdhCurve of ['secp521r1', 'X448'])
      expect(await handshake(port, { ca, ecdhCurve })).toMatch(/HANDSHAKE_FAILURE/)
  })
})

describe('a certificate of one’s own', () => {
  async function makePair() {
    const folder = makeTemporaryFolder()
    const key = createEcKey()
    const authority = { key, cert: await createAuthority(key, HOSTS, now) }
    const paths = { cert: join(folder, 'chain.pem'), key: join(folder, 'key.pem') }
    writeFileSync(paths.cert, await createLeaf(key, authority, HOSTS, now))
    writeFileSync(paths.key, key, { mode: 0o640 })
    return paths
  }

  it('[A13] is read when it fits', async () => {
    const { cert, key } = await makePair()
    expect(readGivenCertificate(cert, key, now)).toEqual({
      cert: readFileSync(cert, 'ascii'),
      key: readFileSync(key, 'ascii'),
    })
  })

  it('[A13] is refused in words when it does not fit, is over, is missing or is no PEM', async () => {
    const { cert, key } = await makePair()
    const other = await makePair()
    expect(() => readGivenCertificate(cert, other.key, now)).toThrow(/is not that of the certificate/)
    expect(() => readGivenCertificate(cert, key, now + 91 * DAY_MS)).toThrow(/expired/)
    expect(() => readGivenCertificate(`${cert}x`, key, now)).toThrow(/cannot be read/)
    expect(() => readGivenCertificate(cert, `${key}x`, now)).toThrow(/no key file/)
    expect(() => readGivenCertificate(key, key, now)).toThrow(/no certificate/)
    expect(() => readGivenCertificate(cert, cert, now)).toThrow(/may be read by other users/)
  })

  it('[J6] an error about a damaged key does not quote it', async () => {
    const { cert, key } = await makePair()
    writeFileSync(key, '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n')
    expect(() => readGivenCertificate(cert, key, now)).toThrow(expect.not.stringContaining('c2VjcmV0') as Error)
  })
})
