/**
 * Work that must be done one piece after another, in the order in which it was asked for.
 *
 * @module
 */

export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `work` when everything asked for before has ended, well or not. Settles as it does. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Resolves when everything asked for so far has ended. */
  async rest(): Promise<void> {
    await this.#last
  }
}
