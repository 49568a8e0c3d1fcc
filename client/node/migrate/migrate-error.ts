/**
 * Why a document in plaintext cannot be read or written, in words for the person at the terminal.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'

/**
 * `BAD_SOURCE`: what was named is no document, or not whole. `NO_SUCH_DOCUMENT`: the database holds none of that name. `READER_MISSING`: the
 * package that reads such databases is not installed. `NOT_THE_SAME`: what the relay gives back is not what was imported.
 */
export type MigrateCode = 'BAD_SOURCE' | 'NO_SUCH_DOCUMENT' | 'READER_MISSING' | 'NOT_THE_SAME'

export class MigrateError extends SyncError {
  override readonly name = 'MigrateError'
  declare readonly code: MigrateCode
}
