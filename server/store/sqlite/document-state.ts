/**
 * What the engine remembers of the documents in use, so that an append to a warm document reads nothing from the
 * tables. Sound because one process owns the file; forgotten as a whole whenever a transaction fails.
 *
 * @module
 */
import { type Bytes, type Sha512, startTranscript, toBytes } from '@y-sealed/protocol'

import type { AppendUnit, DocumentStatus, Head, LostHead, Role } from '../../core/ports.ts'
import type { PublishedSnapshot, SnapshotStatus } from '../../core/snapshot-ports.ts'
import type { AppendView, LogState, PlacedEntry } from '../judge-append.ts'
import type { StagedState } from '../judge-snapshot.ts'
import { findPacked, packedTranscript } from './mark-pages.ts'
import { findPublished, findStaged, snapshotsOf } from './snapshot-rows.ts'
import type { SnapshotStatements } from './snapshot-statements.ts'
import type { Statements } from './statements.ts'

const ROLES = ['none', 'reader', 'writer', 'admin'] as const satisfies readonly Role[]
/** Rows of sessions and roles kept for one document before they are forgotten and read again. */
const MAX_ROWS = 2048
/** Newest transcripts kept for one document: what writers in step with each other have seen. */
const RECENT_TRANSCRIPTS = 256

export interface CachedSession {
  key: number
  /** Is its device known to have written what is no record? */
  hasWritten: boolean
  counter: number
  seq: number
  id: Bytes
}

/** One document as of the last batch; mutable, in the engine's hands only. */
export interface DocumentState extends LogState {
  readonly key: number
  readonly genesisHash: Bytes
  readonly roomKey: Bytes | null
  epoch: number
  commitment: Bytes
  isEpochClosed: boolean
  recordHead: Bytes
  recordSeq: number
  head: Head
  lost: LostHead | null
  /** Of all envelopes that ever came. */
  sumBytes: number
  /** Of those that are trimmed. */
  trimmedBytes: number
  base: number
  /** Marks up to here stand in pages. */
  packed: number
  /** `null` until they are asked for. */
  snapshots: DocumentSnapshots | null
  readonly sessions: Map<string, CachedSession | null>
  readonly roles: Map<string, Role>
  readonly recent: Bytes[]
  readonly recentFrom: number
}

/** What a document's row says of its snapshots, and where the sum of bytes stood at the newest. */
export interface DocumentSnapshots extends Pick<SnapshotStatus, 'newest' | 'attested' | 'usable'> {
  readonly sumBytes: number
}

/** The number of a role in the tables; 0 stands for no row. */
export function roleToNumber(role: Role): number {
  return ROLES.indexOf(role)
}

/** The role of a number in the tables. */
export function numberToRole(value: number | undefined): Role {
  return ROLES[value ?? 0] ?? 'none'
}

/** Map key of an id of 16 bytes, two bytes a character: equal keys are equal ids. A third of the cost of hexadecimal. */
export function idToKey(id: Bytes): string {
  return eightBytesToKey(id, 0) + eightBytesToKey(id, 8)
}

function eightBytesToKey(bytes: Bytes, at: number): string {
  return String.fromCharCode(pairAt(bytes, at), pairAt(bytes, at + 2), pairAt(bytes, at + 4), pairAt(bytes, at + 6))
}

function pairAt(bytes: Bytes, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}

/** Reads a document from the tables; `null` when there is none, and for a deleted one `'deleted'`. */
export function loadDocument(sql: Statements, id: Bytes): DocumentState | 'deleted' | null {
  const row = sql.document.get(id)
  if (row === undefined) return sql.tombstone.get(id) === undefined ? null : 'deleted'
  const head = sql.head.get(row.document)
  const record = sql.recordHead.get(row.document)
  if (head === undefined || record === undefined) throw new Error('a document without a first entry')
  return createDocumentState(row.document, row.mode === 1 ? 'shared-key' : 'members', {
    genesisHash: toBytes(row.genesis_hash),
    roomKey: row.room_key === null ? null : toBytes(row.room_key),
    epoch: row.epoch,
    commitment: toBytes(row.commitment),
    isEpochClosed: row.closed === 1,
    recordHead: toBytes(record.id),
    recordSeq: record.seq,
    head: { seq: head.seq, transcript: toBytes(head.transcript) },
    lost: findLostHead(sql, id),
    sumBytes: head.log_bytes,
    trimmedBytes: row.trimmed_bytes,
    base: row.base,
    packed: row.packed,
  })
}

/** The head that the document lacks, whether or not it is there. [LO14] */
export function findLostHead(sql: Statements, id: Bytes): LostHead | null {
  const row = sql.lostHead.get(id)
  return row === undefined ? null : { seq: row.seq, transcript: toBytes(row.transcript), isPinned: row.pinned === 1 }
}

export function createDocumentState(
  key: number,
  mode: 'members' | 'shared-key',
  row: Omit<DocumentStatus, 'deleted' | 'mode' | 'logBytes' | 'snapshots'> &
    Pick<DocumentState, 'sumBytes' | 'trimmedBytes' | 'packed'>,
): DocumentState {
  const recent: Bytes[] = []
  recent[row.head.seq % RECENT_TRANSCRIPTS] = row.head.transcript
  return { ...row, key, mode, snapshots: null, sessions: new Map(), roles: new Map(), recent, recentFrom: row.head.seq }
}

/** The head moves on; what was written is remembered. */
export function advanceHead(document: DocumentState, placed: readonly PlacedEntry[], head: Head): void {
  for (const { entry, seq, transcript } of placed) {
    document.recent[seq % RECENT_TRANSCRIPTS] = transcript
    document.sumBytes += entry.envelope.length
  }
  document.head = head
}

/** What one unit is judged against. One object for all units: `show` turns it to the next. */
export class UnitView implements AppendView {
  readonly #sha512: Sha512
  readonly #sql: Statements
  readonly #snapshotSql: SnapshotStatements
  #unit: AppendUnit | null = null
  #document: DocumentState | 'deleted' | null = null
  #session: CachedSession | null = null

  constructor(sha512: Sha512, sql: Statements, snapshotSql: SnapshotStatements) {
    this.#sha512 = sha512
    this.#sql = sql
    this.#snapshotSql = snapshotSql
  }

  show(unit: AppendUnit, document: DocumentState | 'deleted' | null): void {
    this.#unit = unit
    this.#document = document
    this.#session = document === null || document === 'deleted' ? null : findSession(this.#sql, document, unit)
  }

  document(): LogState | 'deleted' | null {
    return this.#document
  }

  session(): CachedSession | null {
    return this.#session
  }

  stored(counter: number): { readonly seq: number; readonly id: Bytes } | null {
    if (this.#session === null) return null
    if (this.#session.counter === counter) return this.#session
    return findStored(this.#sql, (this.#document as DocumentState).key, this.#session.key, counter)
  }

  transcriptAt(seq: number): Bytes | null {
    const document = this.#document as DocumentState
    return findTranscript(this.#sha512, this.#sql, document, seq)
  }

  lost(): LostHead | null {
    const document = this.#document
    if (document === 'deleted') return null
    return document === null ? findLostHead(this.#sql, (this.#unit as AppendUnit).document) : document.lost
  }

  newestPublished(): PublishedSnapshot | null {
    return snapshotsOf(this.#snapshotSql, this.#document as DocumentState).newest
  }

  published(snapshotId: Bytes): PublishedSnapshot | null {
    return findPublished(this.#snapshotSql, this.#document as DocumentState, snapshotId)
  }

  staged(snapshotId: Bytes): StagedState | null {
    const { device } = this.#unit as AppendUnit
    return findStaged(this.#snapshotSql, this.#document as DocumentState, snapshotId, device)
  }

  isBetweenParts(seq: number): boolean {
    return this.#snapshotSql.betweenParts.get((this.#document as DocumentState).key, seq) !== undefined
  }

  role(): Role {
    return findRole(this.#sql, this.#document as DocumentState, (this.#unit as AppendUnit).device)
  }
}

/** The session's newest entry, from memory or from the tables. */
function findSession(sql: Statements, document: DocumentState, unit: AppendUnit): CachedSession | null {
  const key = sessionKey(unit)
  let session = document.sessions.get(key)
  if (session === undefined) {
    const name = [document.key, unit.device, unit.session] as const
    const row = sql.session.get(...name) ?? sql.packedSession.get(...name)
    session =
      row === undefined
        ? null
        : { key: row.session, hasWritten: false, counter: row.counter, seq: row.seq, id: toBytes(row.id) }
    remember(document.sessions, key, session)
  }
  return session
}

/** The entry that a session's row has under a counter; `null` when it is not held. */
export function findStored(
  sql: Statements,
  document: number,
  session: number,
  counter: number,
): { readonly seq: number; readonly id: Bytes } | null {
  const row = sql.stored.get(session, counter)
  return row === undefined ? findPacked(sql.marks, document, session, counter) : { seq: row.seq, id: toBytes(row.id) }
}

/** Map key of a unit's device and session. */
export function sessionKey(unit: AppendUnit): string {
  return idToKey(unit.device) + eightBytesToKey(unit.session, 0)
}

/** T at a place up to the head; `null` when it is not held. T_0 follows from the genesis. [LO1] */
export function findTranscript(sha512: Sha512, sql: Statements, document: DocumentState, seq: number): Bytes | null {
  if (seq === 0) return startTranscript(sha512, document.genesisHash)
  const { head, recent, recentFrom } = document
  if (seq > head.seq) return null
  if (seq >= recentFrom && seq > head.seq - RECENT_TRANSCRIPTS) return recent[seq % RECENT_TRANSCRIPTS] as Bytes
  const transcript = sql.transcript.get(document.key, seq)
  return transcript === undefined ? packedTranscript(sha512, sql.marks, document.key, seq) : toBytes(transcript)
}

export function findRole(sql: Statements, document: DocumentState, device: Bytes): Role {
  const key = idToKey(device)
  let role = document.roles.get(key)
  if (role === undefined) {
    role = numberToRole(sql.role.get(document.key, device))
    remember(document.roles, key, role)
  }
  return role
}

/** Keeps a row; a map that has grown too large starts anew. */
export function remember<Row>(rows: Map<string, Row>, key: string, row: Row): void {
  if (rows.size >= MAX_ROWS) rows.clear()
  rows.set(key, row)
}
