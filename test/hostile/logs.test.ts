/**
 * What a log tells of an attack, and what it must never tell. Rows J1, J2, J3, H12.
 */
import { bytesToBase64url, bytesToHex, cryptoReady } from '@y-sealed/protocol'
import { randomBytes } from 'node:crypto'
import { request } from 'node:https'
import { connect } from 'node:tls'
import { describe, expect, it, vi } from 'vitest'

import { startOperatedRelay, type OperatedRelay } from '../support/operated-relay.ts'
import { createTestDevice } from '../support/raw-client.ts'
import { createRoomDocument, TestWriter } from '../support/room-document.ts'
import { createTestKey, makeToken } from '../support/tokens.ts'
import { ALL } from '../support/test-relay.ts'

await cryptoReady()

/** An upgrade with whatever headers; resolves with the status. */
function upgrade(
  { relay, authority }: OperatedRelay,
  headers: Readonly<Record<string, string>>,
  path = '/sync',
): Promise<number | undefined> {
  const url = relay.url.replace(/^wss:/, 'https:').replace(/\/sync$/, path)
  return new Promise((resolve, reject) => {
    request(url, {
      ca: authority.ca,
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-protocol': 'y-sealed.v1',
        ...headers,
      },
    })
      .on('response', (response) => resolve(response.resume().statusCode))
      .on('upgrade', (_response, socket) => {
        socket.destroy()
        resolve(101)
      })
      .on('error', reject)
      .end()
  })
}

describe('the log of a relay', () => {
  it('[J3] holds no token, cookie, ciphertext, nonce, subject, document id or full address', async () => {
    const operated = await startOperatedRelay({ logLevel: 'debug' })
    const document = createRoomDocument()
    const device = createTestDevice()
    const subject = 'canary-subject@app.example'
    const token = operated.token(document.id, device, ALL, subject)
    const alice = await operated.client(document.id, token, device)
    const [welcome] = alice.frames
    alice.open(document.id)
    await alice.nextOf('opened')
    const writer = new TestWriter(document, device)
    const envelopes = [writer.genesis(), writer.bind(), writer.update()].map(({ envelope }) => envelope)
    for (const envelope of envelopes) {
      alice.send({ type: 'push', envelopes: [envelope] })
      await alice.nextOf('ack')
    }
    // What is refused is written of, too.
    const stray = new TestWriter(document, createTestDevice()).update().envelope
    alice.send({ type: 'push', envelopes: [stray] })
    await alice.nextOf('nack')
    alice.open(createRoomDocument().id, { token: `${token}x` })
    await alice.nextOf('nack')
    alice.sendBytes(Uint8Array.of(0xff, 1, 2, 3))
    await alice.ended

    const secretKid = 'canary-kid'
    const forged = makeToken(createTestKey(secretKid))
    await upgrade(operated, { authorization: `Bearer ${forged}`, cookie: 'session=canary-cookie' })
    await upgrade(operated, { 'sec-websocket-protocol': `y-sealed.v1, bearer.${forged}` })
    await upgrade(operated, { origin: 'https://canary-origin.example', 'user-agent': 'canary-agent' })
    await upgrade(operated, {}, `/sync?token=${token}`)
    await upgrade(operated, {}, `/canary-path?access_token=${token}`)

    const text = operated.lines.join('')
    const canaries = {
      token,
      forged,
      'signature of a token': token.split('.')[2] as string,
      'any word planted': 'canary',
      nonce: welcome?.type === 'welcome' ? bytesToHex(welcome.nonce) : 'missing',
      'document id': bytesToBase64url(document.id),
      'document id in hex': bytesToHex(document.id),
      'device id': bytesToBase64url(device.id),
      'device id in hex': bytesToHex(device.id),
      address: '127.0.0.1',
    }
    const told = Object.entries(canaries).filter(([, canary]) => text.includes(canary))
    expect(told).toEqual([])
    for (const { bytes } of envelopes) {
      for (let at = 0; at + 12 <= bytes.length; at += 12) {
        const piece = bytes.subarray(at, at + 12)
        expect(text).not.toContain(bytesToHex(piece))
        expect(text).not.toContain(Buffer.from(piece).toString('base64url'))
      }
    }
    expect(text).toContain('token-in-url')
  })

  it('[J1] has one line each for connecting, proving, refusal, breach and end, with connection, labels and code', async () => {
    const operated = await startOperatedRelay()
    const document = createRoomDocument()
    const alice = await operated.client(document.id)
    const writer = new TestWriter(document, alice.device)
    alice.send({ type: 'push', envelopes: [writer.genesis().envelope] })
    await alice.nextOf('nack')
    alice.open(document.id, { token: 'no token' })
    await alice.nextOf('nack')
    alice.sendBytes(new Uint8Array(0))
    await alice.ended
    await upgrade(operated, { authorization: `Bearer ${makeToken(createTestKey('x'))}` })
    await vi.waitFor(() => expect(operated.log().map(({ event }) => event)).toContain('upgrade-refused'))

    const connection = expect.any(Number) as number
    const label = expect.stringMatching(/^[0-9a-f]{8}$/) as string
    const network = '127.0.0.0/24'
    const expected = [
      { event: 'connection-opened', connection, subject: label, address: network },
      { event: 'connection-ready', connection, device: label },
      { event: 'frame-refused', connection, code: 'NOT_OPEN', document: label },
      { event: 'token-refused', connection, reason: 'bad-form', document: label },
      { event: 'connection-ended', connection, code: 4400 },
      { event: 'connection-closed', connection, code: 4400 },
      { event: 'upgrade-refused', status: 401, reason: expect.any(String) as string, address: network },
    ]
    for (const fields of expected) {
      const lines = operated.log().filter(({ event, code }) => event === fields.event && code !== 'TOKEN_REFUSED')
      expect(lines).toEqual([expect.objectContaining(fields)])
      expect(lines[0]?.['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    }
  })

  it('[J2] stays one printable line an event, whatever stands in headers, tokens and close reasons', async () => {
    const operated = await startOperatedRelay()
    const nasty = '\u009b31m\u0085"},{"level":"error"'
    const header = Buffer.from(nasty, 'latin1').toString('latin1')
    await upgrade(operated, { origin: header, 'user-agent': header, referer: header })
    const key = createTestKey('k')
    const kid = 'a\r\n{"event":"forged"}\u001b[31m\u202e'
    const claims = { sub: kid, jti: kid }
    const token = makeToken(key, claims, { alg: 'EdDSA', kid, typ: 'y-sealed+jwt' })
    await upgrade(operated, { authorization: `Bearer ${token}` })
    // What no header may hold is sent by hand.
    const { port } = new URL(operated.relay.url)
    await new Promise<void>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: Number(port), ca: operated.authority.ca }, () => {
        socket.end(`GET /sync HTTP/1.1\r\nHost: x\r\nOrigin: a\r\n\u001b[31m: b\rc\r\n\r\n`)
      })
      socket
        .on('close', () => resolve())
        .on('error', () => {})
        .resume()
    })
    for (const line of operated.lines) {
      expect(line).toMatch(/^[\u0020-\u007e\u00a0-\uffff]+\n$/)
      const { event } = JSON.parse(line) as { event: string }
      expect(event).toMatch(/^[a-z-]+$/)
      expect(line).not.toContain('forged')
    }
  })

  it('[H12] is not filled by a flood: some lines of an event, then how many were left out', async () => {
    const operated = await startOperatedRelay()
    const floods = 300
    await Promise.all(
      Array.from({ length: floods }, () => upgrade(operated, {}, `/sync?${bytesToHex(randomBytes(4))}`)),
    )
    operated.relay.log.flush()
    const refused = operated.log().filter(({ event }) => event === 'upgrade-refused').length
    const suppressed = operated
      .log()
      .filter(({ event, of }) => event === 'lines-suppressed' && of === 'upgrade-refused')
      .reduce((sum, line) => sum + Number(line['suppressed']), 0)
    expect(refused + suppressed).toBe(floods)
    expect(suppressed).toBeGreaterThan(0)
    expect(await operated.metric('y_sealed_log_lines_suppressed_total')).toBeGreaterThanOrEqual(suppressed)
    expect(await operated.metric('y_sealed_upgrades_refused_total{status="400"}')).toBe(floods)
  })
})
