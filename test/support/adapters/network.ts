/**
 * A network that can be cut: sockets of the platform that end when it is told so, and dial nobody while it is down. The same under Node and in
 * Chromium.
 *
 * @module
 */
import type { Socket, SocketConstructor } from '@y-sealed/client'
import { decodeClientFrame, type ClientFrame } from '@y-sealed/protocol'

import { platformFor, type RelayAddress } from '../peer.ts'

export interface Network {
  readonly WebSocket: SocketConstructor
  /** What was dialled, with which protocols. */
  readonly dialled: { readonly url: string; readonly protocols: readonly string[] }[]
  /** Kinds of the frames that were sent. */
  readonly sent: ClientFrame['type'][]
  /** When each dial was, in ms. */
  readonly dialledAt: number[]
  /** Sockets that are open now. */
  readonly open: number
  /** Ends every socket. */
  cut(): void
  setUp(isUp: boolean): void
}

/** Nobody listens there. */
const NOWHERE = 'wss://localhost:45999/sync'

export async function createNetwork(relay: RelayAddress): Promise<Network> {
  const Platform: SocketConstructor = (await platformFor(relay)).WebSocket ?? globalThis.WebSocket
  const sockets: Socket[] = []
  const dialled: Network['dialled'] = []
  const sent: Network['sent'] = []
  const dialledAt: number[] = []
  let isUp = true
  function dial(url: string, protocols: string[]): Socket {
    dialled.push({ url, protocols })
    dialledAt.push(performance.now())
    const socket = new Platform(isUp ? url : NOWHERE, protocols)
    const send = socket.send.bind(socket)
    socket.send = (data) => {
      const frame = decodeClientFrame(data)
      if (frame.ok) sent.push(frame.value.type)
      send(data)
    }
    sockets.push(socket)
    return socket
  }
  const cut = (): void => {
    for (const socket of sockets.splice(0)) if (socket.readyState <= 1) socket.close(4999)
  }
  return {
    // `new` gives what the function returns.
    WebSocket: dial as unknown as SocketConstructor,
    dialled,
    dialledAt,
    sent,
    get open() {
      return sockets.filter(({ readyState }) => readyState === 1).length
    },
    cut,
    setUp: (next) => {
      isUp = next
      if (!isUp) cut()
    },
  }
}
