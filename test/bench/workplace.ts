/**
 * The folder of one benchmark run, a certificate for this machine and a key that signs tokens: what servers and clients share.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { cryptoReady } from '@y-sealed/protocol'

import { createAuthority, createLeaf } from '../../server/ops/certificate.ts'
import { createEcKey } from '../../server/ops/ec-key.ts'
import { createTestKey, publicJwk, type TestKey } from '../support/tokens.ts'

export interface Workplace {
  /** A fresh folder in it. */
  folder(name: string): string
  /** Files in PEM. */
  readonly certPath: string
  readonly keyPath: string
  readonly ca: string
  readonly secureContext: SecureContext
  readonly tokenKey: TestKey
  readonly jwksPath: string
  remove(): void
}

/** Makes it under the system's folder for temporary files. */
export async function createWorkplace(): Promise<Workplace> {
  await cryptoReady()
  const root = mkdtempSync(join(tmpdir(), 'y-sealed-bench-'))
  const hosts = ['localhost', '127.0.0.1']
  const authorityKey = createEcKey()
  const ca = await createAuthority(authorityKey, hosts, Date.now())
  const key = createEcKey()
  const cert = await createLeaf(key, { key: authorityKey, cert: ca }, hosts, Date.now())
  const write = (name: string, text: string): string => {
    const path = join(root, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const tokenKey = createTestKey('bench')
  return {
    folder: (name) => mkdtempSync(join(root, `${name}-`)),
    certPath: write('cert.pem', cert),
    keyPath: write('key.pem', key),
    ca,
    secureContext: createSecureContext({ ca }),
    tokenKey,
    jwksPath: write('jwks.json', JSON.stringify({ keys: [publicJwk(tokenKey)] })),
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
