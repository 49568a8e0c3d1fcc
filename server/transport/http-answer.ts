/**
 * What the relay says in HTTP: little, the same for everybody, and with the headers that browsers heed. Row B10.
 *
 * @module
 */
import { STATUS_CODES, type OutgoingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'

const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

const EXTRA: Readonly<Record<number, OutgoingHttpHeaders>> = {
  401: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  405: { Allow: 'GET' },
  426: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
  429: { 'Retry-After': '10' },
  503: { 'Retry-After': '5' },
}

/** Header fields and body of an answer. */
export function createAnswer(
  status: number,
  isStrictTransport: boolean,
  retryAfterS?: number,
): { readonly headers: OutgoingHttpHeaders; readonly body: string } {
  const body = `${STATUS_CODES[status] ?? 'Error'}\n`
  return {
    headers: {
      ...SECURITY_HEADERS,
      ...(isStrictTransport && { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' }),
      ...EXTRA[status],
      ...(retryAfterS !== undefined && { 'Retry-After': String(retryAfterS) }),
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      Connection: 'close',
    },
    body,
  }
}

/** Answers on a bare socket, which is closed after it. [B9] */
export function answerSocket(socket: Duplex, status: number, isStrictTransport: boolean, retryAfterS?: number): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const { headers, body } = createAnswer(status, isStrictTransport, retryAfterS)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`)
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
