/**
 * What lies on a relay's disk, and what of it is what. For P7.
 *
 * @module
 */
import Database from 'better-sqlite3'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { compareRow, type BenchRow } from './bench-row.ts'

export interface StoredSize {
  /** All files of the database. */
  readonly files: number
  /** Snapshots that are kept, and their bytes. */
  readonly snapshots: number
  readonly snapshotBytes: number
  /** Bodies that are not trimmed. */
  readonly bodies: number
  readonly bodyBytes: number
  readonly marks: number
  readonly markBytes: number
}

/** Looks into the folder of a relay that has been stopped. */
export function readStoredSize(folder: string): StoredSize {
  const files = readdirSync(folder)
    .filter((name) => name.startsWith('relay.db'))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  const db = new Database(join(folder, 'relay.db'), { readonly: true })
  try {
    const sizes = db
      .prepare<[], Omit<StoredSize, 'files'>>(
        `SELECT (SELECT count(*) FROM snapshots) AS snapshots, (SELECT coalesce(sum(length(bytes)), 0) FROM chunks) AS snapshotBytes,
           (SELECT count(envelope) FROM entries) AS bodies, (SELECT coalesce(sum(length(envelope)), 0) FROM entries) AS bodyBytes,
           (SELECT coalesce(sum(last - first + 1), 0) FROM mark_pages) AS marks,
           (SELECT coalesce(sum(length(marks) + length(places)), 0) FROM mark_pages) AS markBytes`,
      )
      .get()
    if (sizes === undefined) throw new Error('the database says nothing')
    return { files, ...sizes }
  } finally {
    db.close()
  }
}

/** What a document adds to a database, against a plain state for each kept snapshot; the whole, and what it is made of. */
export function storedRows(name: string, size: StoredSize, empty: StoredSize, plainBytes: number): BenchRow[] {
  const { files, snapshots, snapshotBytes, bodies, bodyBytes, marks, markBytes } = size
  const part = (what: string, value: number): BenchRow => ({ row: 'P7', name: `${name}: ${what}`, value, unit: 'B' })
  return [
    compareRow('P7', name, 'B', files - empty.files, `plain Yjs state × ${snapshots}`, plainBytes * snapshots),
    part('with what a database takes that holds nothing', files),
    part(`${snapshots} snapshots`, snapshotBytes),
    part(`${bodies} bodies`, bodyBytes),
    part(`${marks} marks`, markBytes),
    part('rows, indexes and SQLite', files - empty.files - snapshotBytes - bodyBytes - markBytes),
  ]
}
