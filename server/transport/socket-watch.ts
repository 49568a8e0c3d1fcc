/**
 * What must not last for ever on a socket: a message that does not end, silence, a queue that nobody reads. One timer looks at all sockets
 * of a server. Rows E12, H2, H4, H5.
 *
 * @module
 */
import type { WebSocket } from 'ws'

import type { Clock, RoomConnection, SocketLimits } from '../core/ports.ts'
import { FrameWatch } from './frame-watch.ts'
import type { Outlet } from './outlet.ts'

/** How often sockets are looked at: a quarter of a second late does no harm, ten thousand cost half a millisecond. */
const LOOK_MS = 250
/** Pings without an answer after which a peer is taken for gone. */
const UNANSWERED = 2

/** One socket as it is watched. */
export interface Watched {
  readonly webSocket: WebSocket
  readonly outlet: Outlet
  readonly connection: Pick<RoomConnection, 'end'>
}

export class SocketWatch {
  readonly #limits: SocketLimits
  readonly #clock: Clock
  readonly #watched = new Set<WatchedSocket>()
  #cancel: (() => void) | null = null

  constructor(limits: SocketLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Watches a socket; whoever feeds it calls the methods of what comes back. */
  add(socket: Watched): WatchedSocket {
    const watched = new WatchedSocket(socket, this.#limits, this.#clock.monotonic())
    this.#watched.add(watched)
    this.#start()
    return watched
  }

  remove(watched: WatchedSocket): void {
    this.#watched.delete(watched)
    if (this.#watched.size > 0) return
    this.#cancel?.()
    this.#cancel = null
  }

  #start(): void {
    this.#cancel ??= this.#clock.after(LOOK_MS, () => {
      this.#cancel = null
      const now = this.#clock.monotonic()
      for (const watched of this.#watched) watched.look(now)
      if (this.#watched.size > 0) this.#start()
    })
  }
}

export class WatchedSocket {
  readonly #socket: Watched
  readonly #limits: SocketLimits
  readonly #frames = new FrameWatch()
  #heardAtMs: number
  #asked = 0
  #isEnded = false

  constructor(socket: Watched, limits: SocketLimits, nowMs: number) {
    this.#socket = socket
    this.#limits = limits
    this.#heardAtMs = nowMs
  }

  /** Bytes came. */
  heard(chunk: Uint8Array, nowMs: number): void {
    this.#heardAtMs = nowMs
    this.#asked = 0
    this.#frames.take(chunk, nowMs)
  }

  /** What falls due with time. */
  look(nowMs: number): void {
    if (this.#isEnded) return
    const { messageDeadlineMs, silenceMs } = this.#limits
    const { beganAtMs } = this.#frames
    const { outlet, webSocket, connection } = this.#socket
    if (outlet.cutOffIfStalled()) this.#isEnded = true
    else if (beganAtMs !== null && nowMs >= beganAtMs + messageDeadlineMs) {
      this.#isEnded = true
      connection.end(4508, 'a message took too long')
    } else if (nowMs >= this.#heardAtMs + silenceMs * (this.#asked + 1)) {
      if (this.#asked >= UNANSWERED) {
        this.#isEnded = true
        webSocket.terminate()
      } else if (webSocket.readyState === webSocket.OPEN) {
        this.#asked++
        webSocket.ping()
      }
    }
  }
}
