/**
 * One process per file: an exclusive lock that the operating system holds for the process and takes back when it dies,
 * by whatever death. SQLite itself is asked for it, on an empty file of its own beside the store, because its locks are
 * right on every system; they are advisory locks of the process (POSIX `fcntl`), so nothing in this process may ever
 * open these files by other means: closing such a descriptor would drop the lock. [I10]
 *
 * @module
 */
import Database from 'better-sqlite3'

import { StoreError } from '../store-error.ts'

export interface ProcessLock {
  readonly release: () => void
}

/** Throws `STORE_LOCKED` when this or another process holds the lock. Never waits. */
export function acquireProcessLock(path: string): ProcessLock {
  const db = new Database(path, { timeout: 0 })
  try {
    db.pragma('locking_mode = EXCLUSIVE')
    // Nothing is ever written: no journal beside it that could be left behind.
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    throw new StoreError('STORE_LOCKED', 'another process has the store open', error)
  }
  return {
    release() {
      db.close()
    },
  }
}
