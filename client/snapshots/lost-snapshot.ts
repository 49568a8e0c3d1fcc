/**
 * Whether the relay has lost the bytes of the snapshot that the log vouches for: a publication that was given back after a restore has come without
 * them, and whoever comes new would have to read from the one before. Rules FR5, LO14, CL40.
 *
 * @module
 */
import { isZero, type OpenedFrame } from '@y-sealed/protocol'
import type { LogOutcome } from '../log/document-log.ts'
import type { SnapshotLedger } from './ledger.ts'

export class LostSnapshot {
  /** The newest that others vouch for, and the entry that first said so. */
  #vouched = { seq: 0, at: 0 }
  /** What the relay named, and the head with which it did. */
  #named: { readonly seq: number; readonly headSeq: number } | null = null
  /** One is replaced once in a run: a relay that only says that it has none is not given one after another. */
  #replacedSeq = 0

  /** Takes what became of an entry. */
  note(outcome: LogOutcome): void {
    if (outcome.kind !== 'attested' || outcome.snapshot.standing !== 'attested') return
    if (outcome.snapshot.seq > this.#vouched.seq) this.#vouched = { seq: outcome.snapshot.seq, at: outcome.seq }
  }

  /** Takes what the relay says at an opening. */
  named({ present, head, snapshotId, snapshotSeq }: OpenedFrame): void {
    this.#named = present ? { seq: isZero(snapshotId) ? 0 : snapshotSeq, headSeq: head.seq } : null
  }

  /** True once for each that it should have named and did not: another is to be published. */
  isToReplace({ attested }: Pick<SnapshotLedger, 'attested'>): boolean {
    const named = this.#named
    if (named === null || attested === null || named.seq >= attested.seq || this.#replacedSeq >= attested.seq)
      return false
    // Vouched for after the relay had spoken.
    if (this.#vouched.seq === attested.seq && this.#vouched.at > named.headSeq) return false
    this.#replacedSeq = attested.seq
    return true
  }
}
