/**
 * A snapshot on trial: the log after it is read as if it held, and says whether it does. Nothing of it is shown before. Rules LO11–LO13, CL41.
 *
 * @module
 */
import {
  equalBytes,
  signatureInput,
  verifySignature,
  type Bytes,
  type Envelope,
  type PublishedSnapshot,
} from '@y-sealed/protocol'
import type { Authority } from '../document/document-access.ts'
import type { LogEntry, LogOutcome } from '../log/document-log.ts'
import { digestState } from './digest-state.ts'
import type { OpenedSnapshot } from './opened-snapshot.ts'
import { Slices } from './slices.ts'

/** Whom this device believes without another's word. */
export interface TrialView {
  readonly authority: Authority
  readonly ownDevice: Bytes
  /** There is no other way: the log before is gone. */
  readonly isLogGone: boolean
}

export class Trial {
  readonly base: OpenedSnapshot
  readonly #digest: Promise<Bytes | null>
  readonly outcomes: LogOutcome[] = []
  readonly entries: LogEntry[] = []
  #publication: { readonly seq: number; readonly envelope: Envelope; readonly snapshot: PublishedSnapshot } | null =
    null
  #isOver = false

  constructor(document: Bytes, base: OpenedSnapshot) {
    this.base = base
    this.#digest = digestState(document, base.key, base, new Slices(() => !this.#isOver))
  }

  /** Entries after it are decided. */
  note(outcomes: readonly LogOutcome[]): void {
    for (const outcome of outcomes) {
      this.outcomes.push(outcome)
      if (outcome.kind !== 'published' && outcome.kind !== 'attested') continue
      const { seq, envelope, kind, snapshot } = outcome
      if (!equalBytes(snapshot.id, this.base.id)) continue
      if (kind === 'published') this.#publication = { seq, envelope, snapshot }
      else if (this.#publication !== null) this.#publication = { ...this.#publication, snapshot }
    }
  }

  /** The log is read to the relay's head: does the snapshot hold? */
  async holds({ authority, ownDevice, isLogGone }: TrialView): Promise<boolean> {
    const publication = this.#publication
    if (publication === null) return false
    const { seq, envelope, snapshot } = publication
    const { base } = this
    if (snapshot.seq !== base.seq || snapshot.standing === 'disputed') return false
    if (!equalBytes(base.envelope.device, snapshot.device)) return false
    const signPublic = authority.signKeyOf(envelope, seq)
    if (signPublic === null || !verifySignature(base.envelope.signature, signatureInput(base.id), signPublic))
      return false
    const digest = await this.#digest
    if (digest === null || !equalBytes(digest, snapshot.contentDigest)) return false
    const own = authority.memberOf(ownDevice)
    return snapshot.standing === 'attested' || isLogGone || (own !== null && equalBytes(own, snapshot.member))
  }

  end(): void {
    this.#isOver = true
  }
}
