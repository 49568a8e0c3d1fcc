/**
 * The one IndexedDB database of an app: its tables, and a connection that is opened again whenever it is lost. What is written has reached
 * the disk, as far as the browser can tell, when the promise resolves.
 *
 * @module
 */
import { SyncError, type Bytes } from '@y-sealed/protocol'
import { deleteDB, openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb'
import { startTimer } from '../platform.ts'
import type { OutboxItem } from '../outbox/outbox.ts'
import type { StoredEntry, StoredSnapshot } from '../stores/document-store.ts'
import { isLostConnection, storageUnavailable, toStorageError } from './storage-error.ts'

const VERSION = 3

/** How often work is begun anew on a fresh connection. */
const REOPENINGS = 2

/** After the browser has ended a connection; longer each time. */
const FIRST_REOPENING_MS = 50
const LONGEST_REOPENING_MS = 10_000

/** The key that wraps all keys: it can be used here and never be read. */
export interface WrappingKey {
  /** 16 random bytes. */
  readonly id: Bytes
  readonly key: CryptoKey
}

/** An entry as a row. */
export interface EntryRow extends StoredEntry {
  readonly document: Bytes
  /** By which damage is known. */
  readonly check: Bytes
  /** The document once more where the entry is a record, else absent, and so is the row from the index of records. */
  readonly recordOf?: Bytes
}

/** An encoded signed head. */
export interface HeadRow {
  readonly bytes: Bytes
  readonly check: Bytes
}

/** A snapshot as a row. */
export interface SnapshotRow extends StoredSnapshot {
  readonly document: Bytes
  readonly check: Bytes
}

/** An item as a row, numbered in the order of the puts. */
export interface OutboxRow extends OutboxItem {
  readonly id?: number
}

export interface Schema extends DBSchema {
  wrapping: { key: string; value: WrappingKey }
  /** By name: wrapped values. */
  keys: { key: string; value: Bytes }
  outbox: { key: number; value: OutboxRow; indexes: { place: [Bytes, Bytes, number] } }
  entries: { key: [Bytes, number]; value: EntryRow; indexes: { records: [Bytes, number] } }
  /** By document: encoded signed heads. */
  heads: { key: Bytes; value: HeadRow }
  snapshots: { key: [Bytes, number]; value: SnapshotRow }
  /** By document: the seq behind which the log begins. Absent where that is 1. */
  bases: { key: Bytes; value: number }
  /** By document and session: the name of the tab whose it is. Where there are Web Locks, none. */
  claims: { key: [Bytes, Bytes]; value: string }
}

type Table = StoreNames<Schema>
type Mode = 'readonly' | 'readwrite'
export type Transaction<M extends Mode> = IDBPTransaction<Schema, Table[], M>

export class Database {
  readonly name: string
  /** A connection was lost and is there again, with whatever the browser has left. */
  onReopened: () => void = () => undefined
  /** The app is deleting it, here or in another tab. */
  onWiped: () => void = () => undefined
  /** There was nothing of that name when it was opened first. */
  isNew = false
  #wasOpen = false
  #connection: Promise<IDBPDatabase<Schema>> | null = null
  #closed = false

  constructor(name: string) {
    this.name = name
  }

  /** Runs `work` on these tables as they stand. It may await nothing but the transaction's own requests. */
  read<T>(tables: Table[], work: (transaction: Transaction<'readonly'>) => Promise<T>): Promise<T> {
    return this.#run(tables, 'readonly', work)
  }

  /**
   * Runs `work` whole or not at all; resolves when it would survive a crash. It may be run again on a fresh connection, so what it does
   * must not depend on how often. Throws `STORAGE_FULL`, `STORAGE_NEWER`, `STORAGE_UNAVAILABLE`, `STORAGE_CLOSED`, and what `work` throws.
   */
  write<T>(tables: Table[], work: (transaction: Transaction<'readwrite'>) => Promise<T>): Promise<T> {
    return this.#run(tables, 'readwrite', work)
  }

  /** Closes the connection; nothing is opened again. */
  async close(): Promise<void> {
    this.#closed = true
    const connection = await this.#connection?.catch(() => null)
    connection?.close()
    this.#connection = null
  }

  async #run<T, M extends Mode>(
    tables: Table[],
    mode: M,
    work: (transaction: Transaction<M>) => Promise<T>,
  ): Promise<T> {
    for (let reopened = 0; ; reopened++) {
      const connecting = this.#connect()
      try {
        return await transact(await connecting, tables, mode, work)
      } catch (error) {
        if (this.#connection === connecting && isLostConnection(error)) await this.#drop(connecting)
        if (!isLostConnection(error) || reopened === REOPENINGS) throw toStorageError(error)
      }
    }
  }

  #connect(): Promise<IDBPDatabase<Schema>> {
    if (this.#closed) return Promise.reject(new SyncError('STORAGE_CLOSED', 'this storage has been closed'))
    if (this.#connection) return this.#connection
    const forget = (): void => {
      if (this.#connection === connecting) this.#connection = null
    }
    const connecting = openTables(this.name, {
      onMade: () => (this.isNew ||= !this.#wasOpen),
      onLost: forget,
      onWiped: () => this.onWiped(),
      onTerminated: () => {
        forget()
        this.#reopen(FIRST_REOPENING_MS)
      },
    })
    this.#connection = connecting
    connecting.then(
      () => {
        if (this.#wasOpen) this.onReopened()
        this.#wasOpen = true
      },
      // An opening that failed is no connection: the next work tries again.
      forget,
    )
    return connecting
  }

  /** Whether all is gone is known once it is opened again: not only when there is something to write. */
  #reopen(delayMs: number): void {
    startTimer(delayMs, () => {
      if (this.#closed || delayMs > LONGEST_REOPENING_MS) return
      // While the browser deletes it, it refuses.
      this.#connect().catch(() => this.#reopen(2 * delayMs))
    })
  }

  async #drop(connecting: Promise<IDBPDatabase<Schema>>): Promise<void> {
    this.#connection = null
    const connection = await connecting.catch(() => null)
    connection?.close()
  }
}

/** Deletes a database; tabs that have it open lose their connection. */
export async function deleteDatabase(name: string): Promise<void> {
  try {
    await deleteDB(name)
  } catch (error) {
    throw toStorageError(error)
  }
}

interface Watcher {
  /** There was no such database. */
  readonly onMade: () => void
  readonly onLost: () => void
  /** It is being deleted by the app. */
  readonly onWiped: () => void
  /** The browser has ended it. */
  readonly onTerminated: () => void
}

async function openTables(name: string, watcher: Watcher): Promise<IDBPDatabase<Schema>> {
  if (typeof indexedDB === 'undefined') throw storageUnavailable()
  return openDB<Schema>(name, VERSION, {
    upgrade: (database, oldVersion) => {
      database.createObjectStore('claims')
      if (oldVersion === 2) return
      database.createObjectStore('snapshots', { keyPath: ['document', 'seq'] })
      database.createObjectStore('bases')
      if (oldVersion === 1) return
      watcher.onMade()
      database.createObjectStore('wrapping')
      database.createObjectStore('keys')
      const outbox = database.createObjectStore('outbox', { keyPath: 'id', autoIncrement: true })
      outbox.createIndex('place', ['document', 'session', 'counter'], { unique: true })
      const entries = database.createObjectStore('entries', { keyPath: ['document', 'seq'] })
      entries.createIndex('records', ['recordOf', 'seq'])
      database.createObjectStore('heads')
    },
    // Another tab wipes or upgrades the database: it must not wait for this one.
    blocking: (_current, version, event) => {
      if (version === null) watcher.onWiped()
      watcher.onLost()
      if (event.target instanceof IDBDatabase) event.target.close()
    },
    terminated: watcher.onTerminated,
  })
}

async function transact<T, M extends Mode>(
  connection: IDBPDatabase<Schema>,
  tables: Table[],
  mode: M,
  work: (transaction: Transaction<M>) => Promise<T>,
): Promise<T> {
  const transaction = connection.transaction(tables, mode, { durability: 'strict' })
  const ended = transaction.done.then(
    () => ({ ok: true as const }),
    (error: unknown) => ({ ok: false as const, error }),
  )
  let result: T
  try {
    result = await work(transaction)
  } catch (error) {
    abort(transaction)
    await ended
    // The requests of a transaction that the browser ended say only that it was ended; the transaction says why.
    throw transaction.error ?? error
  }
  const end = await ended
  if (!end.ok) throw end.error
  return result
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort()
  } catch {
    // It has ended already.
  }
}
