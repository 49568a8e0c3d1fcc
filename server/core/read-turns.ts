/**
 * Who may read the store now. A person's READs take turns, a few at a time, however many sockets they come from: a history costs the
 * store far more than the asking. Whoever has waited reads in a later turn of the event loop than the one before: a page takes a millisecond or
 * two of it, and where the store answers at once a whole line would be read in one go, with everybody else's frames behind it. Row H9.
 *
 * @module
 */

interface Line {
  active: number
  readonly waiting: (() => void)[]
}

export class ReadTurns {
  readonly #atOnce: number
  readonly #maxWaiting: number
  readonly #later: (run: () => void) => void
  readonly #linesBySubject = new Map<string, Line>()

  /** `later` runs what it is given, in another turn of the event loop. */
  constructor(atOnce: number, maxWaiting: number, later: (run: () => void) => void) {
    this.#atOnce = atOnce
    this.#maxWaiting = maxWaiting
    this.#later = later
  }

  get size(): number {
    return this.#linesBySubject.size
  }

  /** True when it is the subject's turn, to be ended with {@link ReadTurns.end}; false when too many wait already. */
  begin(subject: string): boolean | Promise<void> {
    const line = this.#linesBySubject.get(subject)
    if (line === undefined) {
      this.#linesBySubject.set(subject, { active: 1, waiting: [] })
      return true
    }
    if (line.active < this.#atOnce) {
      line.active++
      return true
    }
    if (line.waiting.length >= this.#maxWaiting) return false
    return new Promise((resolve) => line.waiting.push(resolve))
  }

  /** Ends one turn; the next in line has it, soon. */
  end(subject: string): void {
    const line = this.#linesBySubject.get(subject)
    if (line === undefined) return
    const next = line.waiting.shift()
    if (next !== undefined) return this.#later(next)
    line.active--
    if (line.active === 0) this.#linesBySubject.delete(subject)
  }
}
