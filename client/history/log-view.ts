/**
 * The verified log as a history looks at it: as the provider has read it, which may begin behind a snapshot, and, once somebody asked for it,
 * what comes before. Rules HI1, HI2.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { DocumentLog } from '../log/document-log.ts'
import type { Edit, EditTable } from './edit-table.ts'

/** A stretch of the log, and the edits in it that count. */
export interface LogStretch {
  readonly log: DocumentLog
  readonly edits: EditTable
}

export class LogView {
  readonly #live: LogStretch
  /** Up to the place where the live one begins. */
  #older: LogStretch | null = null

  constructor(live: LogStretch) {
    this.#live = live
  }

  /** Nothing is known of the edits up to this place; 0 where all are known. */
  get startSeq(): number {
    const { log } = this.#live
    return this.#holdsOlder() ? 0 : log.baseSeq
  }

  /** The place of the newest entry. */
  get headSeq(): number {
    return this.#live.log.head.seq
  }

  /** How many edits. */
  get length(): number {
    return this.#olderCount() + this.#live.edits.length
  }

  /** Another text for every other state of it. */
  get stamp(): string {
    return `${this.#live.edits.changes} ${this.startSeq}`
  }

  /** What comes before the live log. */
  extend(older: LogStretch): void {
    this.#older = older
  }

  /** The edit of this number, from 0. */
  at(index: number): Edit {
    const before = this.#olderCount()
    return index < before ? (this.#older as LogStretch).edits.at(index) : this.#live.edits.at(index - before)
  }

  /** How many edits stand at or before `seq`. */
  countThrough(seq: number): number {
    const older = this.#holdsOlder() ? (this.#older as LogStretch).edits.countThrough(seq) : 0
    return older + this.#live.edits.countThrough(seq)
  }

  /** Does an edit that counts stand, or end, at this place? */
  has(seq: number): boolean {
    return this.#live.edits.has(seq) || (this.#holdsOlder() && (this.#older as LogStretch).edits.has(seq))
  }

  compareTranscript(seq: number, transcript: Bytes): 'same' | 'different' | 'unknown' {
    const live = this.#live.log.compareTranscript(seq, transcript)
    return live === 'unknown' && this.#holdsOlder()
      ? (this.#older as LogStretch).log.compareTranscript(seq, transcript)
      : live
  }

  /** First 16 bytes of T; `null` where it is not known. */
  transcriptAt(seq: number): Bytes | null {
    const live = this.#live.log.transcriptAt(seq)
    return live === null && this.#holdsOlder() ? (this.#older as LogStretch).log.transcriptAt(seq) : live
  }

  commitmentOf(epoch: number): Bytes | null {
    return this.#live.log.authority.commitmentOf(epoch)
  }

  deviceOf(client: number): Bytes | null {
    return this.#live.log.state.deviceOf(client)
  }

  /** The live log may have been read anew since, from another place. */
  #holdsOlder(): boolean {
    return this.#older !== null && this.#live.log.baseSeq > 0 && this.#older.log.head.seq === this.#live.log.baseSeq
  }

  /** Edits of an earlier reading, from another place, are in neither. */
  #olderCount(): number {
    return this.#holdsOlder() ? (this.#older as LogStretch).edits.length : 0
  }
}
