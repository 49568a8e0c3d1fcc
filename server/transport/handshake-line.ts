/**
 * What comes before TLS: a handshake is the dearest thing that a stranger can ask for, so a connection whose network has used up its share
 * is reset before it costs one, and the others begin theirs a few in a turn of the event loop, so that a crowd at the door does not hold up
 * those who are inside. Rows C17, H8.
 *
 * @module
 */
import type { Server, Socket } from 'node:net'

import type { Clock } from '../core/ports.ts'
import { SlowRefusals } from './slow-refusals.ts'

export interface HandshakeLineOptions {
  /** Handshakes begun in one turn of the event loop; at least one. */
  readonly perTurn: number
  /** Is a handshake to be spent on whoever comes from this address? Asked once a connection. Must not throw. */
  readonly isWelcome: (address: string) => boolean
  readonly clock: Clock
  /** How many who are not welcome wait for their reset at a time. */
  readonly mostHeld: number
}

/** To be called once for a server of TLS, before it listens. */
export function lineUpHandshakes(server: Server, { perTurn, isWelcome, clock, mostHeld }: HandshakeLineOptions): void {
  // What Node does with a connection, which is to begin TLS, waits for its turn.
  const begin = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  const count = Math.max(1, perTurn)
  const refusals = new SlowRefusals(clock, mostHeld, () => !server.listening)
  let waiting: Socket[] = []
  const takeTurn = (): void => {
    const next = waiting.slice(0, count)
    waiting = waiting.slice(count)
    if (waiting.length > 0) setImmediate(takeTurn)
    for (const socket of next) {
      socket.off('error', ignore)
      if (!server.listening) socket.destroy()
      // What has arrived meanwhile stands in the socket's buffer, where TLS looks first.
      else if (!socket.destroyed) for (const listener of begin) listener.call(server, socket)
    }
  }
  server.on('connection', (socket) => {
    if (!isWelcome(socket.remoteAddress ?? '')) {
      refusals.refuse(socket)
      return
    }
    socket.on('error', ignore)
    waiting.push(socket)
    if (waiting.length === 1) setImmediate(takeTurn)
  })
}

/** A reset while it waits: Node destroys the socket by itself. */
function ignore(): void {}
