/**
 * Every statement of the store, prepared once; there is no other SQL but the steps of `migrations.ts`. Ids travel as
 * bound blobs, never as text. [I5]
 *
 * @module
 */
import type { Database, Statement } from 'better-sqlite3'

import { prepareMarkStatements, type MarkStatements } from './mark-pages.ts'

type Blob = Uint8Array

export interface DocumentRow {
  readonly document: number
  readonly mode: number
  readonly genesis_hash: Blob
  readonly room_key: Blob | null
  readonly epoch: number
  readonly commitment: Blob
  readonly closed: number
  readonly base: number
  readonly trimmed_bytes: number
  readonly packed: number
}

export interface HeadRow {
  readonly seq: number
  readonly transcript: Blob
  readonly log_bytes: number
}

export interface LostHeadRow {
  readonly seq: number
  readonly transcript: Blob
  readonly pinned: number
}

export interface RecordHeadRow {
  readonly seq: number
  readonly id: Blob
}

export interface MarkRow {
  readonly seq: number
  readonly id: Blob
  readonly signature: Blob
}

export interface SessionRow {
  readonly session: number
  readonly counter: number
  readonly seq: number
  readonly id: Blob
}

export interface EntryRow {
  readonly seq: number
  readonly envelope: Blob | null
}

/** The prepared statements by name. */
export interface Statements {
  readonly marks: MarkStatements
  readonly begin: Statement<[]>
  readonly commit: Statement<[]>
  readonly rollback: Statement<[]>
  readonly document: Statement<[Blob], DocumentRow>
  readonly documentKey: Statement<[Blob], number>
  readonly tombstone: Statement<[Blob], number>
  readonly head: Statement<[number], HeadRow>
  readonly recordHead: Statement<[number], RecordHeadRow>
  readonly session: Statement<[number, Blob, Blob], SessionRow>
  /** Of a session that has no entry with a row of its own. */
  readonly packedSession: Statement<[number, Blob, Blob], SessionRow>
  readonly stored: Statement<[number, number], RecordHeadRow>
  readonly transcript: Statement<[number, number], Blob>
  readonly role: Statement<[number, Blob], number>
  readonly read: Statement<[number, number, number], EntryRow>
  readonly readRecords: Statement<[number, number], EntryRow>
  readonly readMarks: Statement<[number, number, number], MarkRow>
  readonly commitments: Statement<[number], [number, Blob]>
  readonly link: Statement<[number, Blob], number>
  readonly lostHead: Statement<[Blob], LostHeadRow>

  readonly insertDocument: Statement<[Blob, number, Blob, Blob | null]>
  readonly insertEpoch: Statement<[number, number, Blob]>
  readonly closeEpoch: Statement<[number, number]>
  readonly setLink: Statement<[number, Blob, number]>
  readonly dropLink: Statement<[number, Blob]>
  readonly insertSession: Statement<[number, Blob, Blob]>
  readonly insertEntry: Statement<
    [number, number, number, number, number, number, number, number, number, Blob, Blob, Blob]
  >
  readonly setLostHead: Statement<[Blob, number, Blob]>
  readonly dropLostHead: Statement<[Blob]>
  readonly setRole: Statement<[number, Blob, number]>
  readonly dropRole: Statement<[number, Blob]>
  readonly insertWriter: Statement<[number, Blob]>
  readonly insertTombstone: Statement<[Blob]>
  readonly deleteEntries: Statement<[number]>
  readonly deleteSessions: Statement<[number]>
  readonly deleteMembers: Statement<[number]>
  readonly deleteEpochs: Statement<[number]>
  readonly deleteLinks: Statement<[number]>
  readonly deleteWriters: Statement<[number]>
  readonly deleteDocument: Statement<[number]>
}

/** Prepares them all; throws when the tables are not those of the present format. */
export function prepareStatements(db: Database): Statements {
  return {
    marks: prepareMarkStatements(db),
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),

    document: db.prepare(
      'SELECT d.document, mode, genesis_hash, room_key, epoch, commitment, closed, base, trimmed_bytes, packed FROM documents d JOIN epochs e USING (document) WHERE d.id = ? ORDER BY epoch DESC LIMIT 1',
    ),
    documentKey: db.prepare<[Blob], number>('SELECT document FROM documents WHERE id = ?').pluck(),
    tombstone: db.prepare<[Blob], number>('SELECT 1 FROM tombstones WHERE id = ?').pluck(),
    head: db.prepare('SELECT seq, transcript, log_bytes FROM entries WHERE document = ? ORDER BY seq DESC LIMIT 1'),
    recordHead: db.prepare('SELECT seq, id FROM entries WHERE document = ? AND record = 1 ORDER BY seq DESC LIMIT 1'),
    session: db.prepare(
      'SELECT s.session, counter, seq, e.id FROM sessions s JOIN entries e ON e.session = s.session WHERE s.document = ? AND device = ? AND s.id = ? ORDER BY counter DESC LIMIT 1',
    ),
    packedSession: db.prepare(
      'SELECT session, last_counter AS counter, last_seq AS seq, last_id AS id FROM sessions WHERE document = ? AND device = ? AND id = ? AND last_seq IS NOT NULL',
    ),
    stored: db.prepare('SELECT seq, id FROM entries WHERE session = ? AND counter = ?'),
    transcript: db
      .prepare<[number, number], Blob>('SELECT transcript FROM entries WHERE document = ? AND seq = ?')
      .pluck(),
    role: db.prepare<[number, Blob], number>('SELECT role FROM members WHERE document = ? AND device = ?').pluck(),

    read: db.prepare('SELECT seq, envelope FROM entries WHERE document = ? AND seq > ? ORDER BY seq LIMIT ?'),
    readRecords: db.prepare(
      'SELECT seq, envelope FROM entries WHERE document = ? AND seq > ? AND record = 1 ORDER BY seq',
    ),
    readMarks: db.prepare(
      'SELECT seq, id, coalesce(signature, substr(envelope, -64)) AS signature FROM entries WHERE document = ? AND seq > ? ORDER BY seq LIMIT ?',
    ),
    commitments: db
      .prepare<[number], [number, Blob]>('SELECT epoch, commitment FROM epochs WHERE document = ? ORDER BY epoch')
      .raw(),
    link: db.prepare<[number, Blob], number>('SELECT expires FROM links WHERE document = ? AND link = ?').pluck(),

    lostHead: db.prepare('SELECT seq, transcript, pinned FROM lost_heads WHERE id = ?'),

    insertDocument: db.prepare('INSERT INTO documents (id, mode, genesis_hash, room_key) VALUES (?, ?, ?, ?)'),
    insertEpoch: db.prepare('INSERT INTO epochs (document, epoch, commitment) VALUES (?, ?, ?)'),
    closeEpoch: db.prepare('UPDATE epochs SET closed = 1 WHERE document = ? AND epoch = ?'),
    setLink: db.prepare(
      'INSERT INTO links (document, link, expires) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET expires = excluded.expires',
    ),
    dropLink: db.prepare('DELETE FROM links WHERE document = ? AND link = ?'),
    insertSession: db.prepare('INSERT INTO sessions (document, device, id) VALUES (?, ?, ?)'),
    insertEntry: db.prepare(
      'INSERT INTO entries (document, seq, session, counter, kind, record, grouped, log_bytes, at, id, transcript, envelope) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    setLostHead: db.prepare(
      'INSERT INTO lost_heads (id, seq, transcript) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, transcript = excluded.transcript',
    ),
    dropLostHead: db.prepare('DELETE FROM lost_heads WHERE id = ?'),
    setRole: db.prepare(
      'INSERT INTO members (document, device, role) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET role = excluded.role',
    ),
    dropRole: db.prepare('DELETE FROM members WHERE document = ? AND device = ?'),

    insertWriter: db.prepare('INSERT OR IGNORE INTO writers (document, device) VALUES (?, ?)'),
    insertTombstone: db.prepare('INSERT INTO tombstones (id) VALUES (?)'),
    deleteEntries: db.prepare('DELETE FROM entries WHERE document = ?'),
    deleteSessions: db.prepare('DELETE FROM sessions WHERE document = ?'),
    deleteMembers: db.prepare('DELETE FROM members WHERE document = ?'),
    deleteEpochs: db.prepare('DELETE FROM epochs WHERE document = ?'),
    deleteLinks: db.prepare('DELETE FROM links WHERE document = ?'),
    deleteWriters: db.prepare('DELETE FROM writers WHERE document = ?'),
    deleteDocument: db.prepare('DELETE FROM documents WHERE document = ?'),
  }
}
