/**
 * One after another, for one document: those who give back at once. Rule LO14.
 *
 * @module
 */
export class RestoreTurns {
  /** Nothing is lacking any more, and those who wait have not been told yet. */
  hasHealed = false
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  get isIdle(): boolean {
    return this.#waiting === 0
  }

  /** Does the work when all that came before it is done. Rejects as the work does. */
  async inTurn(work: () => Promise<void>): Promise<void> {
    this.#waiting++
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    try {
      await mine
    } finally {
      this.#waiting--
    }
  }
}
