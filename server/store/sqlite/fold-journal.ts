/**
 * Everything that was committed to a store brought into the one file, with no journal beside it.
 *
 * @module
 */
import Database from 'better-sqlite3'

import { sqliteToStoreError } from './sqlite-error.ts'

/**
 * `unreadable`: the file is past reading, and SQLite may have taken away what was its journal. `busy`: another program reads an older state of
 * it, and the journal is still needed.
 */
export function foldJournal(path: string): 'folded' | 'unreadable' | 'busy' {
  try {
    const db = new Database(path, { fileMustExist: true, timeout: 2000 })
    try {
      return db.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0 ? 'folded' : 'busy'
    } finally {
      // The last connection that is closed takes the journal away.
      db.close()
    }
  } catch (error) {
    return sqliteToStoreError(error).code === 'STORE_BUSY' ? 'busy' : 'unreadable'
  }
}
