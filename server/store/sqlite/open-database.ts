/**
 * Opening a store's file: who may read it, that one process has it, that it is ours, and that every setting on which
 * durability and safety rest is in force. A setting is set *and read back* at every open: better-sqlite3 reports
 * `synchronous = FULL` to the connection that creates a WAL database and silently gives NORMAL, which does not sync a
 * commit, to every later one. [I1]
 *
 * @module
 */
import Database from 'better-sqlite3'
import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
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
  } catch (error) {
    db?.close()
    lock.release()
    if ((error as { code?: unknown }).code === 'SQLITE_NOTADB') {
      throw new StoreError('STORE_FOREIGN', 'the file is no database', error)
    }
    throw error
  }
  const opened = db
  return {
    db: opened,
    close() {
      opened.close()
      lock.release()
    },
  }
}

/** Name, value to set, value to read back. */
function settings(
  maxPages: number,
  cacheKib: number,
  busyTimeoutMs: number,
): readonly (readonly [string, string | number, string | number])[] {
  return [
    ['journal_mode', 'WAL', 'wal'],
    ['synchronous', 'FULL', 2],
    ['foreign_keys', 'ON', 1],
    ['trusted_schema', 'OFF', 0],
    // What is deleted is overwritten with zeros. [I9]
    ['secure_delete', 'ON', 1],
    ['busy_timeout', busyTimeoutMs, busyTimeoutMs],
    ['journal_size_limit', 67_108_864, 67_108_864],
    ['wal_autocheckpoint', 1000, 1000],
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
