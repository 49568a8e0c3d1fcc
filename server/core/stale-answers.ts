/**
 * EPOCH_STALE to one subscription: the record that says why goes with the first refusal, and no refusal overtakes one that waits for it.
 * Rule FR20.
 *
 * @module
 */
import type { StoredEntry } from './ports.ts'

export class StaleAnswers {
  #waiting: Promise<void> | null = null
  /** Seq of the record that was attached last. */
  #told = 0

  /** Answers now, or behind what waits. */
  inOrder(answer: () => void): void {
    if (this.#waiting === null) answer()
    else this.#follow(async () => answer())
  }

  /** Answers with the record that `read` gives, or with `null` where it was told already or is not to be had. */
  withRecord(read: () => Promise<StoredEntry | null>, answer: (record: StoredEntry | null) => void): void {
    this.#follow(async () => {
      const record = await read().catch(() => null)
      const isNews = record !== null && record.seq !== this.#told
      if (isNews) this.#told = record.seq
      answer(isNews ? record : null)
    })
  }

  #follow(answer: () => Promise<void>): void {
    const turn = (this.#waiting ?? Promise.resolve()).then(answer).finally(() => {
      if (this.#waiting === turn) this.#waiting = null
    })
    this.#waiting = turn
  }
}
