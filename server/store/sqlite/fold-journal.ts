/**
 * Everything that was committed to a store brought into the one file, with no journal beside it.
 *
 * @module
 */
import Database from 'better-sqlite3'

/** False for a file that is past reading. SQLite may then have taken away what was its journal. No process may have it open. */
export function foldJournal(path: string): boolean {
  try {
    const db = new Database(path, { fileMustExist: true })
    try {
      db.pragma('wal_checkpoint(TRUNCATE)')
    } finally {
      // The last connection that is closed takes the journal away.
      db.close()
    }
    return true
  } catch {
    return false
  }
}
