/**
 * Who may use what only the demo has: pages of this origin, on this computer.
 *
 * @module
 */
import type { IncomingMessage } from 'node:http'

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/

/** Browsers say so themselves of every request, by one header or the other, and let no page say it. */
export function isFromHere({ socket, headers }: IncomingMessage): boolean {
  if (!LOOPBACK.test(socket.remoteAddress ?? '')) return false
  return headers['sec-fetch-site'] === 'same-origin' || headers.origin === `https://${headers.host}`
}
