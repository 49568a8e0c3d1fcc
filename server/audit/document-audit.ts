/**
 * The audit of one document: every row of its log, in order, against the envelope in it, the rows before it and the records. It keeps what
 * the next row is judged by and nothing else. It needs no key. Rules EN1–EN13, KM11–KM18, LO1–LO9.
 *
 * @module
 */
import {
  decodeRecord,
  documentIdOf,
  envelopeId,
  equalBytes,
  genesisHash,
  isClearKind,
  KIND,
  MODE,
  readEnvelope,
  type Bytes,
  type Envelope,
  type Genesis,
  type RoomGenesis,
  type Sha512,
} from '@y-sealed/protocol'

import type { BodyRow, SnapshotRows } from '../store/sqlite/audit-snapshots.ts'
import type { DerivedRows, DocumentRow, EntryRow } from '../store/sqlite/audit-reader.ts'
import type { Authority, Blemish } from './authority.ts'
import type { Fault } from './fault.ts'
import { LogChain } from './log-chain.ts'
import { createMembersAuthority } from './members-authority.ts'
import { createRoomAuthority, RoomAuthority } from './room-authority.ts'
import { SessionChains } from './session-chains.ts'
import { SnapshotAudit, type SnapshotCounts } from './snapshot-audit.ts'
import { SignatureRuns } from './signature-runs.ts'

/** Faults of one document that are kept; the others are counted. One damage may have many. */
export const MAX_FAULTS_KEPT = 20

/** What came of it. */
export interface DocumentReport {
  readonly id: Bytes
  readonly mode: 'members' | 'shared-key' | 'unknown'
  readonly entries: number
  readonly records: number
  /** Signatures that were checked: one vouches for a run of entries. */
  readonly checks: number
  /** Entries that no signature vouches for: they count for nobody, by their author's own fault. [EN13] */
  readonly unsigned: number
  /** Entries whose authorship was not checked: that takes the room's key, or it was not asked for. */
  readonly unchecked: number
  /** Entries whose bodies are trimmed. [LO15] */
  readonly trimmed: number
  readonly snapshots: SnapshotCounts
  readonly faults: readonly Fault[]
  readonly faultCount: number
}

export interface DocumentAuditOptions {
  readonly sha512: Sha512
  readonly row: DocumentRow
  readonly storedTranscriptAt: (seq: number) => Bytes | null
  /** As the table of epochs has it: what is left to go by where a record is lost. */
  readonly storedCommitmentOf: (epoch: number) => Bytes | null
  /** Of a room whose log begins behind a snapshot: its first record is not there. */
  readonly room?: RoomGenesis
  readonly snapshotRows: SnapshotRows
  /** One row of a snapshot's bytes. */
  readonly readSnapshot: (body: BodyRow, row: number) => Bytes | null
  /** Leave the signatures of updates alone: they alone can take longer than reading does. */
  readonly isQuick: boolean
}

export class DocumentAudit {
  readonly #options: DocumentAuditOptions
  readonly #chains = new SessionChains()
  readonly #runs = new SignatureRuns()
  readonly #faults: Fault[] = []
  #faultCount = 0
  #log: LogChain
  #document: Bytes
  #authority: Authority | null = null
  #mode: DocumentReport['mode'] = 'unknown'
  /** False once a record was lost or refused: who might do what after it, the records do not tell any more. */
  #isJudged = true
  /** Key of the session of the part that stands alone so far, and its seq. */
  #lonePart: { readonly session: number; readonly seq: number; readonly isFirst: boolean } | null = null
  readonly #snapshots: SnapshotAudit
  #snapshotCounts: SnapshotCounts = { published: 0, held: 0, attested: 0, disputed: 0 }
  /** Seq up to which marks are gone, as far as they are. */
  #forgotten = 0
  #heldBytes = 0
  #logBytes = 0
  readonly #counts = { entries: 0, records: 0, unchecked: 0, trimmed: 0, recordChecks: 0 }

  constructor(options: DocumentAuditOptions) {
    this.#options = options
    this.#log = new LogChain(options.sha512, options.row.genesisHash, options.storedTranscriptAt)
    this.#document = options.row.id
    const { snapshotRows: rows, storedTranscriptAt: transcriptAt, isQuick } = options
    const documents = [options.row.id, documentIdOf(options.row.genesisHash)]
    this.#snapshots = new SnapshotAudit({ documents, rows, transcriptAt, isQuick })
  }

  /** False once nothing that follows can be judged. */
  get goesOn(): boolean {
    return this.#authority !== null || this.#counts.entries === 0
  }

  /** Takes the next rows of the log, which may begin and end anywhere. */
  take(rows: readonly EntryRow[]): void {
    for (const row of rows) {
      this.#counts.entries += 1
      if (this.#authority === null) {
        this.#begin(row)
        if (this.#authority === null) return
      }
      this.#takeRow(row)
    }
    this.#runs.settle(this.#log.seq, false)
  }

  /** The log could not be read on. */
  fail(detail: string): DocumentReport {
    this.#fault(null, { code: 'DATABASE_DAMAGED', detail })
    return this.#report()
  }

  /** The end of the log, and what the tables beside it must hold; `null` where there are none. */
  finish(derived: DerivedRows | null): DocumentReport {
    if (this.#counts.entries === 0) this.#fault(null, { code: 'GENESIS_WRONG', detail: 'there is no entry' })
    if (this.#authority !== null) {
      this.#endParts(null)
      this.#runs.settle(this.#log.seq, true)
      if (derived === null) return this.#report()
      if (this.#isJudged) for (const blemish of this.#authority.compareTables(derived)) this.#fault(null, blemish)
      this.#finishSnapshots(this.#authority)
      if (derived.emptySessions > 0) {
        this.#fault(null, { code: 'SESSION_EMPTY', detail: `${derived.emptySessions} of them` })
      }
    }
    return this.#report()
  }

  /** Where a record is damaged, what follows from the records is not known: keys are believed as stored, authors are nobody's. */
  #judgeOf(authority: Authority): Pick<Authority, 'commitmentOf' | 'signPublicOf'> {
    if (this.#isJudged) return authority
    const { storedCommitmentOf } = this.#options
    return {
      commitmentOf: (epoch) => authority.commitmentOf(epoch) ?? storedCommitmentOf(epoch),
      signPublicOf: () => null,
    }
  }

  #finishSnapshots(authority: Authority): void {
    const { row, readSnapshot } = this.#options
    const isForgotten = (seq: number): boolean => seq <= this.#forgotten
    const { found, counts } = this.#snapshots.finish(this.#judgeOf(authority), isForgotten, readSnapshot)
    this.#snapshotCounts = counts
    for (const { seq, ...blemish } of found) this.#fault(seq, blemish)
    // One damage is one fault: what is wrong already may be what is missing here.
    const trimmed = this.#logBytes - this.#heldBytes
    if (this.#faultCount > 0 || trimmed === row.trimmedBytes) return
    this.#fault(null, { code: 'TRIM_WRONG', detail: `${row.trimmedBytes} bytes, not ${trimmed}` })
  }

  #report(): DocumentReport {
    const { entries, records, unchecked, trimmed, recordChecks } = this.#counts
    return {
      id: this.#options.row.id,
      mode: this.#mode,
      entries,
      records,
      checks: this.#runs.checks + recordChecks,
      unsigned: this.#runs.unsigned,
      unchecked,
      trimmed,
      snapshots: this.#snapshotCounts,
      faults: this.#faults,
      faultCount: this.#faultCount,
    }
  }

  #fault(seq: number | null, { code, detail }: Blemish): void {
    this.#faultCount += 1
    if (this.#faults.length < MAX_FAULTS_KEPT) this.#faults.push({ code, seq, detail })
  }

  /** The genesis: the name of the document, its mode, and who may do what. [KM3] */
  #begin(row: EntryRow): void {
    const { room } = this.#options
    if (room !== undefined) {
      this.#authority = new RoomAuthority(this.#options.sha512, { ...room, documentId: this.#document }, null)
      this.#mode = room.mode
      return
    }
    const { sha512, row: document } = this.#options
    const read = row.envelope === null ? null : readEnvelope(row.envelope)
    if (row.seq !== 1 || read?.ok !== true) {
      return this.#fault(row.seq, { code: 'GENESIS_WRONG', detail: 'the first entry is no envelope' })
    }
    const { envelope } = read
    const body = envelope.kind === KIND.record ? decodeRecord(envelope.sealed) : null
    const hash = genesisHash(sha512, envelope.sealed)
    if (body?.ok !== true || body.value.type !== 'genesis' || !equalBytes(documentIdOf(hash), envelope.document)) {
      return this.#fault(1, { code: 'GENESIS_WRONG', detail: 'it does not hash to the name in it' })
    }
    const authority =
      body.value.mode === 'shared-key'
        ? createRoomAuthority(sha512, body.value, envelope)
        : createMembersAuthority(sha512, hash, envelope)
    if (typeof authority === 'string') return this.#fault(1, { code: 'GENESIS_WRONG', detail: authority })
    this.#authority = authority
    this.#mode = body.value.mode
    this.#document = envelope.document.slice()
    this.#log = new LogChain(sha512, hash, this.#options.storedTranscriptAt)
    const differing = differingColumns(document, hash, body.value)
    if (differing !== '') this.#fault(null, { code: 'DOCUMENT_WRONG', detail: differing })
  }

  #takeRow(row: EntryRow): void {
    const expected = this.#log.seq + 1
    if (row.seq !== expected) this.#passGap(expected, row)
    else if (row.isUnchained) this.#goOnBehind(row.seq - 1)
    this.#logBytes = row.logBytes
    this.#heldBytes += row.envelope?.length ?? 0
    const isTrimmed = row.record === 0 && row.seq <= this.#options.row.base
    if (isTrimmed !== (row.envelope === null)) {
      const detail = isTrimmed ? 'a body that should be gone' : 'a body that should be there'
      this.#fault(row.seq, { code: 'TRIM_WRONG', detail })
    }
    if (row.envelope === null) {
      this.#counts.trimmed += 1
      return this.#pass(row)
    }
    const read = readEnvelope(row.envelope)
    if (!read.ok || read.end !== row.envelope.length) {
      this.#fault(row.seq, { code: 'ENVELOPE_MALFORMED', detail: read.ok ? 'trailing' : read.fault })
      return this.#pass(row)
    }
    this.#takeEnvelope(row, read.envelope)
  }

  /** Rows before this one are not there: marks that were old enough, or damage. [LO15] */
  #passGap(expected: number, { seq }: EntryRow): void {
    // The oldest go first: behind a mark that is there none is missing.
    if (seq < expected || seq - 1 > this.#options.row.base || this.#counts.trimmed > 0) {
      return this.#fault(seq, { code: 'SEQ_GAP', detail: `${expected} was to come` })
    }
    this.#goOnBehind(seq - 1)
  }

  /** Of the marks up to here nothing is known. */
  #goOnBehind(seq: number): void {
    this.#forgotten = seq
    this.#snapshots.passForgotten(seq)
    this.#chains.forgottenThrough = seq
    this.#log.resume()
  }

  /** Goes on behind a row that cannot be judged. */
  #pass(row: EntryRow): void {
    const blemish = this.#log.skip(row)
    if (blemish !== null) this.#fault(row.seq, blemish)
    this.#passUnread(row, row.id)
  }

  /** As the row has it, nothing of what its envelope says is anybody's word. */
  #passUnread(row: EntryRow, id: Bytes): void {
    const { session, counter, seq, kind } = row
    this.#snapshots.take(row, null)
    this.#chains.skip(session, { counter, seq, id })
    this.#endParts(kind === KIND.part ? row : null)
    if (kind === KIND.record) this.#isJudged = false
  }

  #takeEnvelope(row: EntryRow, envelope: Envelope): void {
    const { sha512 } = this.#options
    const authority = this.#authority as Authority
    const columns = differingFields(row, envelope)
    if (columns !== '') this.#fault(row.seq, { code: 'COLUMN_WRONG', detail: columns })
    if (!equalBytes(envelope.document, this.#document)) {
      this.#fault(row.seq, { code: 'ENVELOPE_MISPLACED', detail: 'another document' })
    }
    const stored = this.#isJudged ? null : this.#options.storedCommitmentOf(envelope.epoch)
    const commitment = authority.commitmentOf(envelope.epoch) ?? stored
    if (commitment === null) {
      this.#fault(row.seq, { code: 'EPOCH_WRONG', detail: `epoch ${envelope.epoch}, which no record opened` })
      return this.#pass(row)
    }
    const { blemishes, id } = this.#log.take(row, envelope, envelopeId(sha512, commitment, envelope))
    for (const blemish of blemishes) this.#fault(row.seq, blemish)
    // Not what was logged.
    if (blemishes.some(({ code }) => code === 'ENVELOPE_CHANGED')) return this.#passUnread(row, id)
    const { seq } = row
    const { counter, prev, seenSeq } = envelope
    const broken = this.#chains.take(row.session, { seq, counter, prev, seenSeq, id })
    if (broken !== null) this.#fault(seq, { code: broken, detail: `counter ${counter}` })
    const isForgotten = seenSeq <= this.#forgotten && this.#options.storedTranscriptAt(seenSeq) === null
    const sees = seenSeq < seq && (isForgotten || this.#log.isTranscript(seenSeq, envelope.seenTranscript))
    if (!sees) this.#fault(seq, { code: 'SEEN_WRONG', detail: `at ${seenSeq}` })
    this.#endParts(envelope.kind === KIND.part ? row : null)
    this.#snapshots.take(row, envelope)
    this.#judge(row, envelope, id)
  }

  /** Whose it is, and whether they might. */
  #judge({ seq, session }: EntryRow, envelope: Envelope, id: Bytes): void {
    const authority = this.#authority as Authority
    const isRecord = envelope.kind === KIND.record
    if (!this.#isJudged) {
      this.#counts.records += isRecord ? 1 : 0
      this.#counts.unchecked += 1
      return
    }
    const blemish = isRecord ? this.#takeRecord(envelope, seq) : authority.findTrespass(envelope, seq)
    if (blemish !== null) {
      this.#isJudged = blemish.code !== 'RECORD_REFUSED'
      return this.#fault(seq, blemish)
    }
    const signPublic = isRecord ? null : authority.signPublicOf(envelope, seq)
    if (!isRecord && (signPublic === null || this.#options.isQuick)) {
      this.#counts.unchecked += 1
      return
    }
    if (isRecord && this.#mode === 'shared-key') return
    const { signature } = envelope
    const isSingle = !isRecord && isClearKind(envelope.kind)
    if (isSingle && !this.#runs.verify(signature, id, signPublic as Bytes)) {
      return this.#fault(seq, { code: 'SIGNATURE_WRONG', detail: 'by its author’s key' })
    }
    // Copies: the rows of a page are gone while some of it waits.
    const entry = { seq, id: id.slice(), signature: signature.slice() }
    this.#runs.add(session, { ...entry, signPublic: isSingle ? null : signPublic })
  }

  #takeRecord(envelope: Envelope, seq: number): Blemish | null {
    this.#counts.records += 1
    if (seq === 1) {
      if (this.#mode === 'members') this.#counts.recordChecks += 1
      else this.#counts.unchecked += 1
      return null
    }
    this.#counts.recordChecks += 1
    return (this.#authority as Authority).takeRecord(envelope, seq)
  }

  /** A group of parts is stored whole: beside a part stands another of its session. [LO9] */
  #endParts(next: EntryRow | null): void {
    const last = this.#lonePart
    const continues = last !== null && next !== null && last.session === next.session
    if (last?.isFirst === true && !continues) {
      this.#fault(last.seq, { code: 'PART_ALONE', detail: 'no part of its session beside it' })
    }
    this.#lonePart = next === null ? null : { session: next.session, seq: next.seq, isFirst: !continues }
  }
}

function differingColumns(row: DocumentRow, hash: Bytes, genesis: Genesis): string {
  const roomKey = genesis.mode === 'shared-key' ? genesis.roomPublic : null
  const isSameKey =
    row.roomKey === null || roomKey === null ? row.roomKey === roomKey : equalBytes(row.roomKey, roomKey)
  return [
    ...(equalBytes(row.id, documentIdOf(hash)) ? [] : ['id']),
    ...(equalBytes(row.genesisHash, hash) ? [] : ['genesis_hash']),
    ...(row.mode === MODE[genesis.mode] - 1 ? [] : ['mode']),
    ...(isSameKey ? [] : ['room_key']),
  ].join(', ')
}

function differingFields(row: EntryRow, envelope: Envelope): string {
  return [
    ...(row.counter === envelope.counter ? [] : ['counter']),
    ...(row.kind === envelope.kind ? [] : ['kind']),
    ...(row.record === (envelope.kind === KIND.record ? 1 : 0) ? [] : ['record']),
    ...(row.grouped === (envelope.kind === KIND.part ? 1 : 0) ? [] : ['grouped']),
    ...(isSame(row.device, envelope.device) ? [] : ['device']),
    ...(isSame(row.sessionId, envelope.session) ? [] : ['session']),
  ].join(', ')
}

function isSame(held: Bytes | null, said: Bytes): boolean {
  return held !== null && equalBytes(held, said)
}
