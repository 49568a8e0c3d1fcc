/**
 * How a document fares whose log grows while snapshots of it are made: looked at by somebody who reads along.
 *
 * @module
 */
import type { SealedProvider } from '@y-sealed/client'

import { percentile } from '../bench/figures.ts'

const LOOK_MS = 10

export interface CompactionFigures {
  /** Published while it was watched. */
  readonly snapshots: number
  /** From the entry that made a snapshot due to the sight of its publication. */
  readonly medianDelayMs: number
  readonly worstDelayMs: number
  /** The most entries that there ever were behind the newest published snapshot. */
  readonly longestTail: number
  /** The same behind the newest that others vouch for: what somebody who opens has to read. */
  readonly longestUnattested: number
}

export class CompactionWatch {
  readonly #provider: SealedProvider
  readonly #dueEntries: number
  readonly #delays: number[] = []
  readonly #timer: ReturnType<typeof setInterval>
  #publishedSeq: number
  #snapshots = 0
  #dueAt: number | null = null
  #longestTail = 0
  #longestUnattested = 0

  /** `dueEntries`: after so many the relay calls a snapshot due. */
  constructor(provider: SealedProvider, dueEntries: number) {
    this.#provider = provider
    this.#dueEntries = dueEntries
    this.#publishedSeq = provider.snapshots.at(-1)?.seq ?? 0
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  /** Published so far while it was watched. */
  get snapshots(): number {
    return this.#snapshots
  }

  #look(): void {
    const { snapshots, head } = this.#provider
    const newest = snapshots.at(-1)?.seq ?? 0
    const attested = snapshots.findLast(({ standing }) => standing === 'attested')?.seq ?? 0
    const now = performance.now()
    if (newest > this.#publishedSeq) {
      this.#publishedSeq = newest
      this.#snapshots += 1
      if (this.#dueAt !== null) this.#delays.push(now - this.#dueAt)
      this.#dueAt = null
    }
    this.#longestTail = Math.max(this.#longestTail, head.seq - newest)
    this.#longestUnattested = Math.max(this.#longestUnattested, head.seq - attested)
    if (head.seq - newest >= this.#dueEntries) this.#dueAt ??= now
  }

  end(): CompactionFigures {
    this.#look()
    clearInterval(this.#timer)
    // What is due and did not come counts as it stands.
    if (this.#dueAt !== null) this.#delays.push(performance.now() - this.#dueAt)
    return {
      snapshots: this.#snapshots,
      medianDelayMs: Math.round(percentile(this.#delays, 0.5)),
      worstDelayMs: Math.round(Math.max(...this.#delays)),
      longestTail: this.#longestTail,
      longestUnattested: this.#longestUnattested,
    }
  }
}
