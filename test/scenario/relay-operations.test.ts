import { connect, type PeerCertificate } from 'node:tls'
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { describe, expect, it, vi } from 'vitest'

import { cryptoReady } from '@y-sealed/protocol'

import { createRoomDocument, TestWriter } from '../support/room-document.ts'
import { askHttp, startOperatedRelay } from '../support/operated-relay.ts'

await cryptoReady()

/** Renewals are noticed by looking every 5 s, after two equal looks. */
const NOTICED = { timeout: 18_000, interval: 100 }

function shownCertificate(url: string, ca: string): Promise<PeerCertificate> {
  const { port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca, servername: 'localhost' }, () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

describe('[A12] a certificate renewed under a running relay', () => {
  it('is shown to new handshakes, by itself, and open sockets survive', { timeout: 40_000 }, async () => {
    const operated = await startOperatedRelay()
    const { relay, authority } = operated
    const document = createRoomDocument()
    const alice = await operated.client(document.id)
    await alice.settle()
    const before = await shownCertificate(relay.url, authority.ca)
    const fingerprint = relay.fingerprint

    await authority.renew({ newKey: true })
    await vi.waitFor(() => expect(operated.log().map(({ event }) => event)).toContain('certificate-renewed'), NOTICED)

    const after = await shownCertificate(relay.url, authority.ca)
    expect(after.serialNumber).not.toBe(before.serialNumber)
    expect(relay.fingerprint).not.toBe(fingerprint)
    // The same socket still carries a document.
    alice.open(document.id)
    await alice.nextOf('opened')
    alice.send({ type: 'push', envelopes: [new TestWriter(document, alice.device).genesis().envelope] })
    expect(await alice.nextOf('ack')).toMatchObject({ seq: 1 })
    expect(await operated.metric('y_sealed_certificate_reloads_total{result="done"}')).toBe(1)
  })

  it('is refused when its files are broken: the old one stays, and the log says so', async () => {
    const operated = await startOperatedRelay()
    const { relay, authority } = operated
    const before = await shownCertificate(relay.url, authority.ca)
    writeFileSync(authority.certPath, 'no certificate\n')
    await relay.reload()
    expect(operated.log().at(-1)).toMatchObject({
      level: 'error',
      event: 'certificate-refused',
      cause: expect.stringContaining('holds no certificate in PEM form') as string,
      meaning: expect.stringContaining('stays in use') as string,
    })
    expect((await shownCertificate(relay.url, authority.ca)).serialNumber).toBe(before.serialNumber)
    expect(await operated.metric('y_sealed_certificate_reloads_total{result="failed"}')).toBe(1)

    await authority.renew()
    await relay.reload()
    expect((await shownCertificate(relay.url, authority.ca)).serialNumber).not.toBe(before.serialNumber)
  })

  it('is complained of with less than 21 days left, and its end is shown', async () => {
    const operated = await startOperatedRelay()
    expect(await operated.metric('y_sealed_certificate_days_left')).toBeGreaterThan(80)
    await operated.authority.renew({ nowMs: Date.now() - 75 * 86_400_000 })
    await operated.relay.reload()
    expect(await operated.metric('y_sealed_certificate_days_left')).toBeLessThan(21)
    await vi.waitFor(
      () => expect(operated.log()).toContainEqual(expect.objectContaining({ event: 'certificate-ends-soon' })),
      NOTICED,
    )
  })
})

describe('[B12] [G14] the operations port', () => {
  it('says that the process lives and that clients may come, and shows numbers', async () => {
    const operated = await startOperatedRelay()
    expect(operated.relay.operationsUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await operated.ask('/healthz')).toMatchObject({ status: 200, body: 'ok\n' })
    expect(await operated.ask('/readyz')).toMatchObject({ status: 200, body: 'ready\n' })
    const { status, headers, body } = await operated.ask('/metrics')
    expect([status, headers['content-type']]).toEqual([200, expect.stringContaining('text/plain; version=0.0.4')])
    for (const name of ['event_loop_lag_p99_seconds', 'store_bytes', 'connections_ended_total', 'draining']) {
      expect(body).toContain(`\ny_sealed_${name}`)
    }
  })

  it.each(['/metrics', '/healthz', '/readyz', '/.git/config', '/debug', '/index.js.map'])(
    'is not to be had on the public port: %s, whatever token comes along',
    async (path) => {
      const { relay, authority, token, client } = await startOperatedRelay()
      const document = createRoomDocument()
      const { device } = await client(document.id)
      const url = relay.url.replace(/^wss:/, 'https:').replace(/\/sync$/, path)
      const headers = { authorization: `Bearer ${token(document.id, device)}` }
      const status = await new Promise((resolve, reject) => {
        request(url, { ca: authority.ca, agent: false, headers }, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end()
      })
      expect(status).toBe(404)
    },
  )

  it('answers nothing else, and no page that calls itself by another name', async () => {
    const { ask } = await startOperatedRelay()
    expect(await ask('/')).toMatchObject({ status: 404 })
    expect(await ask('/metrics?x')).toMatchObject({ status: 404 })
    expect(await ask('/metrics', {}, 'POST')).toMatchObject({ status: 405 })
    expect(await ask('/metrics', { host: 'evil.example:9464' })).toMatchObject({ status: 403 })
    expect(await ask('/metrics', { host: 'localhost:9464' })).toMatchObject({ status: 200 })
  })

  it('does not exist unless asked for', async () => {
    const { relay } = await startOperatedRelay({}, false)
    expect(relay.operationsUrl).toBeNull()
  })

  it('warns when other machines reach it', async () => {
    const { log } = await startOperatedRelay({ opsHost: '0.0.0.0' })
    expect(log()).toContainEqual(expect.objectContaining({ level: 'warn', event: 'operations-exposed' }))
  })
})

describe('[J11] [C18] a relay on its way down', () => {
  it('says GOAWAY with a delay for each, refuses newcomers with 503, is not ready, and closes with 1001', async () => {
    const operated = await startOperatedRelay()
    const { relay, authority } = operated
    const document = createRoomDocument()
    const alice = await operated.client(document.id)
    await alice.settle()
    const began = performance.now()
    const closing = relay.close()

    const goaway = await alice.nextOf('goaway')
    expect(goaway.jitterMs).toBeGreaterThan(0)
    expect(await operated.ask('/healthz')).toMatchObject({ status: 200 })
    expect(await operated.ask('/readyz')).toMatchObject({ status: 503, body: 'on the way down\n' })
    const status = await new Promise((resolve, reject) => {
      const url = relay.url.replace(/^wss:/, 'https:')
      const headers = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-protocol': 'y-sealed.v1',
      }
      request(url, { ca: authority.ca, agent: false, headers }, (response) => {
        resolve([response.resume().statusCode, response.headers['retry-after']])
      })
        .on('error', reject)
        .end()
    })
    expect(status).toEqual([503, '5'])
    expect((await alice.ended).code).toBe(1001)
    await closing
    expect(performance.now() - began).toBeLessThan(10_000)
    await expect(askHttp(`${relay.operationsUrl}/healthz`)).rejects.toThrow('ECONNREFUSED')
    expect(operated.log().at(-1)).toMatchObject({ event: 'stopped' })
  })
})
