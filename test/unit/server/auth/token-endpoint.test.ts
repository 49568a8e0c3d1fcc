import { createServer, request as sendRequest, type IncomingHttpHeaders } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import type { Log, LogFields } from '../../../../server/core/ports.ts'
import { createMetrics } from '../../../../server/ops/metrics.ts'
import { createTokenEndpoint, type TokenEndpointOptions } from '../../../../server/transport/token-endpoint.ts'
import { createTestClock } from '../../../support/tokens.ts'

const ORIGIN = 'https://notes.example'

async function setUp(options: Partial<TokenEndpointOptions> = {}) {
  const clock = createTestClock()
  const lines: { readonly event: string; readonly fields?: LogFields | undefined }[] = []
  const write = (event: string, fields?: LogFields): void => void lines.push({ event, fields })
  const log: Log = { debug: write, info: write, warn: write, error: write }
  const bodies: string[] = []
  const desk = {
    challenge: () => 'nonce-1',
    answer(body: Uint8Array) {
      bodies.push(Buffer.from(body).toString())
      return Promise.resolve({ status: 200, body: { token: 't', expiresAt: 1 } })
    },
  }
  const endpoint = createTokenEndpoint({ desk, origins: [ORIGIN], clock, log, metrics: createMetrics(), ...options })
  const server = createServer((request, response) => void endpoint(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo

  function ask(method: string, headers: Record<string, string | string[]> = {}, body = '') {
    return new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
      const request = sendRequest({ port, method, path: '/token', headers, agent: false }, (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      })
      request.on('error', reject)
      request.end(body)
    })
  }
  return { ask, bodies, clock, lines, port }
}

const JSON_TYPE = { 'content-type': 'application/json' }

describe('the token endpoint', () => {
  it('[AU10] GET answers a nonce and POST what the issuer says of the body', async () => {
    const { ask, bodies } = await setUp()
    const got = await ask('GET')
    expect([got.status, got.body, got.headers['content-type']]).toEqual([
      200,
      '{"nonce":"nonce-1"}',
      'application/json; charset=utf-8',
    ])
    const posted = await ask('POST', JSON_TYPE, '{"a":1}')
    expect([posted.status, posted.body]).toEqual([200, '{"token":"t","expiresAt":1}'])
    expect(bodies).toEqual(['{"a":1}'])
  })

  it('[B10] every answer carries the headers that keep browsers from guessing, keeping and telling', async () => {
    const { ask } = await setUp({ strictTransport: true })
    for (const { headers } of [
      await ask('GET'),
      await ask('POST', JSON_TYPE),
      await ask('POST'),
      await ask('PUT'),
      await ask('OPTIONS'),
    ]) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=63072000; includeSubDomains',
        'x-content-type-options': 'nosniff',
      })
      expect(headers).not.toHaveProperty('server')
      expect(headers).not.toHaveProperty('x-powered-by')
    }
  })

  it('[B10] a development certificate brings no strict transport', async () => {
    const { ask } = await setUp()
    expect((await ask('GET')).headers).not.toHaveProperty('strict-transport-security')
  })

  it('[B13] only listed origins may read the answer, in pages and in preflights', async () => {
    const { ask } = await setUp()
    for (const method of ['GET', 'OPTIONS']) {
      expect((await ask(method, { origin: ORIGIN })).headers['access-control-allow-origin']).toBe(ORIGIN)
      for (const origin of [
        'https://evil.example',
        'null',
        `${ORIGIN}.evil.example`,
        `${ORIGIN}:444`,
        'http://notes.example',
        'https://NOTES.example',
        `${ORIGIN}.`,
      ]) {
        expect((await ask(method, { origin })).headers).not.toHaveProperty('access-control-allow-origin')
      }
      expect((await ask(method)).headers).not.toHaveProperty('access-control-allow-origin')
    }
    expect((await ask('GET', { origin: ORIGIN })).headers.vary).toBe('Origin')
    expect((await ask('GET', { origin: ORIGIN })).headers).not.toHaveProperty('access-control-allow-credentials')
  })

  it('[B5] a doubled Origin is refused', async () => {
    const { ask } = await setUp()
    expect((await ask('GET', { origin: [ORIGIN, ORIGIN] })).status).toBe(400)
  })

  it.each([
    'text/plain',
    'application/json-patch+json',
    'application/json; charset=latin1',
    'multipart/form-data',
    'application/jsonx',
  ])('[AU10] a body of type %s is refused unread', async (type) => {
    const { ask, bodies } = await setUp()
    expect((await ask('POST', { 'content-type': type }, '{}')).status).toBe(415)
    expect(bodies).toEqual([])
  })

  it('[AU10] the type may name its character set', async () => {
    const { ask } = await setUp()
    expect((await ask('POST', { 'content-type': 'application/json; charset=utf-8' }, '{}')).status).toBe(200)
  })

  it('[B2] other methods are refused', async () => {
    const { ask } = await setUp()
    for (const method of ['PUT', 'DELETE', 'TRACE', 'PATCH']) {
      const { status, headers } = await ask(method)
      expect([status, headers.allow]).toEqual([405, 'GET, POST, OPTIONS'])
    }
  })

  it('[AU10] 4 KiB pass, one byte more does not, whether it is announced or not', async () => {
    const { ask, bodies } = await setUp()
    expect((await ask('POST', JSON_TYPE, 'x'.repeat(4096))).status).toBe(200)
    expect((await ask('POST', JSON_TYPE, 'x'.repeat(4097))).status).toBe(413)
    const chunked = { ...JSON_TYPE, 'transfer-encoding': 'chunked' }
    expect((await ask('POST', chunked, 'x'.repeat(4097))).status).toBe(413)
    expect(bodies.map((body) => body.length)).toEqual([4096])
  })

  it('[B7] a body that trickles is given up at its deadline and the connection ends', async () => {
    const { clock, port, lines } = await setUp()
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let answer = ''
    const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.write('POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{')
    await vi.waitFor(() => {
      clock.advance(5000)
      expect(answer).toContain('HTTP/1.1 408')
    })
    expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n')
    await ended
    expect(lines.at(-1)?.event).toBe('token-refused')
  })

  it('[AU10] too many requests of one address are asked to wait, and may come again', async () => {
    const { ask, clock, lines } = await setUp({ requestsPerMinute: 60, burst: 3 })
    for (let i = 0; i < 3; i++) expect((await ask('GET')).status).toBe(200)
    const { status, headers, body } = await ask('GET')
    expect([status, headers['retry-after'], body]).toEqual([429, '1', '{"code":"RATE","message":"too many requests"}'])
    clock.advance(1000)
    expect((await ask('GET')).status).toBe(200)
    expect(JSON.stringify(lines)).not.toContain('127.0.0.1')
  })

  it('[AU10] who comes too often is not kept connected', async () => {
    const { port } = await setUp({ requestsPerMinute: 60, burst: 1 })
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let answers = ''
    const ended = new Promise<void>((resolve) => socket.on('end', () => resolve()))
    socket.on('data', (chunk) => (answers += chunk.toString()))
    const request = 'GET /token HTTP/1.1\r\nHost: x\r\n\r\n'
    socket.write(request)
    await vi.waitFor(() => expect(answers).toContain('nonce-1'))
    expect(answers.toLowerCase()).toContain('\r\nconnection: keep-alive\r\n')
    socket.write(request)
    await ended
    expect(answers).toMatch(/HTTP\/1\.1 429 [^]*\r\nconnection: close\r\n/i)
  })

  it('[AU10] this machine, which may be a proxy for everybody, is not asked to wait where it is told apart', async () => {
    const { ask } = await setUp({ requestsPerMinute: 60, burst: 3, countsLoopback: false })
    for (let i = 0; i < 10; i++) expect((await ask('GET')).status).toBe(200)
  })

  it('[H16] a store that fails is answered 503 without a word of why', async () => {
    const desk = { challenge: () => 'n', answer: () => Promise.reject(new Error('SQLITE_FULL at /var/lib/secret')) }
    const { ask, lines } = await setUp({ desk })
    const { status, body } = await ask('POST', JSON_TYPE, '{}')
    expect(status).toBe(503)
    expect(body + JSON.stringify(lines)).not.toContain('secret')
  })
})
