/**
 * `GET` and `POST /token` over `node:http`: limits, CORS and headers. What is granted is the issuer's matter. Nothing of a
 * request is echoed. Rule AU10; rows B7, B10, B13.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Clock, Log, Metrics } from '../core/ports.ts'
import { isLoopback, networkKey } from './network-key.ts'

/** The issuer, as the endpoint needs it. */
export interface TokenDesk {
  challenge(): string
  answer(body: Uint8Array): Promise<{ readonly status: number; readonly body: object }>
}

export interface TokenEndpointOptions {
  readonly desk: TokenDesk
  /** Origins whose pages may read the answers; compared exactly. */
  readonly origins: readonly string[]
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Tell browsers to come back over TLS only. Not with a development certificate: it would outlive the experiment. */
  readonly strictTransport?: boolean
  /** Requests a minute and address (IPv6: /64), on average and at once. */
  readonly requestsPerMinute?: number
  readonly burst?: number
  /** Is this machine a network like others? What comes from here may be a proxy for everybody. Default true. */
  readonly countsLoopback?: boolean
  readonly maxBodyBytes?: number
  readonly bodyTimeoutMs?: number
}

/**
 * Answers one request for `/token`; the caller has looked at the path. `address` is the client's, where it is not the TCP peer's. Never
 * rejects.
 */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, address?: string) => Promise<void>

/** Most addresses that are remembered; a full table forgets its oldest, which is generous, not closed. */
const MAX_ADDRESSES = 10_000

/** A handler that asks `desk`. */
export function createTokenEndpoint(options: TokenEndpointOptions): RequestHandler {
  const { desk, origins, clock, log, metrics, strictTransport = false } = options
  const { requestsPerMinute = 240, burst = 120, maxBodyBytes = 4096, bodyTimeoutMs = 5000 } = options
  const { countsLoopback = true } = options
  const takeTurn = createTurns(clock, requestsPerMinute / 60_000, burst)

  function setHeaders(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('cache-control', 'no-store')
    response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
    response.setHeader('referrer-policy', 'no-referrer')
    response.setHeader('x-content-type-options', 'nosniff')
    if (strictTransport) response.setHeader('strict-transport-security', 'max-age=63072000; includeSubDomains')
    response.setHeader('vary', 'Origin')
    const origin = request.headers.origin
    if (origin !== undefined && origins.includes(origin)) response.setHeader('access-control-allow-origin', origin)
  }

  /** Status and body of what is refused before the issuer hears of it; `null` lets it through. */
  function refusalOf(request: IncomingMessage, address: string | null): Answer | null {
    const { method } = request
    if (method !== 'GET' && method !== 'POST' && method !== 'OPTIONS') return refuse(405, 'only GET and POST')
    if (hasTwice(request, 'origin') || hasTwice(request, 'content-type')) return refuse(400, 'a header came twice')
    if (method === 'POST' && !isJsonType(request.headers['content-type'])) return refuse(415, 'send application/json')
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return refuse(413, 'the body is too large')
    const waitMs = address === null ? 0 : takeTurn(networkKey(address))
    if (waitMs === 0) return null
    return { status: 429, body: { code: 'RATE', message: 'too many requests' }, retryAfterS: Math.ceil(waitMs / 1000) }
  }

  async function answer(request: IncomingMessage, address: string | null): Promise<Answer> {
    const refusal = refusalOf(request, address)
    if (refusal !== null) return refusal
    if (request.method === 'OPTIONS') return { status: 204 }
    if (request.method === 'GET') return { status: 200, body: { nonce: desk.challenge() } }
    const body = await readBody(request, { maxBodyBytes, bodyTimeoutMs, clock })
    return body instanceof Uint8Array ? await desk.answer(body) : body
  }

  return async (request, response, client) => {
    const peer = request.socket.remoteAddress ?? ''
    // One that a proxy of this machine names is another matter.
    const isOwn = isLoopback(peer) && (client ?? peer) === peer
    const address = isOwn && !countsLoopback ? null : (client ?? peer)
    // A peer that goes away while we answer is no error of ours.
    response.on('error', () => response.destroy())
    try {
      setHeaders(request, response)
      const result = await answer(request, address)
      metrics.count('token_requests', { status: String(result.status) })
      if (result.status >= 400) log.info('token-refused', { status: result.status, code: codeOf(result) })
      // Who comes too often is not worth an open connection: the next request begins with a handshake, which is counted before it costs one.
      // A proxy's connection is everybody's.
      send(request, response, result, result.status === 429 && client === undefined)
    } catch (error) {
      log.error('token-failed', { cause: error instanceof Error ? error.name : 'unknown' })
      send(request, response, {
        status: 503,
        body: { code: 'UNAVAILABLE', message: 'try again later' },
        retryAfterS: 1,
      })
    }
  }
}

interface Answer {
  readonly status: number
  readonly body?: object
  readonly retryAfterS?: number
}

function refuse(status: number, message: string): Answer {
  return { status, body: { code: 'BAD_REQUEST', message } }
}

function codeOf(answer: Answer): string | undefined {
  const { body } = answer
  return body !== undefined && 'code' in body && typeof body.code === 'string' ? body.code : undefined
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer, isLast = false): void {
  if (response.headersSent || response.destroyed) return
  if (answer.retryAfterS !== undefined) response.setHeader('retry-after', String(answer.retryAfterS))
  if (answer.status === 405) response.setHeader('allow', 'GET, POST, OPTIONS')
  // What was not read would be taken for the next request.
  if (!request.complete || isLast) response.setHeader('connection', 'close')
  if (answer.status === 204) {
    response.setHeader('access-control-allow-methods', 'GET, POST')
    response.setHeader('access-control-allow-headers', 'content-type')
    response.setHeader('access-control-max-age', '600')
    response.writeHead(204).end()
    return
  }
  const text = JSON.stringify(answer.body)
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.writeHead(answer.status, { 'content-length': Buffer.byteLength(text) }).end(text)
}

/** `application/json`, with or without `charset=utf-8`. Being exact makes other sites' forms and `no-cors` requests fail. */
function isJsonType(value: string | undefined): boolean {
  return value !== undefined && /^application\/json(; ?charset="?utf-8"?)?$/i.test(value)
}

function hasTwice(request: IncomingMessage, name: string): boolean {
  return (request.headersDistinct[name]?.length ?? 0) > 1
}

/** The whole body, or the answer for one that is too long, too slow or cut off. */
function readBody(
  request: IncomingMessage,
  limits: { readonly maxBodyBytes: number; readonly bodyTimeoutMs: number; readonly clock: Clock },
): Promise<Uint8Array | Answer> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let length = 0
    const cancel = limits.clock.after(limits.bodyTimeoutMs, () => finish(refuse(408, 'the body took too long')))
    function finish(result: Uint8Array | Answer): void {
      cancel()
      request.off('data', take).off('end', end).off('close', cut)
      request.pause()
      resolve(result)
    }
    function take(chunk: Uint8Array): void {
      length += chunk.length
      chunks.push(chunk)
      if (length > limits.maxBodyBytes) finish(refuse(413, 'the body is too large'))
    }
    const end = (): void => finish(Buffer.concat(chunks))
    const cut = (): void => finish(refuse(400, 'the body was cut off'))
    request.on('data', take).on('end', end).on('close', cut).on('error', cut)
  })
}

/** A token bucket an address: 0 when it is its turn, else the wait. */
function createTurns(clock: Clock, perMs: number, burst: number): (address: string) => number {
  const bucketsByAddress = new Map<string, { left: number; atMs: number }>()
  return (address) => {
    const now = clock.monotonic()
    const old = bucketsByAddress.get(address)
    const left = old === undefined ? burst : Math.min(burst, old.left + (now - old.atMs) * perMs)
    bucketsByAddress.delete(address)
    if (bucketsByAddress.size >= MAX_ADDRESSES) {
      const oldest = bucketsByAddress.keys().next()
      if (oldest.done !== true) bucketsByAddress.delete(oldest.value)
    }
    const isTurn = left >= 1
    bucketsByAddress.set(address, { left: isTurn ? left - 1 : left, atMs: now })
    return isTurn ? 0 : (1 - left) / perMs
  }
}
