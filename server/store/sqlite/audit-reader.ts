/**
 * A store's tables as an audit reads them: beside a relay that may have the file open, a page at a time, on a connection of its own that
 * writes nothing. What stands in a row is given as it stands, whatever it is worth.
 *
 * @module
 */
import { toBytes, type Bytes } from '@y-sealed/protocol'
import Database from 'better-sqlite3'

import { StoreError } from '../store-error.ts'
import { prepareAuditMarks } from './audit-marks.ts'
import { prepareAuditSnapshots, type AuditSnapshots } from './audit-snapshots.ts'
import { checkRuntime, installedDriverVersion } from './check-runtime.ts'
import { checkOwnership } from './migrations.ts'
import { sqliteToStoreError } from './sqlite-error.ts'

export interface DocumentRow {
  readonly key: number
  readonly id: Bytes
  /** 0 members, 1 shared-key. */
  readonly mode: number
  readonly genesisHash: Bytes
  readonly roomKey: Bytes | null
  /** Seq up to which bodies are trimmed, and how many bytes they had. */
  readonly base: number
  readonly trimmedBytes: number
  /** Seq of the newest entry. */
  readonly head: number
}

export interface EntryRow {
  readonly seq: number
  /** Key of its session's row. */
  readonly session: number
  readonly counter: number
  readonly kind: number
  readonly record: number
  readonly grouped: number
  readonly logBytes: number
  readonly id: Bytes
  readonly transcript: Bytes
  /** `null` once it is trimmed; its signature stays. */
  readonly envelope: Bytes | null
  readonly signature: Bytes | null
  /** Nothing is known of the place before it, though it has the number before. */
  readonly isUnchained?: true
  /** Of its session's row; `null` where there is none. */
  readonly device: Bytes | null
  readonly sessionId: Bytes | null
}

export interface EpochRow {
  readonly epoch: number
  readonly commitment: Bytes
  readonly closed: number
}

export interface MemberRow {
  readonly device: Bytes
  readonly role: number
}

export interface LinkRow {
  readonly link: Bytes
  readonly expires: number
}

/** What was derived from the records of one document. */
export interface DerivedRows {
  readonly epochs: readonly EpochRow[]
  readonly members: readonly MemberRow[]
  readonly links: readonly LinkRow[]
  /** Sessions without an entry. */
  readonly emptySessions: number
}

export interface AuditReader {
  readonly documents: number
  readonly entries: number
  readonly tombstones: number
  /** What SQLite finds wrong with its pages, indexes and checks; takes time with the size of the file. */
  findDamage(): readonly string[]
  /** Tables with rows that refer to rows that are not there. */
  findOrphans(): readonly string[]
  /** Documents that are there and deleted. */
  findUndeleted(): readonly Bytes[]
  /** Up to `max` documents behind this key; 0 begins. */
  page(after: number, max: number): readonly DocumentRow[]
  document(id: Bytes): DocumentRow | null
  isDeleted(id: Bytes): boolean
  /** Runs `run` on one moment of the file, whatever a relay writes meanwhile. */
  atOneMoment<Result>(run: () => Result): Result
  entriesAfter(document: number, after: number, max: number): readonly EntryRow[]
  transcriptAt(document: number, seq: number): Bytes | null
  derived(document: number): DerivedRows
  readonly snapshots: AuditSnapshots
  close(): void
}

const MAX_DAMAGES = 10

/**
 * Opens the file, which must exist. Throws `StoreError` (`STORE_FOREIGN`, `STORE_NEWER`, `STORE_RUNTIME`, `STORE_CORRUPT`, `STORE_IO`),
 * and `STORE_FOREIGN` too for a format that is older than this version reads.
 */
export function openAuditReader(path: string): AuditReader {
  checkRuntime(installedDriverVersion(), Number(process.versions['napi']))
  let db: Database.Database | undefined
  try {
    // Not `readonly`: such a connection cannot take its journal away again, and would leave files behind.
    db = new Database(path, { fileMustExist: true, timeout: 5000 })
    db.pragma('query_only = ON')
    checkOwnership(db)
    return createReader(db)
  } catch (error) {
    db?.close()
    throw sqliteToStoreError(error)
  }
}

function createReader(db: Database.Database): AuditReader {
  const count = (table: 'documents' | 'entries' | 'tombstones'): number => {
    try {
      return db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? 0
    } catch {
      // Past counting: `findDamage` says why.
      return 0
    }
  }
  const sql = prepare(db)
  return {
    documents: count('documents'),
    entries: count('entries') + sql.marks.count,
    tombstones: count('tombstones'),
    findDamage() {
      const rows = db.pragma(`integrity_check(${MAX_DAMAGES})`) as readonly { readonly integrity_check: string }[]
      return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok')
    },
    findOrphans: () => sql.orphans.all(),
    findUndeleted: () => sql.undeleted.all().map(toBytes),
    page: (after, max) => sql.page.all(after, max).map(toDocument),
    document(id) {
      const row = sql.document.get(id)
      return row === undefined ? null : toDocument(row)
    },
    isDeleted: (id) => sql.tombstone.get(id) !== undefined,
    atOneMoment(run) {
      sql.begin.run()
      try {
        return run()
      } finally {
        sql.end.run()
      }
    },
    entriesAfter(document, after, max) {
      const rows = sql.entries.all(document, after, max).map(toEntry)
      return mergeRows(rows, sql.marks.rowsAfter(document, after, max)).slice(0, max)
    },
    transcriptAt(document, seq) {
      const transcript = sql.transcript.get(document, seq)
      return transcript === undefined ? sql.marks.transcriptAt(document, seq) : toBytes(transcript)
    },
    derived: (document) => ({
      epochs: sql.epochs.all(document).map((row) => ({ ...row, commitment: toBytes(row.commitment) })),
      members: sql.members.all(document).map((row) => ({ ...row, device: toBytes(row.device) })),
      links: sql.links.all(document).map((row) => ({ ...row, link: toBytes(row.link) })),
      emptySessions: sql.emptySessions.get(document) ?? 0,
    }),
    snapshots: sql.snapshots,
    close: () => void db.close(),
  }
}

const DOCUMENT =
  'SELECT document AS key, id, mode, genesis_hash AS genesisHash, room_key AS roomKey, base, trimmed_bytes AS trimmedBytes, ' +
  '(SELECT coalesce(max(seq), 0) FROM entries e WHERE e.document = d.document) AS head FROM documents d'

function prepare(db: Database.Database) {
  try {
    return {
      begin: db.prepare('BEGIN'),
      end: db.prepare('COMMIT'),
      snapshots: prepareAuditSnapshots(db),
      marks: prepareAuditMarks(db),
      orphans: db
        .prepare<[], string>(`SELECT DISTINCT "table" FROM pragma_foreign_key_check LIMIT ${MAX_DAMAGES}`)
        .pluck(),
      undeleted: db
        .prepare<[], Uint8Array>(`SELECT id FROM documents JOIN tombstones USING (id) LIMIT ${MAX_DAMAGES}`)
        .pluck(),
      tombstone: db.prepare<[Bytes], number>('SELECT 1 FROM tombstones WHERE id = ?').pluck(),
      page: db.prepare<[number, number], DocumentRow>(`${DOCUMENT} WHERE document > ? ORDER BY document LIMIT ?`),
      document: db.prepare<[Bytes], DocumentRow>(`${DOCUMENT} WHERE id = ?`),
      entries: db.prepare<[number, number, number], EntryRow>(
        'SELECT e.seq, e.session, e.counter, e.kind, e.record, e.grouped, e.log_bytes AS logBytes, e.id, e.transcript, e.envelope, e.signature, s.device, s.id AS sessionId ' +
          'FROM entries e LEFT JOIN sessions s ON s.session = e.session AND s.document = e.document ' +
          'WHERE e.document = ? AND e.seq > ? ORDER BY e.seq LIMIT ?',
      ),
      transcript: db
        .prepare<[number, number], Uint8Array>('SELECT transcript FROM entries WHERE document = ? AND seq = ?')
        .pluck(),
      epochs: db.prepare<[number], EpochRow>(
        'SELECT epoch, commitment, closed FROM epochs WHERE document = ? ORDER BY epoch',
      ),
      members: db.prepare<[number], MemberRow>('SELECT device, role FROM members WHERE document = ?'),
      links: db.prepare<[number], LinkRow>('SELECT link, expires FROM links WHERE document = ?'),
      emptySessions: db
        .prepare<[number], number>(
          'SELECT count(*) FROM sessions s WHERE document = ? AND last_seq IS NULL AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.session = s.session)',
        )
        .pluck(),
    }
  } catch (error) {
    // A file of an earlier format has not all columns; which of them is nothing to a person.
    if ((error as { readonly code?: unknown }).code !== 'SQLITE_ERROR') throw error
    const message = 'the file was written by an earlier version: start a relay on it once, which brings it up to date'
    throw new StoreError('STORE_FOREIGN', message, error)
  }
}

function toDocument(row: DocumentRow): DocumentRow {
  const { id, genesisHash, roomKey } = row
  return {
    ...row,
    id: toBytes(id),
    genesisHash: toBytes(genesisHash),
    roomKey: roomKey === null ? null : toBytes(roomKey),
  }
}

function toEntry(row: EntryRow): EntryRow {
  const { id, transcript, envelope, signature, device, sessionId } = row
  return {
    ...row,
    id: toBytes(id),
    transcript: toBytes(transcript),
    envelope: envelope === null ? null : toBytes(envelope),
    signature: signature === null ? null : toBytes(signature),
    device: device === null ? null : toBytes(device),
    sessionId: sessionId === null ? null : toBytes(sessionId),
  }
}

/** Both in one order; what has a row of its own is taken from that. */
function mergeRows(rows: readonly EntryRow[], packed: readonly EntryRow[]): readonly EntryRow[] {
  if (packed.length === 0) return rows
  const seqs = new Set(rows.map(({ seq }) => seq))
  return [...rows, ...packed.filter(({ seq }) => !seqs.has(seq))].toSorted((one, other) => one.seq - other.seq)
}
