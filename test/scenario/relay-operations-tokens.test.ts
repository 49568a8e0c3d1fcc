/**
 * The pages on tokens and certificates, done as they are written: the example backend runs, and the hook of certbot hands over.
 */
import { bytesToBase64url, cryptoReady } from '@y-sealed/protocol'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { createTokenIssuer } from '../../server/issuer.ts'
import { askHttp, startOperatedRelay } from '../support/operated-relay.ts'
import { createTestDevice } from '../support/raw-client.ts'
import { readRepositoryFile, REPOSITORY_ROOT } from '../support/repository.ts'
import { createRoomDocument } from '../support/room-document.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

await cryptoReady()

function codeOf(path: string, language: string): readonly string[] {
  const blocks = readRepositoryFile(path).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))
  return [...blocks].map((match) => match[1] as string)
}

/** A folder inside the repository, so that packages are found from it. */
function makeFolderInside(): string {
  const parent = join(REPOSITORY_ROOT, '.house-tmp')
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'tokens-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const SLOW = { timeout: 60_000 }
const examples = codeOf('server/deploy/tokens.md', 'ts')

describe('tokens.md', () => {
  it('has a backend of some twenty lines and a client, and both compile', SLOW, () => {
    expect(examples).toHaveLength(2)
    const lines = (examples[0] as string).split('\n').filter((line) => line.trim() !== '')
    expect(lines.length).toBeLessThanOrEqual(30)
    const folder = makeFolderInside()
    examples.forEach((code, i) => writeFileSync(join(folder, `example-${i}.ts`), `${code}\nexport {}\n`))
    const options = { extends: '../../test/tsconfig.json', include: ['*.ts'], exclude: [], references: [] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options))
    const tsc = join(REPOSITORY_ROOT, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' })
    expect(stdout.split('\n').filter((line) => line.includes('example-'))).toEqual([])
  })

  it('[AU1] [AU3] the backend’s tokens open its relay, and only to people with a session', SLOW, async () => {
    const folder = makeFolderInside()
    const probe = createServer()
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
    const address = probe.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await new Promise<void>((resolve) => probe.close(() => resolve()))
    const adapted = (examples[0] as string).replace('listen(3000,', `listen(${port},`)
    expect(adapted).toContain(String(port))
    writeFileSync(join(folder, 'backend.ts'), adapted)
    const args = ['--import', 'tsx', '--conditions=source', 'backend.ts']
    const backend = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
    onTestFinished(() => void backend.kill('SIGKILL'))
    const ask = `http://127.0.0.1:${port}`
    const jwks = await vi.waitFor(async () => (await askHttp(`${ask}/jwks.json`)).body, {
      timeout: 20_000,
      interval: 100,
    })
    expect((await askHttp(`${ask}/relay-token`, {}, 'POST')).status).toBe(403)
    const cookie = { cookie: 'session=alice' }
    expect((await askHttp(`${ask}/relay-token`, cookie, 'POST')).status).toBe(400)
    expect((await askHttp(`${ask}/relay-token`, cookie)).status).toBe(404)
    expect(statSync(join(folder, 'keys/issuer.key')).mode & 0o777).toBe(0o600)

    const jwksPath = join(makeTemporaryFolder(), 'jwks.json')
    writeFileSync(jwksPath, jwks)
    const settings = { jwks: jwksPath, issuer: 'https://app.example', urls: ['wss://relay.example/sync'] }
    const operated = await startOperatedRelay(settings)
    const document = createRoomDocument()
    const device = createTestDevice()
    const query = new URLSearchParams({ document: bytesToBase64url(document.id), device: bytesToBase64url(device.id) })
    const { status, body: token } = await askHttp(`${ask}/relay-token?${query.toString()}`, cookie, 'POST')
    expect(status).toBe(200)
    const client = await operated.dial(token, device, 'wss://relay.example/sync')
    client.open(document.id)
    // The document does not exist, and the example does not let people create.
    expect(await client.nextOf('nack')).toMatchObject({ code: 40_400 })
    expect(await operated.metric('y_sealed_tokens_accepted_total')).toBe(2)
  })

  it.each([
    ['@y-sealed/relay/issuer', []],
    ['@y-sealed/relay', ['better-sqlite3', 'ws']],
  ])('%s loads of database and sockets %j', SLOW, (entry, expected) => {
    const folder = makeFolderInside()
    const script = `
      import { createRequire } from 'node:module'
      await import('${entry}')
      const paths = Object.keys(createRequire(import.meta.url).cache)
      const has = (name) => paths.some((path) => path.includes('/node_modules/' + name + '/'))
      console.log(JSON.stringify(['better-sqlite3', 'ws'].filter(has)))
    `
    writeFileSync(join(folder, 'look.mjs'), script)
    const out = execFileSync(process.execPath, ['--import', 'tsx', '--conditions=source', 'look.mjs'], { cwd: folder })
    expect(JSON.parse(out.toString())).toEqual(expected)
  })
})

describe('createTokenIssuer', () => {
  const create = (changes: object = {}): ReturnType<typeof createTokenIssuer> =>
    createTokenIssuer({
      issuer: 'https://app.example',
      audience: 'wss://relay.example/sync',
      keyFile: join(makeTemporaryFolder(), 'keys/issuer.key'),
      ...changes,
    })
  const good = {
    subject: 'alice',
    document: 'AAECAwQFBgcICQoLDA0ODw',
    device: 'EBESExQVFhcYGRobHB0eHw',
    permissions: ['read'] as const,
  }

  it.each<[string, object]>([
    ['no subject', { subject: '' }],
    ['a subject that no token may have', { subject: 'Zoë' }],
    ['a document that is none', { document: 'AAAA' }],
    ['a device of another length', { device: new Uint8Array(17) }],
    ['no permission', { permissions: [] }],
    ['a permission twice', { permissions: ['read', 'read'] }],
    ['a permission that is none', { permissions: ['admin'] }],
    ['a long life', { lifeSeconds: 601 }],
    ['half a second', { lifeSeconds: 0.5 }],
  ])('[AU3] makes no token that no relay would take: %s', (_what, changes) => {
    expect(() => create().issue({ ...good, ...changes })).toThrow(RangeError)
  })

  it('[AU5] refuses an audience that no client dials', () => {
    expect(() => create({ audience: 'https://relay.example' })).toThrow('is no address of a relay')
  })

  it('[J7] shows the public half alone', () => {
    expect(Object.keys(create().jwks.keys[0] ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
  })
})

describe('certificates.md', () => {
  it('[A12] the hook hands a renewed pair to a relay that runs', async () => {
    const operated = await startOperatedRelay()
    const { authority, relay } = operated
    const hook = codeOf('server/deploy/certificates.md', 'sh').find((code) => code.startsWith('#!/bin/sh'))
    const folder = mkdtempSync(join(tmpdir(), 'y-sealed-hook-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'hook.sh'), hook ?? '')
    // What certbot has made; the relay's own files are those that the hook writes.
    const to = join(authority.certPath, '..')
    const old = relay.fingerprint
    await authority.renew({ newKey: true })
    for (const name of ['fullchain.pem', 'privkey.pem']) writeFileSync(join(folder, name), readFileSync(join(to, name)))
    const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim()
    execFileSync('sh', [join(folder, 'hook.sh')], {
      env: { ...process.env, RENEWED_LINEAGE: folder, Y_SEALED_TLS: to, Y_SEALED_GROUP: group },
    })
    expect(statSync(authority.keyPath).mode & 0o777).toBe(0o640)
    await relay.reload()
    expect(relay.fingerprint).not.toBe(old)
  })
})

describe('y-sealed-relay.service', () => {
  const unit = readRepositoryFile('server/deploy/y-sealed-relay.service')

  it('takes rights away, reloads by SIGHUP and waits longer than a farewell takes', () => {
    for (const line of [
      'User=y-sealed',
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'StateDirectoryMode=0700',
      'UMask=0077',
      'LimitCORE=0',
      'ExecReload=/bin/kill -HUP $MAINPID',
      'TimeoutStopSec=15',
      'Restart=on-failure',
    ]) {
      expect(unit.split('\n')).toContain(line)
    }
  })
})
