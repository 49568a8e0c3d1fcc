/**
 * Opening a store's file: who may read it, that one process has it, that it is ours, and that every setting on which
 * durability and safety rest is in force. A setting is set *and read back* at every open: the driver was seen to report one
 * to the connection that creates a WAL database, and to give another to every later one. [I1]
 *
 * @module
 */
import Database from 'better-sqlite3'
import { chmodSync, closeSync, fdatasyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

import { StoreError } from '../store-error.ts'
import { checkRuntime, installedDriverVersion } from './check-runtime.ts'
import { becomeShrinkable, makeShrinkable } from './free-pages.ts'
import { checkOwnership, migrate } from './migrations.ts'
import { acquireProcessLock } from './process-lock.ts'

export interface OpenOptions {
  readonly path: string
  /** Upper bound of the file, in pages of 4 KiB; appends beyond it fail with `STORE_FULL`. */
  readonly maxPages?: number
  /** Page cache in KiB. */
  readonly cacheKib?: number
  /** How long a commit waits for another program that holds the file. */
  readonly busyTimeoutMs?: number
}

export interface OpenDatabase {
  readonly db: Database.Database
  /** Of the journal that `db` writes; to be synced after each commit. */
  readonly journalDescriptor: number
  /** Of the database file; to be synced, and closed by `close` alone. */
  readonly fileDescriptor: number
  readonly close: () => void
}

/**
 * Opens or creates the file at `path`, brought to the present format. Throws `StoreError`: `STORE_RUNTIME`,
 * `STORE_EXPOSED`, `STORE_LOCKED`, `STORE_FOREIGN`, `STORE_NEWER`, `STORE_UNSAFE`.
 */
export function openDatabase({
  path,
  maxPages = 0xffff_fffe,
  cacheKib = 65_536,
  busyTimeoutMs = 5000,
}: OpenOptions): OpenDatabase {
  checkRuntime(installedDriverVersion(), Number(process.versions['napi']))
  guardFiles(path)
  const lock = acquireProcessLock(`${path}.lock`)
  let db: Database.Database | undefined
  const descriptors: number[] = []
  const closeAll = (): void => {
    db?.close()
    // Only now: the first descriptor of the file that is closed takes the process's locks with it.
    for (const descriptor of descriptors.splice(0)) closeSync(descriptor)
    lock.release()
  }
  try {
    db = new Database(path, { timeout: busyTimeoutMs })
    checkOwnership(db)
    makeShrinkable(db)
    for (const [name, value, expected] of settings(maxPages, cacheKib, busyTimeoutMs)) {
      db.pragma(`${name} = ${value}`)
      const actual: unknown = db.pragma(name, { simple: true })
      if (actual !== expected) {
        throw new StoreError('STORE_UNSAFE', `${name} is ${String(actual)} and must be ${expected}`)
      }
    }
    migrate(db)
    becomeShrinkable(db)
    settleJournal(db, busyTimeoutMs)
    // The journal is the same file for as long as a connection is open.
    const journalDescriptor = openSync(`${path}-wal`, 'r+')
    descriptors.push(journalDescriptor)
    const fileDescriptor = openSync(path, 'r+')
    descriptors.push(fileDescriptor)
    fdatasyncSync(journalDescriptor)
    return { db, journalDescriptor, fileDescriptor, close: closeAll }
  } catch (error) {
    closeAll()
    if ((error as { code?: unknown }).code === 'SQLITE_NOTADB') {
      throw new StoreError('STORE_FOREIGN', 'the file is no database', error)
    }
    throw error
  }
}

/**
 * What the last process left in the journal, synced or not, is carried over into the file and synced there, before anybody is told of it.
 * Written anew, it is sound even where that process ended because a sync had failed. Left for later while another program reads it, and on a
 * full disk. [I3] [I9]
 */
function settleJournal(db: Database.Database, busyTimeoutMs: number): void {
  db.pragma('busy_timeout = 0')
  try {
    db.pragma('wal_checkpoint(TRUNCATE)')
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (code !== 'SQLITE_FULL' && code !== 'SQLITE_BUSY') throw error
  }
  db.pragma(`busy_timeout = ${busyTimeoutMs}`)
}

/** Name, value to set, value to read back. */
function settings(
  maxPages: number,
  cacheKib: number,
  busyTimeoutMs: number,
): readonly (readonly [string, string | number, string | number])[] {
  return [
    ['journal_mode', 'WAL', 'wal'],
    // SQLite syncs the head of a journal and checkpoints; each commit is synced by `JournalSync`, before anybody is told of it.
    ['synchronous', 'NORMAL', 1],
    // On macOS fsync leaves what it wrote in the disk's own memory.
    ['checkpoint_fullfsync', 'ON', 1],
    ['foreign_keys', 'ON', 1],
    ['trusted_schema', 'OFF', 0],
    // What is deleted is overwritten with zeros. [I9]
    ['secure_delete', 'ON', 1],
    ['busy_timeout', busyTimeoutMs, busyTimeoutMs],
    ['journal_size_limit', 67_108_864, 67_108_864],
    // The bound at which SQLite makes a checkpoint by itself, in the loop: `Checkpointer` is there long before.
    ['wal_autocheckpoint', 16_384, 16_384],
    ['cache_size', -cacheKib, -cacheKib],
    ['max_page_count', maxPages, maxPages],
  ]
}

/**
 * Makes directory and files such that only the owner reaches them. What exists and is ours to narrow is narrowed; a
 * directory that others may enter is refused, for it may be meant for others. [I8]
 */
function guardFiles(path: string): void {
  const directory = dirname(path)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (process.platform === 'win32') return
  if ((statSync(directory).mode & 0o077) !== 0) {
    throw new StoreError('STORE_EXPOSED', `the directory of the store is open to other users: chmod 700 ${directory}`)
  }
  for (const file of [path, `${path}.lock`]) {
    // SQLite gives its journals the mode of the file beside them. Created only if absent: opening and closing a file that
    // a store of this process has locked would drop its lock.
    try {
      closeSync(openSync(file, 'wx', 0o600))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    chmodSync(file, 0o600)
  }
}
