/**
 * How long to wait before what was refused is tried once more in another way. An honest relay refuses so once; one that is broken or
 * hostile would keep a device at work for ever. Rule CL8.
 *
 * @module
 */

/** As often nothing is waited for: somebody was faster twice. */
const AT_ONCE = 2
const FIRST_MS = 250
const MOST_MS = 30_000

export class Patience {
  #tries = 0

  /** Ms to wait before the next attempt; 0 for the first ones, then twice as long each time. */
  next(): number {
    this.#tries += 1
    const waits = this.#tries - AT_ONCE
    return waits <= 0 ? 0 : Math.min(MOST_MS, FIRST_MS * 2 ** (waits - 1))
  }

  /** Something was allowed. */
  renew(): void {
    this.#tries = 0
  }
}
