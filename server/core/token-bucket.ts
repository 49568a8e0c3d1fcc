/**
 * A rate as a bucket: so much flows in each second, so much it holds, and whoever finds too little is told how long to wait. Time
 * comes in as a parameter; there is no timer.
 *
 * @module
 */

/** How fast, and how much at once. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export class TokenBucket {
  readonly #rate: Rate
  #left: number
  #atMs: number

  /** A full bucket. Times are monotonic milliseconds, and never go back. */
  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate
    this.#left = rate.burst
    this.#atMs = nowMs
  }

  /** How long until `cost` may be taken; 0 for now. What costs more than the bucket holds waits until it is full. */
  waitMs(cost: number, nowMs: number): number {
    this.#fill(nowMs)
    const missing = Math.min(cost, this.#rate.burst) - this.#left
    return missing <= 0 ? 0 : Math.ceil((missing / this.#rate.perSecond) * 1000)
  }

  /** Takes `cost`, below nothing if need be: ask {@link TokenBucket.waitMs} first. */
  take(cost: number, nowMs: number): void {
    this.#fill(nowMs)
    this.#left -= cost
  }

  /** Gives back what was taken for nothing; never beyond what it holds. */
  give(cost: number): void {
    this.#left = Math.min(this.#rate.burst, this.#left + cost)
  }

  /** Takes `cost` if it is there. */
  tryTake(cost: number, nowMs: number): boolean {
    if (this.waitMs(cost, nowMs) > 0) return false
    this.#left -= cost
    return true
  }

  /** True when forgetting it changes nothing. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs)
    return this.#left >= this.#rate.burst
  }

  #fill(nowMs: number): void {
    const passedMs = nowMs - this.#atMs
    if (passedMs <= 0) return
    this.#atMs = nowMs
    this.#left = Math.min(this.#rate.burst, this.#left + (passedMs * this.#rate.perSecond) / 1000)
  }
}
