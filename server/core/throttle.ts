/**
 * What a writer does who was told to wait. What was on its way when the word came is refused with it and weighs nothing; whoever goes on
 * beyond that is no longer overtaken but deaf. Rule FR15; row H1.
 *
 * @module
 */

/** Shorter is no wait: a round trip's worth of pushes is on its way when the word leaves, and would come too late to be refused. */
const MIN_WAIT_MS = 250

export class Throttle {
  readonly #inFlight: number
  #untilMs = -Infinity
  #forgiven = 0

  /** `inFlight`: what an honest client may have sent before it hears. */
  constructor(inFlight: number) {
    this.#inFlight = inFlight
  }

  /** What is left of the wait; 0 when there is none. */
  waitMs(nowMs: number): number {
    return Math.max(0, Math.ceil(this.#untilMs - nowMs))
  }

  /** The wait begins; gives what the peer is told. */
  begin(waitMs: number, nowMs: number): number {
    const longMs = Math.max(MIN_WAIT_MS, waitMs)
    this.#untilMs = nowMs + longMs
    this.#forgiven = this.#inFlight
    return longMs
  }

  /** One more is refused: does it weigh? */
  weigh(): 0 | 1 {
    this.#forgiven--
    return this.#forgiven < 0 ? 1 : 0
  }
}
