/**
 * When to try again: exponential delay with full jitter, so that a thousand clients of a restarted relay do not come back at once. Rule CL8.
 *
 * @module
 */

export const FIRST_DELAY_MS = 250
export const LONGEST_DELAY_MS = 30_000
/** A socket that has been ready for so long was a success: the next failure starts from the first delay. */
export const SETTLED_AFTER_MS = 10_000

/** Counts failures and answers with delays. `random` gives [0, 1). */
export class Backoff {
  #failures = 0
  readonly #random: () => number
  constructor(random: () => number) {
    this.#random = random
  }
  /** The next delay in ms: uniform in [0, 250 · 2^failures), at most 30 s, but never below `floorMs` (a relay's retry-after). */
  next(floorMs = 0): number {
    const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures)
    this.#failures += 1
    return floorMs + Math.floor(this.#random() * ceiling)
  }
  reset(): void {
    this.#failures = 0
  }
}
