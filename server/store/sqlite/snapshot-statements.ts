/**
 * The statements about snapshots and trimming, prepared once. [I5]
 *
 * @module
 */
import type { Database, Statement } from 'better-sqlite3'

type Blob = Uint8Array

export interface UploadRow {
  readonly snapshot: number
  readonly bytes: number
  readonly held: number
  readonly state: number
  readonly epoch: number | null
  readonly seq: number | null
  readonly transcript: Blob | null
}

export interface PublicationRow {
  readonly id: Blob
  readonly seq: number
  readonly bytes: number
  readonly digest: Blob
  readonly device: Blob
  readonly member: Blob
  readonly admin: number
  readonly published: number
  readonly at: number
  readonly attested: number
  readonly disputed: number
  readonly snapshot: number | null
}

export interface TrimRow {
  readonly seq: number
  readonly session: number
  readonly counter: number
  readonly kind: number
  readonly record: number
  readonly at: number
  readonly logBytes: number
  readonly id: Blob
  readonly transcript: Blob
  readonly signature: Blob
  /** Of its envelope; `null` once that is gone. */
  readonly bytes: number | null
}

export interface SnapshotStatements {
  readonly upload: Statement<[number, Blob, Blob], UploadRow>
  readonly stagedSums: Statement<[number], { readonly count: number; readonly bytes: number }>
  readonly stagedBy: Statement<[number, Blob], number>
  readonly insertUpload: Statement<[number, Blob, Blob, number, number]>
  readonly growUpload: Statement<[number, number, number]>
  readonly insertChunk: Statement<[number, number, Blob]>
  readonly chunk: Statement<[number, number], Blob>
  readonly replaceChunk: Statement<[Blob, number, number]>
  readonly accept: Statement<[number, number, Blob, number]>
  readonly discard: Statement<[number]>
  readonly isPublished: Statement<[number, Blob], number>
  readonly publishUpload: Statement<[number]>
  readonly publish: Statement<
    [number, number, Blob, number, Blob, Blob, number, number, Blob, Blob, Blob, number, number, number | null]
  >
  readonly publications: Statement<[number], PublicationRow>
  readonly publication: Statement<[number, Blob], PublicationRow>
  readonly newest: Statement<[number], PublicationRow>
  readonly attested: Statement<[number], PublicationRow>
  readonly usable: Statement<[number], PublicationRow>
  readonly insertAttestation: Statement<[number, number, Blob, number, Blob, number]>
  readonly setAttested: Statement<[number, number]>
  readonly setAged: Statement<[number, number]>
  readonly setDisputed: Statement<[number, number, number]>
  readonly writers: Statement<[number], Blob>
  readonly betweenParts: Statement<[number, number], number>
  readonly sumBytes: Statement<[number, number], number>
  readonly documents: Statement<[number, number], { readonly key: number; readonly id: Blob }>
  readonly body: Statement<[number, Blob], { readonly snapshot: number; readonly bytes: number }>
  readonly dropBody: Statement<[number, number]>
  readonly forgetAttestations: Statement<[number, number]>
  readonly forgetPublication: Statement<[number, number]>
  readonly toGo: Statement<[number], { readonly snapshot: number; readonly state: number }>
  readonly deleteChunks: Statement<[number, number]>
  readonly deleteUpload: Statement<[number]>

  readonly trimmable: Statement<[number, number, number, number], TrimRow>
  readonly trimEntry: Statement<[number, number]>
  readonly setBase: Statement<[number, number, number, number]>

  readonly deleteAttestations: Statement<[number]>
  readonly deletePublications: Statement<[number]>
  readonly deleteAllChunks: Statement<[number]>
  readonly deleteUploads: Statement<[number]>
}

const PUBLICATION =
  'SELECT id, seq, bytes, digest, device, member, admin, published, at, attested, disputed, snapshot FROM publications WHERE document = ?'

/** Prepares them all; throws when the tables are not those of the present format. */
export function prepareSnapshotStatements(db: Database): SnapshotStatements {
  return {
    upload: db.prepare(
      'SELECT snapshot, bytes, held, state, epoch, seq, transcript FROM snapshots WHERE document = ? AND id = ? AND device = ? AND state < 3',
    ),
    stagedSums: db.prepare(
      'SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM snapshots WHERE document = ? AND state IN (0, 1)',
    ),
    stagedBy: db
      .prepare<[number, Blob], number>('SELECT snapshot FROM snapshots WHERE document = ? AND device = ? AND state < 2')
      .pluck(),
    insertUpload: db.prepare(
      'INSERT INTO snapshots (document, id, device, bytes, held, touched, state) VALUES (?, ?, ?, ?, 0, ?, 0)',
    ),
    growUpload: db.prepare('UPDATE snapshots SET held = ?, touched = ? WHERE snapshot = ?'),
    insertChunk: db.prepare('INSERT INTO chunks (snapshot, row, bytes) VALUES (?, ?, ?)'),
    chunk: db.prepare<[number, number], Blob>('SELECT bytes FROM chunks WHERE snapshot = ? AND row = ?').pluck(),
    replaceChunk: db.prepare('UPDATE chunks SET bytes = ? WHERE snapshot = ? AND row = ?'),
    accept: db.prepare(
      'UPDATE snapshots SET state = 1, epoch = ?, seq = ?, transcript = ? WHERE snapshot = ? AND state = 0',
    ),
    discard: db.prepare(
      'UPDATE snapshots SET state = 3, epoch = NULL, seq = NULL, transcript = NULL, touched = 0 WHERE snapshot = ?',
    ),
    isPublished: db.prepare<[number, Blob], number>('SELECT 1 FROM publications WHERE document = ? AND id = ?').pluck(),
    publishUpload: db.prepare('UPDATE snapshots SET state = 2 WHERE snapshot = ?'),
    publish: db.prepare(
      'INSERT INTO publications (document, published, id, seq, transcript, parent, epoch, bytes, digest, device, member, admin, at, snapshot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    publications: db.prepare(`${PUBLICATION} ORDER BY published DESC`),
    publication: db.prepare(`${PUBLICATION} AND id = ?`),
    newest: db.prepare(`${PUBLICATION} ORDER BY published DESC LIMIT 1`),
    attested: db.prepare(
      `${PUBLICATION} AND attested = 1 AND disputed = 0 AND snapshot IS NOT NULL ORDER BY published DESC LIMIT 1`,
    ),
    usable: db.prepare(`${PUBLICATION} AND disputed = 0 AND snapshot IS NOT NULL ORDER BY published DESC LIMIT 1`),
    insertAttestation: db.prepare(
      'INSERT OR IGNORE INTO attestations (document, published, device, verdict, member, attested) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    setAttested: db.prepare('UPDATE publications SET attested = 1 WHERE document = ? AND published = ?'),
    setAged: db.prepare('UPDATE publications SET attested = 2 WHERE document = ? AND published = ? AND attested = 0'),
    setDisputed: db.prepare('UPDATE publications SET disputed = ? WHERE document = ? AND published = ?'),
    writers: db.prepare<[number], Blob>('SELECT device FROM writers WHERE document = ?').pluck(),
    betweenParts: db
      .prepare<[number, number], number>(
        'SELECT 1 FROM entries a JOIN entries b ON b.document = a.document AND b.seq = a.seq + 1 AND b.session = a.session ' +
          'WHERE a.document = ? AND a.seq = ? AND a.grouped = 1 AND b.grouped = 1',
      )
      .pluck(),
    sumBytes: db
      .prepare<[number, number], number>('SELECT log_bytes FROM entries WHERE document = ? AND seq = ?')
      .pluck(),
    documents: db.prepare(
      'SELECT DISTINCT document AS key, d.id FROM publications JOIN documents d USING (document) WHERE document > ? ORDER BY document LIMIT ?',
    ),
    body: db.prepare(
      'SELECT snapshot, s.bytes FROM publications p JOIN snapshots s USING (snapshot) WHERE p.document = ? AND p.id = ?',
    ),
    dropBody: db.prepare('UPDATE publications SET snapshot = NULL WHERE document = ? AND published = ?'),
    forgetAttestations: db.prepare('DELETE FROM attestations WHERE document = ? AND published = ?'),
    forgetPublication: db.prepare('DELETE FROM publications WHERE document = ? AND published = ?'),
    toGo: db.prepare(
      'SELECT snapshot, state FROM snapshots WHERE state IN (0, 1, 3) AND touched < ? ORDER BY touched LIMIT 1',
    ),
    deleteChunks: db.prepare(
      'DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks WHERE snapshot = ? ORDER BY row DESC LIMIT ?)',
    ),
    deleteUpload: db.prepare('DELETE FROM snapshots WHERE snapshot = ?'),

    trimmable: db.prepare(
      'SELECT seq, session, counter, kind, record, at, log_bytes AS logBytes, id, transcript, ' +
        'coalesce(signature, substr(envelope, -64)) AS signature, length(envelope) AS bytes ' +
        'FROM entries WHERE document = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?',
    ),
    trimEntry: db.prepare('DELETE FROM entries WHERE document = ? AND seq = ?'),
    setBase: db.prepare('UPDATE documents SET base = ?, trimmed_bytes = ?, packed = ? WHERE document = ?'),

    deleteAttestations: db.prepare('DELETE FROM attestations WHERE document = ?'),
    deletePublications: db.prepare('DELETE FROM publications WHERE document = ?'),
    deleteAllChunks: db.prepare(
      'DELETE FROM chunks WHERE snapshot IN (SELECT snapshot FROM snapshots WHERE document = ?)',
    ),
    deleteUploads: db.prepare('DELETE FROM snapshots WHERE document = ?'),
  }
}
