/**
 * A copy of a store's file as of one moment, made while a relay writes to it: SQLite's own backup, from a read transaction that stays open,
 * so that what is committed meanwhile does not make it begin anew. Commits are not held up by it; the journal grows as long as it lasts.
 *
 * @module
 */
import Database from 'better-sqlite3'
import { closeSync, fdatasyncSync, fsyncSync, openSync } from 'node:fs'

import { checkRuntime, installedDriverVersion } from './check-runtime.ts'
import { checkOwnership, migrate } from './migrations.ts'
import { sqliteToStoreError } from './sqlite-error.ts'

export interface CopyOptions {
  readonly from: string
  /** An empty file with the mode that the copy is to have. */
  readonly to: string
  readonly onProgress?: (doneBytes: number, allBytes: number) => void
}

/** A megabyte a turn: what waits for the processor or the disk waits no longer than that. */
const PAGES_A_TURN = 256

/** So much is synced at once: left to the end, one large sync was measured to hold up a relay's commits on the same disk by 100 to 180 ms. */
const SYNC_BYTES = 4 << 20

/** Bytes copied. Rejects with `StoreError`: `STORE_FOREIGN`, `STORE_NEWER`, `STORE_RUNTIME`, `STORE_FULL` (of the copy), `STORE_IO`, `STORE_CORRUPT`. */
export async function copyDatabase({ from, to, onProgress }: CopyOptions): Promise<number> {
  checkRuntime(installedDriverVersion(), Number(process.versions['napi']))
  // Open until all is done: SQLite's locks on the copy, which nobody else knows, end with the first descriptor that is closed.
  const file = openSync(to, 'r+')
  let db: Database.Database | undefined
  try {
    // Not `readonly`: such a connection cannot take its journal away again, and would leave files behind.
    db = new Database(from, { fileMustExist: true, timeout: 5000 })
    db.pragma('query_only = ON')
    checkOwnership(db)
    const pageBytes = db.pragma('page_size', { simple: true }) as number
    db.exec('BEGIN')
    // The moment begins with the first read.
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    let syncedBytes = 0
    const { totalPages } = await db.backup(to, {
      progress({ totalPages: all, remainingPages }) {
        const doneBytes = (all - remainingPages) * pageBytes
        onProgress?.(doneBytes, all * pageBytes)
        if (doneBytes - syncedBytes >= SYNC_BYTES) {
          syncedBytes = doneBytes
          fdatasyncSync(file)
        }
        return PAGES_A_TURN
      },
    })
    db.exec('COMMIT')
    return totalPages * pageBytes
  } catch (error) {
    throw sqliteToStoreError(error)
  } finally {
    db?.close()
    closeSync(file)
  }
}

/**
 * Makes a copy a file that stands alone, in the present format, and synced: no journal beside it, and none needed to read it. Throws
 * `StoreError`.
 */
export function finishCopy(path: string): void {
  try {
    const db = new Database(path, { fileMustExist: true })
    try {
      db.pragma('journal_mode = DELETE')
      db.pragma('synchronous = FULL')
      migrate(db)
    } finally {
      db.close()
    }
    const file = openSync(path, 'r+')
    fsyncSync(file)
    closeSync(file)
  } catch (error) {
    throw sqliteToStoreError(error)
  }
}
