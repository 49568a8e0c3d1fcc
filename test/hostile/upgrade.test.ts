/**
 * Rows B and C of the security cases, by raw bytes against a relay over TLS. After each the relay must still answer. */
import { decodeRelayFrame, encodeClientFrame, helloInput, sodiumSha512, toBytes, tokenHash } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { connect } from 'node:tls'
import { describe, expect, it, vi } from 'vitest'

import { createTestDevice } from '../support/raw-client.ts'
import {
  clientFrame,
  nextServerFrame,
  RawSocket,
  sendRequest,
  upgradeRequest,
  type HeaderLines,
} from '../support/raw-http.ts'
import { startTestRelay, type TestRelay } from '../support/test-relay.ts'
import { AUDIENCE, createTestKey, makeToken } from '../support/tokens.ts'
import { startStallClock } from '../support/stall-clock.ts'

const document = randomBytes(16)
const APP = 'https://app.example.com'

async function statusOf(
  relay: TestRelay,
  changes: HeaderLines,
  line?: { method?: string; path?: string },
): Promise<number> {
  const device = createTestDevice()
  return (await sendRequest(relay, upgradeRequest(relay.token(document, device), changes, line))).status
}

/** The process is alive, and others are served. */
async function expectAlive(relay: TestRelay): Promise<void> {
  expect(await statusOf(relay, {})).toBe(101)
}

const SECURITY = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

describe('HTTP', () => {
  it('T17 [B1] [B10] answers without an upgrade with 426 or 404, and the headers that browsers heed', async () => {
    const relay = await startTestRelay()
    for (const [path, status] of [
      ['/sync', 426],
      ['/', 404],
      ['/metrics', 404],
      ['/healthz', 404],
      ['/.git/config', 404],
      ['/token', 404],
    ] as const) {
      const answer = await sendRequest(relay, `GET ${path} HTTP/1.1\r\nHost: relay.example\r\n\r\n`)
      expect(answer.status).toBe(status)
      expect(Object.fromEntries(answer.headers)).toMatchObject(SECURITY)
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(answer.headers.get('upgrade')).toBe(status === 426 ? 'websocket' : undefined)
      expect(answer.headers.has('server') || answer.headers.has('x-powered-by')).toBe(false)
      // Not with a development certificate: it would outlive the experiment.
      expect(answer.headers.has('strict-transport-security')).toBe(false)
    }
  })

  it('T17 [B2] refuses other methods with 405 and closes', async () => {
    const relay = await startTestRelay()
    for (const method of ['POST', 'PUT', 'TRACE', 'HEAD', 'OPTIONS']) {
      const socket = await RawSocket.connect(relay)
      socket.write(upgradeRequest(relay.token(document, null), {}, { method }))
      expect((await socket.answer()).status).toBe(405)
      await socket.ended
    }
    const tunnel = await RawSocket.connect(relay)
    tunnel.write('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n')
    expect((await tunnel.answer()).status).toBe(405)
    await tunnel.ended
    await expectAlive(relay)
  })

  it('T17 [B3] [B4] refuses what is no HTTP with 400 or 431', async () => {
    const relay = await startTestRelay()
    const long = `GET /sync HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9000)}\r\n\r\n`
    const many = `GET /sync HTTP/1.1\r\nHost: a\r\n${'A: b\r\n'.repeat(2100)}\r\n`
    for (const request of [long, many]) expect((await sendRequest(relay, request)).status).toBe(431)
    for (const request of [
      'GET /sync HTTP/1.1\r\n\r\n',
      'GET /sync\r\n\r\n',
      'GET /sync HTTP/1.0\r\n\r\n',
      upgradeRequest(relay.token(document, null)).replace('HTTP/1.1', 'HTTP/1.0'),
      'junk\r\n\r\n',
      'GET /sync HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n',
      'POST /sync HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ]) {
      expect((await sendRequest(relay, request)).status).toBe(400)
    }
    await expectAlive(relay)
  })

  it('T17 [B5] refuses a header that comes twice', async () => {
    const relay = await startTestRelay({ origins: [APP] })
    const token = relay.token(document, null)
    for (const changes of [
      { Host: ['relay.example', 'relay.example'] },
      { Origin: [APP, APP] },
      { Origin: [APP, 'https://evil.example'] },
      { Authorization: [`Bearer ${token}`, `Bearer ${token}`], 'Sec-WebSocket-Protocol': 'y-sealed.v1' },
      { 'Sec-WebSocket-Protocol': ['y-sealed.v1', `bearer.${token}`] },
      { 'Sec-WebSocket-Version': ['13', '13'] },
      { 'Sec-WebSocket-Version': ['13', '8'] },
      { 'Sec-WebSocket-Key': ['AAAAAAAAAAAAAAAAAAAAAA==', 'AAAAAAAAAAAAAAAAAAAAAA=='] },
      { Upgrade: ['websocket', 'websocket'] },
    ] as const) {
      expect([changes, await statusOf(relay, changes)]).toEqual([changes, 400])
    }
    await expectAlive(relay)
  })

  it('T17 [B8] refuses every path but one, however it is written', async () => {
    const relay = await startTestRelay()
    const paths = [
      '/',
      '//',
      '/%00',
      '/%E0%A4%A',
      '/sync/',
      '/SYNC',
      '/%73ync',
      '*',
      '/sync;a',
      '/sync#',
      '/sync?',
      '/sync?x=1',
    ]
    const absolute = [
      'http://[',
      'http://relay.example/sync',
      'https://relay.example/sync',
      '//sync',
      '/../sync',
      './sync',
    ]
    for (const path of [...paths, ...absolute, `/${'a'.repeat(7000)}`]) {
      const status = await statusOf(relay, {}, { path })
      expect([path.slice(0, 40), [400, 404].includes(status)]).toEqual([path.slice(0, 40), true])
    }
    await expectAlive(relay)
  })

  it('T17 [B9] closes after a refused upgrade: nothing behind it is read as a request', async () => {
    const relay = await startTestRelay()
    const socket = await RawSocket.connect(relay)
    const refused = upgradeRequest('not.a.token')
    socket.write(refused + refused + refused)
    expect((await socket.answer()).status).toBe(401)
    await socket.ended
    expect(socket.received.length).toBe(0)
  })
})

describe('upgrade', () => {
  it('T17 [C1] refuses other versions of the protocol with 426', async () => {
    const relay = await startTestRelay()
    for (const version of ['8', '12', '99', '013', '13.0', '', null]) {
      const answer = await sendRequest(
        relay,
        upgradeRequest(relay.token(document, null), { 'Sec-WebSocket-Version': version }),
      )
      expect([version, answer.status]).toEqual([version, 426])
      expect(answer.headers.get('sec-websocket-version')).toBe('13')
    }
  })

  it('T17 [C2] [C3] refuses a missing or malformed key, and other upgrades', async () => {
    const relay = await startTestRelay()
    for (const key of [null, '', Buffer.alloc(15).toString('base64'), 'not base64 at all!!!!!!!', 'A'.repeat(24)]) {
      expect(await statusOf(relay, { 'Sec-WebSocket-Key': key })).toBe(400)
    }
    expect(await statusOf(relay, { Upgrade: 'h2c' })).toBe(400)
    expect(await statusOf(relay, { Upgrade: 'websocket, h2c' })).toBe(400)
  })

  it('T17 [C4] [C5] [C6] takes the subprotocol y-sealed.v1 and no other', async () => {
    const relay = await startTestRelay()
    const token = relay.token(document, null)
    const lists = [
      null,
      '',
      'graphql-ws',
      `bearer.${token}`,
      `y-sealed.v2, bearer.${token}`,
      `Y-SEALED.V1, bearer.${token}`,
    ]
    const malformed = ['y-sealed.v1,,x', 'y-sealed.v1, y-sealed.v1', ',y-sealed.v1', 'y-sealed.v1;q=1', 'y sealed.v1']
    const tokens = [`y-sealed.v1, bearer.${token}, bearer.${token}x`]
    for (const list of [...lists, ...malformed, ...tokens]) {
      expect([list?.slice(0, 30), await statusOf(relay, { 'Sec-WebSocket-Protocol': list })]).toEqual([
        list?.slice(0, 30),
        400,
      ])
    }
    const twice = { Authorization: `Bearer ${token}`, 'Sec-WebSocket-Protocol': `y-sealed.v1, bearer.${token}` }
    expect(await statusOf(relay, twice)).toBe(400)
    const header = { Authorization: `Bearer ${token}`, 'Sec-WebSocket-Protocol': 'y-sealed.v1' }
    expect(await statusOf(relay, header)).toBe(101)
  })

  it('T17 [C7] [C16] echoes the subprotocol, never the token, and no extension', async () => {
    const relay = await startTestRelay()
    const token = relay.token(document, null)
    const extensions = Array.from({ length: 100 }, () => 'permessage-deflate; client_max_window_bits').join(', ')
    for (const offer of [
      {},
      { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
      { 'Sec-WebSocket-Extensions': extensions },
    ]) {
      const answer = await sendRequest(relay, upgradeRequest(token, offer))
      expect(answer.status).toBe(101)
      expect(answer.headers.get('sec-websocket-protocol')).toBe('y-sealed.v1')
      expect(answer.headers.has('sec-websocket-extensions')).toBe(false)
      expect(answer.head).not.toContain(token)
    }
    const last = await sendRequest(
      relay,
      upgradeRequest(token, { 'Sec-WebSocket-Protocol': `bearer.${token}, y-sealed.v1` }),
    )
    expect(last.headers.get('sec-websocket-protocol')).toBe('y-sealed.v1')
  })

  it('T18 [C8] [C10] lets pages of listed origins in, compared exactly', async () => {
    const relay = await startTestRelay({ origins: [APP, 'https://localhost', 'capacitor://localhost'] })
    for (const origin of [APP, 'https://localhost', 'capacitor://localhost']) {
      expect(await statusOf(relay, { Origin: origin })).toBe(101)
    }
    for (const origin of [
      'https://evil.example',
      'null',
      '',
      'https://app.example.com.evil.com',
      'https://app.example.com:444',
      'https://app.example.com:443',
      'http://app.example.com',
      'HTTPS://APP.EXAMPLE.COM',
      'https://app.example.com.',
      'https://app.example.com/',
      `${APP}, ${APP}`,
      'https://evil.example#https://app.example.com',
    ]) {
      expect([origin, await statusOf(relay, { Origin: origin })]).toEqual([origin, 403])
    }
  })

  it('T18 [C9] [C12] without an origin a token is needed, and no cookie stands for one', async () => {
    const relay = await startTestRelay()
    const token = relay.token(document, null)
    expect(await statusOf(relay, { Cookie: 'session=1' })).toBe(101)
    for (const cookie of [`token=${token}`, `bearer=${token}`, `y-sealed.v1=${token}`]) {
      expect(await statusOf(relay, { 'Sec-WebSocket-Protocol': 'y-sealed.v1', Cookie: cookie })).toBe(401)
    }
  })

  it('T17 [C11] refuses a token in the URL, and logs it redacted', async () => {
    const relay = await startTestRelay()
    const token = relay.token(document, null)
    for (const path of [`/sync?token=${token}`, `/sync?access_token=${token}`, `/sync?x=${token}`]) {
      expect(await statusOf(relay, {}, { path })).toBe(400)
      await sendRequest(relay, `GET ${path} HTTP/1.1\r\nHost: relay.example\r\n\r\n`)
    }
    expect(relay.log.filter(({ fields }) => fields['reason'] === 'token-in-url')).toHaveLength(3)
    expect(relay.log.filter(({ event }) => event === 'token-in-url')).toHaveLength(3)
    expect(JSON.stringify(relay.log)).not.toContain(token)
  })

  it('T17 [C13] refuses a bad token in one voice', async () => {
    const relay = await startTestRelay()
    const device = createTestDevice()
    const nowS = Math.floor(Date.now() / 1000)
    const answers = new Set<string>()
    for (const token of [
      'x',
      'a.b.c',
      `${relay.token(document, device)}x`,
      makeToken(createTestKey('k1')),
      relay.token(document, device, ['read'], { exp: nowS - 10, iat: nowS - 100 }),
      relay.token(document, device, ['read'], { aud: 'wss://other.example/sync' }),
    ]) {
      const { status, head, body } = await sendRequest(relay, upgradeRequest(token))
      expect(status).toBe(401)
      expect(head).toContain('WWW-Authenticate: Bearer error="invalid_token"')
      answers.add(head + body)
    }
    const none = await sendRequest(relay, upgradeRequest('', { 'Sec-WebSocket-Protocol': 'y-sealed.v1' }))
    answers.add(none.head + none.body)
    expect(answers.size).toBe(1)
    const basic = { Authorization: 'Basic YTpi', 'Sec-WebSocket-Protocol': 'y-sealed.v1' }
    expect(await statusOf(relay, basic)).toBe(401)
  })

  it('T17 [C14] survives a reset while the token is being judged', async () => {
    let asked = 0
    const relay = await startTestRelay({
      wrapAuth: (auth) => ({
        async verify(token) {
          asked++
          await new Promise((resolve) => setTimeout(resolve, 50))
          return auth.verify(token)
        },
      }),
    })
    for (let i = 0; i < 20; i++) {
      const tcp = createConnection(relay.port, relay.host)
      const socket = connect({ socket: tcp, ca: relay.ca, servername: 'localhost' })
      socket.on('error', () => {})
      await once(socket, 'secureConnect')
      // The answer, be it good or bad, is written to a socket that is no more.
      socket.write(upgradeRequest(i % 4 < 2 ? relay.token(document, null) : 'a.b.c'))
      await vi.waitFor(() => expect(asked).toBe(i + 1), 10_000)
      if (i % 2 === 0) tcp.resetAndDestroy()
      else socket.destroy()
    }
    await expectAlive(relay)
    expect(relay.log.filter(({ event }) => event === 'connection-opened')).toHaveLength(1)
  })

  it('T17 [C15] loses nothing that comes in one packet with the upgrade', async () => {
    const relay = await startTestRelay()
    const socket = await RawSocket.connect(relay)
    // A PING needs HELLO first, so this is refused: but it was read, and counted, after the upgrade.
    const early = clientFrame(2, encodeClientFrame({ type: 'ping', nonce: 1 }))
    socket.write(Buffer.concat([Buffer.from(upgradeRequest(relay.token(document, null))), early]))
    expect((await socket.answer()).status).toBe(101)
    expect((await nextServerFrame(socket)).payload[0]).toBe(0x81)
    const close = await nextServerFrame(socket)
    expect([close.opcode, close.payload.readUInt16BE(0)]).toEqual([8, 4400])
  })

  it('[FR1] a client made of bytes says HELLO and is answered', async () => {
    const relay = await startTestRelay()
    const device = createTestDevice()
    const token = relay.token(document, device)
    const socket = await RawSocket.connect(relay)
    socket.write(upgradeRequest(token))
    await socket.answer()
    const welcome = decodeRelayFrame(toBytes((await nextServerFrame(socket)).payload))
    if (!welcome.ok || welcome.value.type !== 'welcome') throw new Error('expected WELCOME')
    const { signPublic, boxPublic } = device
    const signature = device.sign(helloInput(welcome.value.nonce, AUDIENCE, tokenHash(sodiumSha512, token)))
    const hello = encodeClientFrame({ type: 'hello', signPublic, boxPublic, audience: AUDIENCE, signature })
    // In fragments, and a PING right behind, in the same packet.
    const parts = [
      clientFrame(2, hello.subarray(0, 50), { fin: false }),
      clientFrame(0, hello.subarray(50)),
      clientFrame(2, encodeClientFrame({ type: 'ping', nonce: 77 })),
    ]
    socket.write(Buffer.concat(parts))
    expect(decodeRelayFrame(toBytes((await nextServerFrame(socket)).payload))).toEqual({
      ok: true,
      value: { type: 'pong', nonce: 77 },
    })
  })

  it('T17 [C18] a relay that drains answers 503, and closes open sockets with 1001', async () => {
    const relay = await startTestRelay()
    const client = await relay.client({ document })
    await client.settle()
    const closing = relay.relay.close({ graceMs: 200 })
    const answer = await sendRequest(relay, upgradeRequest(relay.token(document, null))).catch(() => null)
    expect(answer?.status).toBe(503)
    expect(answer?.headers.get('retry-after')).toBe('5')
    expect(await client.nextOf('goaway')).toMatchObject({ retryAfterMs: 1000, jitterMs: 4000 })
    expect((await client.ended).code).toBe(1001)
    await closing
  })

  it('T17 [A4] says nothing to a peer that speaks no TLS', async () => {
    const relay = await startTestRelay()
    const plain = createConnection(relay.port, relay.host)
    const received: Buffer[] = []
    plain.on('data', (chunk: Buffer) => received.push(chunk))
    plain.on('error', () => {})
    plain.write('GET / HTTP/1.1\r\nHost: relay.example\r\n\r\n')
    await new Promise((resolve) => plain.on('close', resolve))
    expect(Buffer.concat(received).toString('latin1')).not.toContain('HTTP')
    await expectAlive(relay)
  })

  it('T17 [A6] destroys a connection whose TLS handshake does not come to its end', async () => {
    const relay = await startTestRelay()
    const freeMs = startStallClock()
    await Promise.all(
      [Buffer.alloc(0), Buffer.from('160301', 'hex')].map(async (bytes) => {
        const socket = createConnection(relay.port, relay.host)
        socket.on('error', () => {})
        if (bytes.length > 0) socket.write(bytes)
        await new Promise((resolve) => socket.on('close', resolve))
      }),
    )
    expect(freeMs()).toBeLessThan(8_000)
    await expectAlive(relay)
  })

  it('T17 [A1] [A3] speaks TLS 1.3 and 1.2', async () => {
    const relay = await startTestRelay()
    for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
      const socket = connect({
        host: relay.host,
        port: relay.port,
        ca: relay.ca,
        minVersion: version,
        maxVersion: version,
      })
      await new Promise((resolve) => socket.on('secureConnect', resolve))
      expect(socket.getProtocol()).toBe(version)
      socket.destroy()
    }
  })
})
