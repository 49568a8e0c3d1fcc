/**
 * The one timer of a relay. Deadlines, expiries, heartbeats and the fading of presence are looked at on its ticks; no socket and no
 * document has a timer of its own. It stands still while nobody is there.
 *
 * @module
 */
import type { Clock } from './ports.ts'

/** Four times a second: what must happen "within a second" does, and ten thousand sockets cost a tenth of a millisecond. */
export const TICK_MS = 250

export class Wheel {
  readonly #clock: Clock
  readonly #onTick: () => void
  #cancel: (() => void) | null = null

  constructor(clock: Clock, onTick: () => void) {
    this.#clock = clock
    this.#onTick = onTick
  }

  /** Turns until {@link Wheel.stop}. Calling it again does nothing. */
  start(): void {
    this.#cancel ??= this.#clock.after(TICK_MS, () => {
      this.#cancel = null
      this.start()
      this.#onTick()
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }
}
