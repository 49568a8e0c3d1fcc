/**
 * What the connection needs of a WebSocket: the browser's own class, or `ws` in Node.
 *
 * @module
 */
import type { PinSet } from '@y-sealed/protocol'

/** By a method's type, so that handlers may ask more of an event than is read here: the DOM's and `ws`'s own classes fit as they are. */
type Handler<Event> = { handle(event: Event): void }['handle'] | null

/** The part of the WHATWG WebSocket interface that is used. */
export interface Socket {
  binaryType: string
  readonly readyState: number
  readonly bufferedAmount: number
  send(data: Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  onopen: Handler<never>
  onclose: Handler<{ readonly code: number; readonly reason: string }>
  onerror: Handler<never>
  onmessage: Handler<{ readonly data: unknown }>
}

/** A WebSocket class. */
export interface SocketConstructor {
  new (url: string, protocols: string[], options?: SocketOptions): Socket
  /** True for one that checks pins. No browser's does: a page is not told which certificate its browser was shown. [PN3] */
  readonly checksPins?: boolean
}

/** What only a class that checks pins heeds. */
export interface SocketOptions {
  readonly pins: PinSet
}

/** `WebSocket.OPEN`, by value: an injected class may lack the constant. */
export const SOCKET_OPEN = 1

/**
 * The audience of a relay's URL: what tokens and HELLO name. Throws `TypeError` for anything but `wss:` with the path `/sync`: this
 * client never speaks in clear. Rule AU5.
 */
export function audienceOf(url: string): string {
  const parsed = new URL(url)
  if (parsed.protocol !== 'wss:') throw new TypeError(`the relay's URL must begin with wss: (got ${parsed.protocol})`)
  if (parsed.search !== '' || parsed.hash !== '' || parsed.username !== '' || parsed.password !== '') {
    throw new TypeError("the relay's URL must have no query, fragment or credentials: tokens never stand in a URL")
  }
  if (parsed.pathname === '/') parsed.pathname = '/sync'
  if (parsed.pathname !== '/sync') throw new TypeError("the relay's path is /sync")
  return `wss://${parsed.host}/sync`
}
