/**
 * How far a document's log has been read, and what that adds up to: what is begun anew when a log is read again. Rules LO2, LO3, EN13.
 *
 * @module
 */
import {
  Authenticator,
  sodiumSha512,
  startTranscript,
  type Author,
  type Bytes,
  type Envelope,
  type PlacedEntry,
  type SignedHead,
} from '@y-sealed/protocol'
import type { Authority, DocumentAccess } from '../document/document-access.ts'
import { SnapshotLedger } from '../snapshots/ledger.ts'
import { LogState } from '../yjs/log-state.ts'
import { authorityBaseOf, boundClientsOf, sessionHeadsOf, type LogBase } from './log-base.ts'
import { PartGroup } from './part-group.ts'
import { TranscriptWindow } from './transcript-window.ts'

/** How far the log is read, and what it adds up to. */
export interface Reading {
  readonly state: LogState
  readonly authority: Authority
  readonly authenticator: Authenticator
  readonly transcripts: TranscriptWindow
  readonly parts: PartGroup
  readonly ledger: SnapshotLedger
  readonly baseSeq: number
  /** Taken and not decided, in order. */
  readonly pending: Envelope[]
  /** Given up by restarts that were read. */
  readonly givenUp: SignedHead[]
  /** Of entries that were refused because their key was not held. */
  readonly lackedEpochs: Set<number>
  seq: number
  transcript: Bytes
}

/** At the start, or behind `base`. Throws `LOG_INVALID` where the records known up to there are not those of the base. */
export function startReading(access: DocumentAccess, base?: LogBase): Reading {
  const authority = access.createAuthority(base && authorityBaseOf(base))
  const seq = base?.seq ?? 0
  const transcript = base?.context.transcript ?? startTranscript(sodiumSha512, access.genesisHash)
  const authorOf = ({ envelope, seq: at }: PlacedEntry): Author | null => authority.authorOf(envelope, at)
  return {
    state: base ? LogState.load(base.clocks, boundClientsOf(base), base.deletes) : new LogState(),
    authority,
    authenticator: new Authenticator(authorOf, base && sessionHeadsOf(base)),
    transcripts: new TranscriptWindow(seq, transcript),
    parts: new PartGroup(),
    ledger: new SnapshotLedger(base?.context.publications),
    baseSeq: seq,
    pending: [],
    givenUp: [],
    lackedEpochs: new Set(),
    seq,
    transcript,
  }
}
