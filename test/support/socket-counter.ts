/**
 * A WebSocket class that keeps every socket it makes.
 *
 * @module
 */
import type { SocketConstructor } from '@y-sealed/client'

export interface SocketCounter {
  readonly Sockets: SocketConstructor
  readonly sockets: { readonly readyState: number }[]
}

/** Over the platform's own, or another. */
export function countSockets(Platform: SocketConstructor = WebSocket): SocketCounter {
  const sockets: { readonly readyState: number }[] = []
  const Sockets = new Proxy(Platform, {
    construct: (Socket, [url, protocols]: [string, string[]]) => {
      const socket = new Socket(url, protocols)
      sockets.push(socket)
      return socket
    },
  })
  return { Sockets, sockets }
}
