/**
 * SQLite's result codes in the store's words.
 *
 * @module
 */
import { StoreError, type StoreErrorCode } from '../store-error.ts'

const CODES: readonly (readonly [string, StoreErrorCode, string])[] = [
  ['SQLITE_FULL', 'STORE_FULL', 'the disk or the quota of the store is full'],
  ['SQLITE_BUSY', 'STORE_BUSY', 'the store is busy'],
  ['SQLITE_LOCKED', 'STORE_BUSY', 'the store is busy'],
  ['SQLITE_IOERR', 'STORE_IO', 'the store cannot read or write its file'],
  ['SQLITE_CANTOPEN', 'STORE_IO', 'the store cannot open its file'],
  ['SQLITE_READONLY', 'STORE_IO', 'the store cannot write its file'],
  ['SQLITE_NOMEM', 'STORE_IO', 'the store has no memory'],
  ['SQLITE_CORRUPT', 'STORE_CORRUPT', 'the file of the store is damaged'],
  ['SQLITE_NOTADB', 'STORE_CORRUPT', 'the file of the store is damaged'],
]

/** The store error of anything thrown; extended codes (`SQLITE_IOERR_FSYNC`) count as their family. */
export function sqliteToStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const code = String((error as { readonly code?: unknown }).code)
  for (const [family, storeCode, message] of CODES) {
    if (code.startsWith(family)) return new StoreError(storeCode, message, error)
  }
  return new StoreError('STORE_FAILED', 'the store failed', error)
}
