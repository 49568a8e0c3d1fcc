/** Rows A5, A13 and A14: a port without TLS serves the proxy that was named, and what came to it over TLS; nobody else, and no other way. */
import { describe, expect, it } from 'vitest'

import { createScene, type Scene } from '../support/aftermath.ts'
import { createTestAuthority, startOperatedRelay } from '../support/operated-relay.ts'
import { createTestDevice } from '../support/raw-client.ts'
import { RawSocket, sendRequest, upgradeRequest, type HeaderLines, type RawAnswer } from '../support/raw-http.ts'
import { createRoomDocument } from '../support/room-document.ts'
import { startTestRelay, type TestRelay, type TestRelayOptions } from '../support/test-relay.ts'

const PROXY = '127.0.0.2'
const { id: document } = createRoomDocument()

const startPlain = (options: TestRelayOptions = {}): Promise<TestRelay> =>
  startTestRelay({ isPlain: true, trustedProxies: [PROXY], ...options })

/** An upgrade with a good token; by the proxy unless told otherwise. */
function ask(relay: TestRelay, headers: HeaderLines, localAddress = PROXY): Promise<RawAnswer> {
  return sendRequest({ ...relay, localAddress }, upgradeRequest(relay.token(document, null), headers))
}

const forwarded = (address: string): HeaderLines => ({ 'X-Forwarded-For': address, 'X-Forwarded-Proto': 'https' })

describe('a port without TLS', () => {
  it('T17 [A5] answers a stranger’s upgrade with neither 101 nor a redirect, and closes', async () => {
    const relay = await startPlain()
    for (const path of ['/sync', '/token', '/']) {
      for (const request of [
        upgradeRequest(relay.token(document, null), {}, { path }),
        `GET ${path} HTTP/1.1\r\nHost: relay.example\r\n\r\n`,
        `POST ${path} HTTP/1.1\r\nHost: relay.example\r\nContent-Length: 2\r\n\r\n{}`,
      ]) {
        const socket = await RawSocket.connect(relay)
        socket.write(request)
        const { status, headers } = await socket.answer()
        expect([path, status]).toEqual([path, 403])
        expect(headers.has('location')).toBe(false)
        expect(headers.get('cache-control')).toBe('no-store')
        await socket.ended
        expect(socket.received).toHaveLength(0)
      }
    }
    expect(relay.log.some(({ event }) => event === 'connection-opened')).toBe(false)
  })

  it('T17 [A14] lets in what the proxy says came over TLS', async () => {
    const relay = await startPlain()
    expect((await ask(relay, forwarded('198.51.100.7'))).status).toBe(101)
    const opened = relay.log.find(({ event }) => event === 'connection-opened')
    expect(opened?.fields['address']).toBe('198.51.100.0/24')
  })

  it('T17 [A14] refuses what the proxy says came in the clear, or of which it says nothing', async () => {
    const relay = await startPlain()
    for (const headers of [
      { 'X-Forwarded-Proto': 'http' },
      { 'X-Forwarded-Proto': 'ws' },
      { 'X-Forwarded-Proto': ['https', 'http'] },
      {},
    ]) {
      expect((await ask(relay, { 'X-Forwarded-For': '198.51.100.7', ...headers })).status).toBe(403)
    }
    const refused = relay.log.filter(({ fields }) => fields['reason'] === 'forwarded-in-clear')
    expect(refused).toHaveLength(4)
  })

  it('T17 [A14] refuses whoever is not the proxy, whatever it says of itself', async () => {
    const relay = await startPlain()
    for (const headers of [
      {},
      forwarded(PROXY),
      forwarded('198.51.100.7'),
      { Forwarded: 'for=127.0.0.2;proto=https' },
    ]) {
      expect((await ask(relay, headers, '127.0.0.1')).status).toBe(403)
    }
    expect(relay.log.filter(({ fields }) => fields['reason'] === 'not-the-proxy')).toHaveLength(4)
  })

  it('T17 [A14] on this machine alone serves it, and nothing that was forwarded by a proxy without a name', async () => {
    const relay = await startPlain({ trustedProxies: [] })
    expect((await ask(relay, {}, '127.0.0.1')).status).toBe(101)
    expect((await ask(relay, forwarded('198.51.100.7'), '127.0.0.1')).status).toBe(403)
    expect((await ask(relay, { 'X-Forwarded-Proto': 'http' }, '127.0.0.1')).status).toBe(403)
  })

  it('T17 [A13] is not opened to others without a proxy', async () => {
    const { relay } = await startPlain({ trustedProxies: [] })
    await expect(relay.listen({ host: '0.0.0.0', port: 0 })).rejects.toThrow(TypeError)
    await expect(relay.listen({ port: 0 })).rejects.toThrow(TypeError)
  })
})

describe('limits behind a proxy', () => {
  const limits = { socketsPerNetwork: 2, socketsPerSubject: 100 }

  /** Sockets that stay, of a client that the proxy names. */
  async function enter(scene: Pick<Scene, 'relay'>, header: string): Promise<number> {
    const socket = await RawSocket.connect({ ...scene.relay, localAddress: PROXY })
    socket.write(upgradeRequest(scene.relay.token(document, null), forwarded(header)))
    return (await socket.answer()).status
  }

  it('T23 [A14] [H7] count clients and not the proxy, and a made-up first hop helps nobody', async () => {
    const relay = await startPlain({ limits })
    expect(await enter({ relay }, '198.51.100.7')).toBe(101)
    expect(await enter({ relay }, '6.6.6.6, 198.51.100.7')).toBe(101)
    expect(await enter({ relay }, '7.7.7.7, 198.51.100.7')).toBe(429)
    expect(await enter({ relay }, '198.51.100.8')).toBe(101)
    // One IPv6 subscriber is a /64; an address of this machine counts when it was forwarded.
    for (const [address, status] of [
      ['2001:db8::1', 101],
      ['2001:db8::2', 101],
      ['2001:db8::3', 429],
      ['127.0.0.1', 101],
      ['127.0.0.1', 101],
      ['127.0.0.1', 429],
    ] as const) {
      expect([address, await enter({ relay }, address)]).toEqual([address, status])
    }
  })

  it('T23 [A14] over TLS believe the proxy, and nobody else', async () => {
    const relay = await startTestRelay({ trustedProxies: [PROXY], limits: { ...limits, countsLoopback: true } })
    const scene = await createScene(relay)
    // The scene's own two sockets come from 127.0.0.1: what a stranger says of itself does not make it another.
    const token = relay.token(document, null)
    expect((await sendRequest(relay, upgradeRequest(token, forwarded('198.51.100.9')))).status).toBe(429)
    expect(await enter({ relay }, '198.51.100.7')).toBe(101)
    expect(await enter({ relay }, '198.51.100.7')).toBe(101)
    expect(await enter({ relay }, '198.51.100.7')).toBe(429)
    const inClear = await ask(relay, { 'X-Forwarded-For': '198.51.100.8', 'X-Forwarded-Proto': 'http' })
    expect(inClear.status).toBe(403)
    await scene.writerClient.settle()
  })
})

describe('serve in plaintext', () => {
  const url = 'wss://relay.example/sync'

  it('T17 [A5] [A14] carries a token request and a socket for the proxy, with the headers that browsers heed', async () => {
    const { relay, token, log } = await startOperatedRelay({
      plaintext: true,
      trustedProxies: [PROXY],
      urls: [url],
    })
    const address = { host: '127.0.0.1', port: relay.port, ca: '', isPlain: true, localAddress: PROXY }
    const secure = 'Host: relay.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 198.51.100.7\r\n'
    const challenge = await sendRequest(address, `GET /token HTTP/1.1\r\n${secure}\r\n`)
    expect([challenge.status, JSON.parse(challenge.body)]).toEqual([200, { nonce: expect.any(String) as string }])
    expect(challenge.headers.get('strict-transport-security')).toBe('max-age=63072000; includeSubDomains')
    const device = createTestDevice()
    const given = token(document, device)
    expect((await sendRequest(address, upgradeRequest(given, forwarded('198.51.100.7')))).status).toBe(101)
    const direct = await sendRequest({ ...address, localAddress: '127.0.0.1' }, upgradeRequest(given, {}))
    expect(direct.status).toBe(403)
    // A stranger is given no challenge either, nor is anybody who came in the clear.
    const stranger = { ...address, localAddress: '127.0.0.1' }
    const inClear = secure.replace('https', 'http')
    for (const [from, lines] of [
      [stranger, secure],
      [stranger, 'Host: relay.example\r\n'],
      [address, inClear],
    ] as const) {
      const { status, body } = await sendRequest(from, `GET /token HTTP/1.1\r\n${lines}\r\n`)
      expect([status, body]).toEqual([403, 'Forbidden\n'])
    }
    expect(log().filter(({ event }) => event === 'request-refused')).toHaveLength(3)
    expect([relay.fingerprint, relay.caPath]).toEqual([null, null])
    await relay.reload()
  })

  it('T23 [A14] counts token requests by client', async () => {
    const { relay } = await startOperatedRelay({
      plaintext: true,
      trustedProxies: [PROXY],
      urls: [url],
      limits: { networkTokenRequests: { perSecond: 0.1, burst: 5 } },
    })
    const address = { host: '127.0.0.1', port: relay.port, ca: '', isPlain: true, localAddress: PROXY }
    const request = (client: string): string =>
      `GET /token HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: ${client}\r\n\r\n`
    const socket = await RawSocket.connect(address)
    const statuses: number[] = []
    for (let i = 0; i < 8; i++) {
      socket.write(request('198.51.100.7'))
      statuses.push((await socket.answer()).status)
    }
    expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200])
    expect(statuses.at(-1)).toBe(429)
    expect((await sendRequest(address, request('198.51.100.8'))).status).toBe(200)
  })

  it.each([
    [false, [200, 200, 200]],
    [true, [200, 200, 429]],
  ])('T23 [A14] counts those of this machine as it counts its sockets: %s', async (countsLoopback, expected) => {
    const limits = { countsLoopback, networkTokenRequests: { perSecond: 0.1, burst: 2 } }
    const { relay, authority } = await startOperatedRelay({ limits })
    const address = { host: '127.0.0.1', port: relay.port, ca: authority.ca }
    const statuses: number[] = []
    for (const said of ['', 'X-Forwarded-For: 198.51.100.7\r\n', 'X-Forwarded-For: 198.51.100.8\r\n']) {
      statuses.push((await sendRequest(address, `GET /token HTTP/1.1\r\nHost: a\r\n${said}\r\n`)).status)
    }
    expect(statuses).toEqual(expected)
  })

  it('T17 [A13] starts in production without a certificate of its own', async () => {
    const { relay } = await startOperatedRelay({
      plaintext: true,
      trustedProxies: ['10.0.0.0/8'],
      urls: [url],
      environment: { NODE_ENV: 'production' },
    })
    expect(relay.urls).toEqual([url])
  })

  it('T17 [A13] refuses what does not go together', async () => {
    const { certPath, keyPath } = await createTestAuthority()
    for (const [settings, words] of [
      [{ plaintext: true, host: '0.0.0.0', urls: [url] }, '--trusted-proxy'],
      [{ plaintext: true, host: '192.0.2.1', port: 9, urls: [url], trustedProxies: [] }, '--trusted-proxy'],
      [{ plaintext: true, trustedProxies: ['0.0.0.0/0'], urls: [url] }, 'neither an address nor a network'],
      [{ plaintext: true, trustedProxies: ['proxy'], urls: [url] }, 'neither an address nor a network'],
      [{ trustedProxies: ['proxy'] }, 'neither an address nor a network'],
      [{ plaintext: true, trustedProxies: [PROXY] }, '--url'],
    ] as const) {
      await expect(startOperatedRelay(settings)).rejects.toThrow(words)
    }
    const both = { plaintext: true, urls: [url], cert: certPath, key: keyPath }
    await expect(startOperatedRelay(both)).rejects.toThrow('--cert and --key')
  })
})
