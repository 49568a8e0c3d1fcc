/**
 * A native SQLite database as a Capacitor plugin gives it, for the stores in it: all of one database's work one after another, what is written
 * in one transaction, bytes as text. Knows no plugin, only what is used of `@capacitor-community/sqlite`'s connections.
 *
 * @module
 */
import { base64urlToBytes, bytesToBase64url, SyncError, type Bytes } from '@y-sealed/protocol'
import { Turns } from '../stores/turns.ts'

/** What is used of the plugin's `SQLiteDBConnection`. */
export interface SqliteConnection {
  /** Runs statements without values. */
  execute(statements: string, transaction?: boolean): Promise<unknown>
  /** Runs statements with values, in one transaction. */
  executeSet(set: SqliteStatement[], transaction?: boolean): Promise<unknown>
  query(statement: string, values?: SqliteValue[]): Promise<{ readonly values?: unknown[] }>
}

/** Bytes cross the bridge to native code as numbers on one platform and as base64 on another: the stores use text alone. */
export type SqliteValue = string | number

export interface SqliteStatement {
  readonly statement: string
  readonly values: SqliteValue[]
}

/** A row as it comes: nothing of it is believed. */
export type SqliteRow = Readonly<Record<string, unknown>>

const SCHEMA = `
CREATE TABLE IF NOT EXISTS entries (
  document TEXT NOT NULL, seq INTEGER NOT NULL, envelope TEXT NOT NULL, checksum TEXT NOT NULL, is_record INTEGER NOT NULL,
  PRIMARY KEY (document, seq)
);
CREATE INDEX IF NOT EXISTS records ON entries (document, is_record, seq);
CREATE TABLE IF NOT EXISTS heads (document TEXT PRIMARY KEY NOT NULL, head TEXT NOT NULL, checksum TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bases (document TEXT PRIMARY KEY NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS snapshots (
  document TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, envelope TEXT NOT NULL, checksum TEXT NOT NULL,
  PRIMARY KEY (document, seq)
);
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL, session TEXT NOT NULL, counter INTEGER NOT NULL, envelope TEXT NOT NULL,
  UNIQUE (document, session, counter)
);
`

/** What one piece of work may do. */
export interface SqliteWork {
  read(statement: string, ...values: SqliteValue[]): Promise<readonly SqliteRow[]>
  /** All of the statements or none; durable when it resolves. */
  write(statements: readonly SqliteStatement[]): Promise<void>
}

export class SqliteDatabase {
  readonly #connection: SqliteConnection
  readonly #turns = new Turns()
  #isClosed = false

  /** Makes the tables where they are not there. Throws `STORAGE_UNAVAILABLE` where the database cannot be used. */
  static async open(connection: SqliteConnection): Promise<SqliteDatabase> {
    await connection.execute(SCHEMA, true).catch((error: unknown) => Promise.reject(toStorageError(error)))
    return new SqliteDatabase(connection)
  }

  private constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** Nothing else of this database happens meanwhile. Throws `STORAGE_FULL`, `STORAGE_UNAVAILABLE`, `STORAGE_CLOSED` and as `work` does. */
  async take<T>(work: (database: SqliteWork) => Promise<T>): Promise<T> {
    return await this.#turns.take(async () => {
      if (this.#isClosed) throw new SyncError('STORAGE_CLOSED', 'the storage was closed')
      return await work({
        read: (statement, ...values) => this.#read(statement, values),
        write: (statements) => this.#write(statements),
      })
    })
  }

  /** Resolves when all that was asked for is done; the connection stays the caller's. */
  async close(): Promise<void> {
    const rest = this.#turns.rest()
    await rest
    this.#isClosed = true
  }

  async #read(statement: string, values: SqliteValue[]): Promise<readonly SqliteRow[]> {
    try {
      const { values: rows = [] } = await this.#connection.query(statement, values)
      return rows as readonly SqliteRow[]
    } catch (error) {
      throw toStorageError(error)
    }
  }

  async #write(statements: readonly SqliteStatement[]): Promise<void> {
    if (statements.length === 0) return
    try {
      await this.#connection.executeSet([...statements], true)
    } catch (error) {
      throw toStorageError(error)
    }
  }
}

/** A statement and what stands for its question marks. */
export function sql(statement: string, ...values: SqliteValue[]): SqliteStatement {
  return { statement, values }
}

/** Text of bytes. */
export const textOf: (bytes: Uint8Array) => string = bytesToBase64url

/** Bytes of text that was stored; `null` for what is none. */
export function bytesIn(value: unknown): Bytes | null {
  return typeof value === 'string' ? base64urlToBytes(value) : null
}

/** A whole number that was stored; `NaN` for what is none. */
export function numberIn(value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : Number.NaN
}

/** Plugins reject with texts of the platform's own, some with nothing but a text. */
function toStorageError(error: unknown): SyncError {
  const text = error instanceof Error ? error.message : String(error)
  return /disk is full|SQLITE_FULL|no space left/i.test(text)
    ? new SyncError('STORAGE_FULL', "this device's storage is full", { cause: error })
    : new SyncError('STORAGE_UNAVAILABLE', "this device's database cannot be used", { cause: error })
}
