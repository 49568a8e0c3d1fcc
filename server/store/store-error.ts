/**
 * The failures of a store: what keeps it from opening, and what makes the outcome of a call unknown. A unit that is
 * refused is no failure; it is an `AppendResult`.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'

/**
 * Why a store does not open (`STORE_LOCKED` … `STORE_RUNTIME`), or why a call failed (the others). Calls that failed
 * with `STORE_FULL`, `STORE_BUSY` or `STORE_IO` stored nothing and may be repeated as they are. [H16]
 */
export type StoreErrorCode =
  /** Another process (or another store of this one) has the file open. [I10] */
  | 'STORE_LOCKED'
  /** The file is no store of ours. */
  | 'STORE_FOREIGN'
  /** The file was written by a newer version. */
  | 'STORE_NEWER'
  /** A setting on which durability or safety rests did not take effect. [I1] */
  | 'STORE_UNSAFE'
  /** Others than the owner may reach the file. [I8] */
  | 'STORE_EXPOSED'
  /** This Node cannot run the installed SQLite driver. */
  | 'STORE_RUNTIME'
  | 'STORE_FULL'
  | 'STORE_BUSY'
  | 'STORE_IO'
  | 'STORE_CORRUPT'
  | 'STORE_CLOSED'
  | 'STORE_FAILED'

/** A store that cannot open or go on. Switch on `code`. */
export class StoreError extends SyncError {
  override readonly name = 'StoreError'
  declare readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(code, message, cause === undefined ? undefined : { cause })
  }
}
