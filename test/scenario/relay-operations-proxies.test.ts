/**
 * nginx and Caddy with the files that we ship, in front of a relay: a keystroke goes through, and nothing else.
 */
import { cryptoReady, type Bytes } from '@y-sealed/protocol'
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { issueToken } from '../../server/auth/issue-token.ts'
import { keysFolderOf, loadIssuerKey } from '../../server/ops/signing-key.ts'
import { startRelay } from '../../server/serve.ts'
import { createTestAuthority, type TestAuthority } from '../support/operated-relay.ts'
import { findProgram } from '../support/optional-program.ts'
import { createTestDevice, RawClient } from '../support/raw-client.ts'
import { readRepositoryFile } from '../support/repository.ts'
import { createRoomDocument, TestWriter } from '../support/room-document.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { ALL } from '../support/test-relay.ts'

await cryptoReady()

const nginx = findProgram('nginx', 'server/deploy/nginx.conf in front of a relay')
const caddy = findProgram('caddy', 'server/deploy/Caddyfile in front of a relay')

async function findFreePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  return typeof address === 'object' && address !== null ? address.port : 0
}

interface Site {
  readonly folder: string
  /** Of the proxy. */
  readonly port: number
  readonly relayPort: number
  readonly authority: TestAuthority
  /** Copy of the relay's own authority. */
  readonly caCopy: string
}

/** A relay as proxies.md has it: on loopback, its own certificate or none, the proxy named. Two sockets of one client are its most. */
async function startSite(isPlain = false): Promise<Site & { readonly data: string; readonly url: string }> {
  const folder = makeTemporaryFolder()
  const data = join(folder, 'data')
  const [port, relayPort] = [await findFreePort(), await findFreePort()]
  const url = `wss://localhost:${port}/sync`
  const relay = await startRelay({
    data,
    port: relayPort,
    urls: [url],
    trustedProxies: ['127.0.0.1'],
    plaintext: isPlain,
    limits: { socketsPerNetwork: 2 },
    logLevel: 'silent',
  })
  onTestFinished(() => relay.close())
  const caCopy = join(folder, 'y-sealed-ca.pem')
  if (relay.caPath !== null) copyFileSync(relay.caPath, caCopy)
  return { folder, data, url, port, relayPort, caCopy, authority: await createTestAuthority() }
}

/** Replaces what the pages tell people to replace; each must be there. */
function adapt(text: string, replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce((adapted, [from, to]) => {
    const next = adapted.replaceAll(from, to)
    if (next === adapted) throw new Error(`the shipped file lacks ${from}`)
    return next
  }, text)
}

function run(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): void {
  const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...environment } })
  onTestFinished(async () => {
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    await ended
  })
}

function fetchFrom(
  site: Site,
  path: string,
): Promise<{ readonly status: number; readonly body: string; readonly hsts: unknown }> {
  return new Promise((resolve, reject) => {
    request({ host: 'localhost', port: site.port, path, ca: site.authority.ca, agent: false }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, hsts: response.headers['strict-transport-security'] }),
      )
    })
      .on('error', reject)
      .end()
  })
}

/** What came out at the other end of a push, and what went in. */
async function passKeystroke(
  site: Site & { readonly data: string; readonly url: string },
): Promise<{ readonly came: readonly Bytes[]; readonly sent: readonly Bytes[] }> {
  await vi.waitFor(async () => expect((await fetchFrom(site, '/token')).body).toContain('"nonce"'), {
    timeout: 10_000,
    interval: 100,
  })
  const document = createRoomDocument()
  const join = async (): Promise<RawClient> => {
    const device = createTestDevice()
    const key = loadIssuerKey(keysFolderOf(site.data))
    const { token } = issueToken(key, Date.now(), {
      document: document.id,
      device: device.id,
      permissions: ALL,
      audience: site.url,
    })
    const client = new RawClient({ url: site.url, ca: site.authority.ca, token, device, audience: site.url })
    onTestFinished(() => client.terminate())
    await client.hello()
    client.open(document.id)
    await client.nextOf('opened')
    return client
  }
  const alice = await join()
  const writer = new TestWriter(document, alice.device)
  alice.send({ type: 'push', envelopes: [writer.genesis().envelope] })
  await alice.nextOf('ack')
  const bob = await join()
  await bob.nextOf('entries')
  const pushed = [writer.bind().envelope, writer.update().envelope]
  alice.send({ type: 'push', envelopes: pushed })
  const { envelopes } = await bob.nextOf('entries')
  return { came: envelopes.map(({ bytes }) => bytes), sent: pushed.map(({ bytes }) => bytes) }
}

/** The two sockets of {@link passKeystroke} are all that one client may have: the relay counts clients, not the proxy. */
async function expectCounted(site: Site): Promise<void> {
  const answer = new Promise<number>((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol': 'y-sealed.v1, bearer.a.b.c',
      'X-Forwarded-For': '198.51.100.7',
    }
    request({ host: 'localhost', port: site.port, path: '/sync', ca: site.authority.ca, agent: false, headers })
      .on('response', ({ statusCode }) => resolve(statusCode ?? 0))
      .on('error', reject)
      .end()
  })
  expect(await answer).toBe(429)
}

/** What proxies.md says of a relay without TLS. */
function withoutTls(text: string): string {
  const lines = text.split('\n').filter((line) => !/^\s*(?:proxy_ssl_|tls_)/.test(line))
  return adapt(lines.join('\n'), [['https://127.0.0.1:8443', 'http://127.0.0.1:8443']])
}

/** Nothing but the relay's two paths goes through. */
async function expectClosed(site: Site): Promise<void> {
  for (const path of ['/metrics', '/healthz', '/', '/sync/x']) expect((await fetchFrom(site, path)).status).toBe(404)
  expect((await fetchFrom(site, '/sync')).status).toBeGreaterThanOrEqual(400)
  expect((await fetchFrom(site, '/token')).hsts).toBe('max-age=63072000; includeSubDomains')
}

describe.each([
  ['[B12] a relay behind a proxy that speaks TLS to it', false],
  ['[A14] a relay behind a proxy that speaks plain HTTP to it', true],
])('%s', (_what, isPlain) => {
  const scheme = isPlain ? 'http' : 'https'

  it.skipIf(nginx === null)('nginx, with our nginx.conf', async () => {
    const site = await startSite(isPlain)
    const shipped = readRepositoryFile('server/deploy/nginx.conf')
    const text = isPlain ? withoutTls(shipped) : adapt(shipped, [['/etc/nginx/y-sealed-ca.pem', site.caCopy]])
    const server = adapt(text, [
      ['    listen [::]:443 ssl;\n', ''],
      ['listen 443 ssl;', `listen 127.0.0.1:${site.port} ssl;`],
      ['server_name relay.example;', 'server_name localhost;'],
      ['/etc/letsencrypt/live/relay.example/fullchain.pem', site.authority.certPath],
      ['/etc/letsencrypt/live/relay.example/privkey.pem', site.authority.keyPath],
      [`${scheme}://127.0.0.1:8443`, `${scheme}://127.0.0.1:${site.relayPort}`],
    ])
    const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${join(site.folder, name)};`,
    )
    const path = join(site.folder, 'nginx.conf')
    writeFileSync(
      path,
      `pid ${join(site.folder, 'nginx.pid')};\nerror_log ${join(site.folder, 'error.log')};\ndaemon off;\n` +
        `events {}\nhttp {\n${own.join('\n')}\naccess_log off;\n${server}\n}\n`,
    )
    run(nginx as string, ['-c', path, '-p', site.folder])
    const { came, sent } = await passKeystroke(site)
    expect(came).toEqual(sent)
    await expectCounted(site)
    await expectClosed(site)
  })

  it.skipIf(caddy === null)('Caddy, with our Caddyfile', async () => {
    const site = await startSite(isPlain)
    const shipped = readRepositoryFile('server/deploy/Caddyfile')
    const adapted = isPlain ? withoutTls(shipped) : adapt(shipped, [['/etc/caddy/y-sealed-ca.pem', site.caCopy]])
    const text = adapt(adapted, [
      [
        'relay.example {',
        `https://localhost:${site.port} {\n\ttls ${site.authority.certPath} ${site.authority.keyPath}`,
      ],
      [`${scheme}://127.0.0.1:8443`, `${scheme}://127.0.0.1:${site.relayPort}`],
    ])
    const path = join(site.folder, 'Caddyfile')
    writeFileSync(path, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${text}`)
    const home = join(site.folder, 'home')
    mkdirSync(home)
    run(caddy as string, ['run', '--adapter', 'caddyfile', '--config', path], { HOME: home, XDG_DATA_HOME: home })
    const { came, sent } = await passKeystroke(site)
    expect(came).toEqual(sent)
    await expectCounted(site)
    await expectClosed(site)
  })
})

it('the shipped files trust nobody who does not show the relay’s certificate', () => {
  const text = readRepositoryFile('server/deploy/nginx.conf')
  expect(text).toContain('proxy_ssl_verify on;')
  expect(text + readRepositoryFile('server/deploy/Caddyfile')).not.toMatch(/insecure_skip_verify|verify off|http:\/\//)
})
