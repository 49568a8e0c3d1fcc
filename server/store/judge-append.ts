/**
 * The one judgement on an append, shared by every store that judges in this process: given the document, the session
 * and the unit, either the places of its entries or the reason for refusing it. Pure: it reads through a view and
 * writes nothing, so a refused unit never disturbs those beside it. Rules LO2–LO9, FR20.
 *
 * @module
 */
import {
  type Bytes,
  equalBytes,
  extendTranscript,
  SESSION_SILENCE_SEQS,
  SIGNATURE_BYTES,
  type Sha512,
  startTranscript,
} from '@y-sealed/protocol'

import type { AppendResult, AppendUnit, Head, NewEntry, Role } from '../core/ports.ts'
import { refuseAttestation, refusePublication, type SnapshotView } from './judge-snapshot.ts'

/** What the judgement needs to know of a document. */
export interface LogState {
  readonly mode: 'members' | 'shared-key'
  readonly epoch: number
  readonly isEpochClosed: boolean
  readonly recordHead: Bytes
  readonly recordSeq: number
  readonly head: Head
}

/** The newest stored entry of a session. */
export interface SessionHead {
  readonly counter: number
  readonly seq: number
  /** 32 bytes. */
  readonly id: Bytes
}

/** The state against which one unit is judged, as left by the units before it. */
export interface AppendView extends SnapshotView {
  /** `null` when there never was such a document. */
  document(): LogState | 'deleted' | null
  /** Of the unit's device and session; `null` when it has stored nothing. */
  session(): SessionHead | null
  /** The entry that the unit's session stored under `counter`; `null` when it is not held. */
  stored(counter: number): { readonly seq: number; readonly id: Bytes } | null
  /** Of the unit's device. */
  role(): Role
  /** The furthest head that was signed once and that the log lacks, whether or not there is such a document. [LO14] */
  lost(): Head | null
}

/** A fresh entry with its place. */
export interface PlacedEntry {
  readonly entry: NewEntry
  readonly seq: number
  readonly transcript: Bytes
}

/** `placed` is what remains to be written, in order: nothing for a retry. `isWhole`: with it nothing is lacking any more. */
export type Verdict =
  | {
      readonly status: 'placed'
      readonly seqs: number[]
      readonly placed: readonly PlacedEntry[]
      readonly head: Head
      readonly isWhole: boolean
    }
  | { readonly status: 'refused'; readonly result: Exclude<AppendResult, { status: 'stored' }> }

const RANKS = { none: 0, reader: 1, writer: 2, admin: 3 } as const satisfies Record<Role, number>
const NO_ENTRY = new Uint8Array(32)

/**
 * Judges one unit. What is stored already is acknowledged whatever has changed since (epoch, role, a closed session):
 * the answer to a retry is the truth about the log. Only what would be new is held against the present state. [F11]
 */
export function judgeAppend(sha512: Sha512, unit: AppendUnit, view: AppendView): Verdict {
  const document = view.document()
  if (document === 'deleted') return refuse({ status: 'deleted' })
  if (document === null) {
    if (unit.creation === undefined) return refuse({ status: 'unknown' })
    const head = { seq: 0, transcript: startTranscript(sha512, unit.creation.genesisHash) }
    const blank: LogState = {
      mode: unit.creation.mode,
      epoch: 1,
      isEpochClosed: false,
      recordHead: NO_ENTRY,
      recordSeq: 0,
      head,
    }
    return placeFresh(sha512, unit, 0, [], blank, null, view)
  }

  const session = view.session()
  const last = session === null ? 0 : session.counter
  const seqs: number[] = []
  for (const entry of unit.entries) {
    if (entry.counter > last) break
    const stored = view.stored(entry.counter)
    // Its mark is kept no more: whether it is the same nobody can tell.
    if (stored === null) return refuse(entry.counter < 1 ? gapAt(last + 1) : { status: 'session-closed' })
    if (!equalBytes(stored.id, entry.id)) return refuse({ status: 'equivocation', counter: entry.counter })
    seqs.push(stored.seq)
  }
  const known = seqs.length
  if (known === unit.entries.length) return { status: 'placed', seqs, placed: [], head: document.head, isWhole: false }
  if (unit.creation !== undefined) return refuse({ status: 'exists' })
  return placeFresh(sha512, unit, known, seqs, document, session, view)
}

function gapAt(expected: number): Exclude<AppendResult, { status: 'stored' }> {
  return { status: 'counter-gap', expected }
}

function refuse(result: Exclude<AppendResult, { status: 'stored' }>): Verdict {
  return { status: 'refused', result }
}

/** Judges the entries from `from` on, each of them new, and gives them their places. The order is that of [LO7]. */
function placeFresh(
  sha512: Sha512,
  unit: AppendUnit,
  from: number,
  seqs: number[],
  document: LogState,
  session: SessionHead | null,
  view: AppendView,
): Verdict {
  const { head } = document
  const lost = view.lost()
  const misplaced = findMisplacement(unit, head, lost)
  if (misplaced !== null) return refuse(misplaced)
  const isProven = unit.restored?.isProven === true
  // Who is left has yet to choose the next key: till then there are records and nothing else. [KM18]
  const isClosed = document.isEpochClosed && unit.record === undefined
  const placed: PlacedEntry[] = []
  let counter = session === null ? 0 : session.counter
  let previousId = session === null ? NO_ENTRY : session.id
  let { seq, transcript } = head
  for (let i = from; i < unit.entries.length; i++) {
    const entry = unit.entries[i] as NewEntry
    counter++
    if (entry.counter !== counter) return refuse(gapAt(counter))
    if (!startsWith(previousId, entry.prev)) return refuse({ status: 'prev-mismatch', counter })
    if (isClosed || entry.epoch !== document.epoch) {
      return refuse({ status: 'epoch-stale', epoch: document.epoch + (isClosed ? 1 : 0) })
    }
    if (i === from && !isProven && isRoleShort(unit, document, view)) return refuse({ status: 'forbidden' })
    if (unit.record !== undefined && !isRecordNext(unit.record, document)) {
      return refuse({ status: 'record-stale', recordHead: document.recordHead, recordSeq: document.recordSeq })
    }
    const unseen = isProven ? null : findSeenFault(entry, { seq, head, placed, session }, view)
    if (unseen !== null) return refuse({ status: unseen })

    const refused = refuseSnapshot(unit, document, view)
    if (refused !== null) return refuse(refused)

    seq++
    transcript = extendTranscript(sha512, transcript, entry.id, signatureOf(entry.envelope))
    previousId = entry.id
    placed.push({ entry, seq, transcript })
    seqs.push(seq)
  }
  return { status: 'placed', seqs, placed, head: { seq, transcript }, isWhole: isWholeWith(unit, lost, placed) }
}

/** While something is lacking the log goes on with nothing else; and what is given back, or a restart, follows the head it is for. [LO14] */
function findMisplacement(
  { restored, record }: AppendUnit,
  head: Head,
  lost: Head | null,
): Exclude<AppendResult, { status: 'stored' }> | null {
  if (restored !== undefined && restored.at !== head.seq + 1) return { status: 'moved', head }
  if (restored?.isProven === true) return null
  const restart = record?.restart
  if (restart === undefined) return lost === null ? null : { status: 'needs-restore', seq: lost.seq }
  const isMeant = lost !== null && isSameHead(restart.lost, lost) && isSameHead(restart.kept, head)
  return isMeant ? null : { status: 'moved', head }
}

/** A restart gives up what was lost; else the log is whole once it has come to the very head that was lacking. */
function isWholeWith({ record, restored }: AppendUnit, lost: Head | null, placed: readonly PlacedEntry[]): boolean {
  if (lost === null) return false
  if (record?.restart !== undefined && restored === undefined) return true
  return placed.some(({ seq, transcript }) => isSameHead({ seq, transcript }, lost))
}

function isSameHead(one: Head, other: Head): boolean {
  return one.seq === other.seq && equalBytes(one.transcript, other.transcript)
}

/** What an entry that would stand at `seq` + 1 says it has seen, against the log. [LO3] [LO8] */
function findSeenFault(
  { counter, seenSeq, seenTranscript }: NewEntry,
  {
    seq,
    head,
    placed,
    session,
  }: { seq: number; head: Head; placed: readonly PlacedEntry[]; session: SessionHead | null },
  view: AppendView,
): 'seen-unknown' | 'seen-too-old' | 'session-closed' | null {
  if (seenSeq > seq) return 'seen-unknown'
  const seen = transcriptOf(seenSeq, head, placed, view)
  // A transcript that is held no more proves nothing against its author: it is old, not foreign.
  if (seen === null) return 'seen-too-old'
  if (!startsWith(seen, seenTranscript)) return 'seen-unknown'
  if (session !== null) return head.seq - session.seq > SESSION_SILENCE_SEQS ? 'session-closed' : null
  return counter === 1 && head.seq - seenSeq > SESSION_SILENCE_SEQS ? 'seen-too-old' : null
}

/** A publication or attestation stands alone in its unit. One that is given back was judged when it came first. */
function refuseSnapshot(unit: AppendUnit, document: LogState, view: AppendView): ReturnType<typeof refuseAttestation> {
  if (unit.restored !== undefined) return null
  if (unit.publication !== undefined) return refusePublication(unit.publication, document, view)
  return unit.attestation === undefined ? null : refuseAttestation(unit.attestation, view)
}

/** Only a document that exists has roles: a genesis needs none. */
function isRoleShort(unit: AppendUnit, document: LogState, view: AppendView): boolean {
  if (document.mode === 'shared-key' || unit.creation !== undefined) return false
  return RANKS[view.role()] < RANKS[unit.needs]
}

/** A record follows the newest one, and an epoch that it brings is a new one. */
function isRecordNext(record: NonNullable<AppendUnit['record']>, document: LogState): boolean {
  if (!equalBytes(record.recordPrev, document.recordHead)) return false
  return record.rotation === undefined || record.rotation.epoch > document.epoch
}

/** T at a place that is in the log, at its head, or among the entries that the unit itself brings. */
function transcriptOf(seq: number, head: Head, placed: readonly PlacedEntry[], view: AppendView): Bytes | null {
  if (seq === head.seq) return head.transcript
  if (seq > head.seq) return (placed[seq - head.seq - 1] as PlacedEntry).transcript
  return view.transcriptAt(seq)
}

function startsWith(bytes: Bytes, prefix: Bytes): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false
  return true
}

/** An envelope's signature: its last 64 bytes. [EN1] */
export function signatureOf(envelope: Bytes): Bytes {
  return envelope.subarray(envelope.length - SIGNATURE_BYTES)
}
