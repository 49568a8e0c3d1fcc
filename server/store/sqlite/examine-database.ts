/**
 * A store looked at through SQLite, beside a relay that may have it open: nothing is written, and no file is touched by other means,
 * which would drop SQLite's locks. Rows 0.15, I1.
 *
 * @module
 */
import Database from 'better-sqlite3'

import { checkRuntime, installedDriverVersion } from './check-runtime.ts'
import { checkOwnership } from './migrations.ts'

export interface DatabaseReport {
  readonly documents: number
  readonly entries: number
  /** What SQLite's quick check has found; empty when all is well. */
  readonly damage: readonly string[]
  readonly journalMode: string
  /** Read back after asking for FULL on a connection of our own: 2 when commits will be synced. */
  readonly synchronous: number
}

const MAX_DAMAGES = 5

/** Throws `StoreError` (`STORE_FOREIGN`, `STORE_NEWER`, `STORE_RUNTIME`) or SQLite's own. The file must exist. Takes time with its size. */
export function examineDatabase(path: string): DatabaseReport {
  checkRuntime(installedDriverVersion(), Number(process.versions['napi']))
  // Not `readonly`: such a connection cannot take its journal away again, and would leave files behind.
  const db = new Database(path, { fileMustExist: true, timeout: 2000 })
  try {
    db.pragma('query_only = ON')
    checkOwnership(db)
    const count = (table: 'documents' | 'entries'): number =>
      db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? 0
    db.pragma('synchronous = FULL')
    const rows = db.pragma(`quick_check(${MAX_DAMAGES})`) as readonly { readonly quick_check: string }[]
    return {
      documents: count('documents'),
      entries: count('entries'),
      damage: rows.map((row) => row.quick_check).filter((text) => text !== 'ok'),
      journalMode: db.pragma('journal_mode', { simple: true }) as string,
      synchronous: db.pragma('synchronous', { simple: true }) as number,
    }
  } finally {
    db.close()
  }
}
