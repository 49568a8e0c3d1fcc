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

/** The longest wait, in pauses: whoever was asked may have gone. */
const MAX_PAUSES = 8

export class CompactionHints {
  readonly #limits: Limits
  /** Behind the newest published snapshot. */
  #entries = 0
  #bytes = 0
  #told: Compaction = 'none'
  #quietUntilMs = -Infinity
  /** Asked in vain since the last snapshot, or since it became urgent. */
  #asked = 0

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
    this.#asked = 0
  }

  /**
   * What the author of an ACK is told. Whoever hears it is given time before another is asked, unless it has become urgent meanwhile; each time
   * twice as long, for where snapshots take longer than that, all who are asked would build the same one, and each the slower for it.
   */
  take(nowMs: number): Compaction {
    const due = this.#due()
    if (due === 'none') return due
    if (nowMs < this.#quietUntilMs && RANK[due] <= RANK[this.#told]) return 'none'
    this.#asked = RANK[due] > RANK[this.#told] ? 0 : this.#asked + 1
    this.#told = due
    this.#quietUntilMs = nowMs + this.#limits.compactionPauseMs * Math.min(2 ** this.#asked, MAX_PAUSES)
    return due
  }

  #due(): Compaction {
    const { soonEntries, soonBytes, nowEntries, nowBytes } = this.#limits
    if (this.#entries >= nowEntries || this.#bytes >= nowBytes) return 'now'
    return this.#entries >= soonEntries || this.#bytes >= soonBytes ? 'soon' : 'none'
  }
}
