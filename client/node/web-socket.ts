/**
 * The `ws` package as the connection's WebSocket, with a private certificate authority where a relay has one. Certificates are always
 * checked; nothing here can turn that off.
 *
 * @module
 */
import { WebSocket } from 'ws'
import type { SocketConstructor, SocketOptions } from '../connection/socket.ts'
import { pinnedTls } from './pinned-tls.ts'

/** The largest message that a relay may send. [FR1] */
const MAX_PAYLOAD = 1_048_576

export interface NodeWebSocketOptions {
  /** PEM of a certificate authority to trust besides (not instead of) nothing else: exactly these, or Node's own when absent. */
  readonly ca?: string
}

/** A WebSocket class for `RelayConnection` under Node. It checks pins where the connection has some. */
export function nodeWebSocket(options: NodeWebSocketOptions = {}): SocketConstructor {
  class NodeWebSocket extends WebSocket {
    static readonly checksPins = true
    constructor(url: string, protocols: string[], pinned?: SocketOptions) {
      super(url, protocols, {
        perMessageDeflate: false,
        maxPayload: MAX_PAYLOAD,
        followRedirects: false,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
        ...pinnedTls(pinned?.pins),
      })
    }
  }
  return NodeWebSocket
}
