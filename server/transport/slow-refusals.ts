/**
 * Who is turned away before TLS hears of it after a while and not at once. Most who ask in vain ask again when they have been answered: an answer
 * at once costs the relay hundreds of connections a second of each of them. Held so are a few at a time, so that nobody can use up
 * the relay's connections by being refused. Row C17.
 *
 * @module
 */
import type { Socket } from 'node:net'

import type { Clock } from '../core/ports.ts'

/** How long; longer than a client waits anyway before it comes again, and far less than it waits for an answer. */
const HELD_MS = 1_000
/** How often the held are looked at. */
const LOOK_MS = 100

interface Held {
  readonly socket: Socket
  readonly untilMs: number
}

export class SlowRefusals {
  readonly #clock: Clock
  readonly #most: number
  readonly #isOver: () => boolean
  #held: Held[] = []
  #isLooking = false

  /** `most` are held at a time, beyond which the oldest goes; when `isOver` they all go. */
  constructor(clock: Clock, most: number, isOver: () => boolean) {
    this.#clock = clock
    this.#most = most
    this.#isOver = isOver
  }

  get size(): number {
    return this.#held.length
  }

  /** Resets a connection, later. */
  refuse(socket: Socket): void {
    socket.on('error', ignore)
    this.#held.push({ socket, untilMs: this.#clock.monotonic() + HELD_MS })
    if (this.#held.length > this.#most) reset(this.#held.shift())
    this.#planLook()
  }

  #planLook(): void {
    if (this.#isLooking || this.#held.length === 0) return
    this.#isLooking = true
    this.#clock.after(LOOK_MS, () => {
      this.#isLooking = false
      const now = this.#clock.monotonic()
      const isOver = this.#isOver()
      const next = isOver ? -1 : this.#held.findIndex(({ untilMs }) => untilMs > now)
      for (const held of this.#held.splice(0, next === -1 ? this.#held.length : next)) reset(held)
      this.#planLook()
    })
  }
}

/** A reset, not an end: nothing of it is left here, not even for the minute of TIME_WAIT. */
function reset(held: Held | undefined): void {
  if (held?.socket.destroyed === false) held.socket.resetAndDestroy()
}

/** A reset by the peer, while it is held: Node destroys the socket by itself. */
function ignore(): void {}
