/**
 * When a document wants a new snapshot, and who is asked for it. The relay cannot make one; it says in an ACK that one is due, and to whom it
 * says so, that author is elected. One at a time: a hundred who type would all build the same, and all but one in vain. Rules FR9, LO11.
 *
 * @module
 */
import type { Compaction } from '@y-sealed/protocol'

import type { RelayLimits } from './limits.ts'
import type { SnapshotStatus } from './snapshot-ports.ts'

type Limits = Pick<RelayLimits, 'soonEntries' | 'soonBytes' | 'nowEntries' | 'nowBytes' | 'compactionPauseMs'>

const RANK: Readonly<Record<Compaction, number>> = { none: 0, soon: 1, now: 2 }

export class CompactionHints {
  readonly #limits: Limits
  /** Behind the newest published snapshot. */
  #entries = 0
  #bytes = 0
  #told: Compaction = 'none'
  #quietUntilMs = -Infinity

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** As the store has it. */
  reset({ entriesSince, bytesSince }: SnapshotStatus): void {
    this.#entries = entriesSince
    this.#bytes = bytesSince
  }

  grow(bytes: number): void {
    this.#entries++
    this.#bytes += bytes
  }

  /** A snapshot has been published: nobody is asked until the store has said what lies behind it. */
  published(): void {
    this.#entries = 0
    this.#bytes = 0
    this.#told = 'none'
  }

  /** What the author of an ACK is told. Whoever hears it is given time before another is asked, unless it has become urgent meanwhile. */
  take(nowMs: number): Compaction {
    const due = this.#due()
    if (due === 'none') return due
    if (nowMs < this.#quietUntilMs && RANK[due] <= RANK[this.#told]) return 'none'
    this.#told = due
    this.#quietUntilMs = nowMs + this.#limits.compactionPauseMs
    return due
  }

  #due(): Compaction {
    const { soonEntries, soonBytes, nowEntries, nowBytes } = this.#limits
    if (this.#entries >= nowEntries || this.#bytes >= nowBytes) return 'now'
    return this.#entries >= soonEntries || this.#bytes >= soonBytes ? 'soon' : 'none'
  }
}
