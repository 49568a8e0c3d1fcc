/**
 * Where a document in plaintext lies: a file with a Yjs update, a folder of y-leveldb, a SQLite file of Hocuspocus. It is read only.
 *
 * @module
 */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type * as Y from 'yjs'
import { MigrateError } from './migrate-error.ts'
import { importOptional } from './optional-package.ts'
import { readUpdate, type UpdateFormat } from './read-update.ts'

/** Documents by name. */
export interface PlainSource {
  readonly kind: 'Yjs update' | 'y-leveldb' | 'Hocuspocus SQLite'
  readonly names: readonly string[]
  /** Throws `NO_SUCH_DOCUMENT`, `BAD_SOURCE`. */
  read(name: string): Promise<Y.Doc>
  close(): Promise<void>
}

const SQLITE_MAGIC = 'SQLite format 3\0'

/** Finds out what `path` is. Throws `BAD_SOURCE` for what is none of these, `READER_MISSING`, and as the file system does. */
export async function openPlainSource(path: string, format: UpdateFormat | null = null): Promise<PlainSource> {
  if ((await stat(path)).isDirectory()) return await openLevelDb(path)
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SQLITE_MAGIC.length), 0, SQLITE_MAGIC.length, 0)
    if (buffer.toString('latin1', 0, bytesRead) === SQLITE_MAGIC) return await openSqlite(path)
  } finally {
    await file.close()
  }
  const name = basename(path)
  const doc = readUpdate(await readFile(path), format)
  return { kind: 'Yjs update', names: [name], read: () => Promise.resolve(doc), close: () => Promise.resolve() }
}

/** y-leveldb's own; it names no types of use. */
interface LevelDb {
  getAllDocNames(): Promise<string[]>
  getDiff(name: string, stateVector: Uint8Array): Promise<Uint8Array>
  destroy(): Promise<void>
}

async function openLevelDb(path: string): Promise<PlainSource> {
  // Every LevelDB has it: which of its files is in force.
  const isDatabase = await settle(() => stat(join(path, 'CURRENT')))
  if (isDatabase === null) throw new MigrateError('BAD_SOURCE', `${path} is a folder, and no database of y-leveldb`)
  const { LeveldbPersistence } = (await importOptional('y-leveldb', 'a y-leveldb database')) as {
    readonly LeveldbPersistence: new (path: string) => LevelDb
  }
  // LevelDB writes when it opens, and y-leveldb when it reads: the owner's database stays as it is.
  const folder = mkdtempSync(join(tmpdir(), 'y-sealed-import-'))
  // It is in the clear: it goes with the process too.
  const forget = (): void => removeWhole(folder)
  process.once('exit', forget)
  // LevelDB makes a folder that is missing, but not the one above it: once both are gone, nothing comes back.
  const copy = join(folder, 'database')
  // In one turn: no thread of Node's may go on copying while the process ends.
  cpSync(path, copy, { recursive: true })
  rmSync(join(copy, 'LOCK'), { force: true })
  const database = new LeveldbPersistence(copy)
  const names = await database.getAllDocNames()
  return {
    kind: 'y-leveldb',
    names,
    read: async (name) => {
      checkName(name, names)
      return readUpdate(await database.getDiff(name, new Uint8Array([0])), 'v1')
    },
    close: async () => {
      await database.destroy()
      forget()
      process.off('exit', forget)
    },
  }
}

/**
 * Removes a folder in which a thread of LevelDB may be at work until the process ends: what it makes meanwhile goes as well, for `rmSync` looks
 * once at what a folder holds, however often it retries.
 */
function removeWhole(folder: string): void {
  const clock = new Int32Array(new SharedArrayBuffer(4))
  for (let left = 200; existsSync(folder); left--) {
    try {
      rmSync(folder, { recursive: true, force: true })
    } catch (error) {
      if (left === 0) throw error
      Atomics.wait(clock, 0, 0, 10)
    }
  }
}

/** What better-sqlite3 and Node's own module have in common. */
interface Sqlite {
  prepare(sql: string): { all(...values: readonly string[]): unknown[]; get(...values: readonly string[]): unknown }
  close(): void
}

async function openSqlite(path: string): Promise<PlainSource> {
  const database = await openDatabase(path)
  const rows = await settle(() => database.prepare('SELECT name FROM documents ORDER BY name').all())
  if (rows === null) {
    database.close()
    throw new MigrateError(
      'BAD_SOURCE',
      `${path} is a SQLite file, and not one of Hocuspocus: it has no table "documents"`,
    )
  }
  const names = rows.map((row) => (row as { readonly name: string }).name)
  return {
    kind: 'Hocuspocus SQLite',
    names,
    read: (name) => {
      checkName(name, names)
      const { data } = database.prepare('SELECT data FROM documents WHERE name = ?').get(name) as {
        readonly data: Uint8Array
      }
      return Promise.resolve(readUpdate(new Uint8Array(data), 'v1'))
    },
    close: () => {
      database.close()
      return Promise.resolve()
    },
  }
}

interface BuiltinSqlite {
  readonly DatabaseSync: new (path: string, options: { readonly readOnly: boolean }) => Sqlite
}

/** By Node's own module where there is one, which is from 22.5 on; else by better-sqlite3. */
async function openDatabase(path: string): Promise<Sqlite> {
  const { getBuiltinModule } = process as unknown as { readonly getBuiltinModule?: (name: string) => unknown }
  const builtin = getBuiltinModule?.('node:sqlite') as BuiltinSqlite | undefined
  if (builtin !== undefined) return new builtin.DatabaseSync(path, { readOnly: true })
  const { default: Database } = (await importOptional('better-sqlite3', 'a SQLite file of Hocuspocus')) as {
    readonly default: new (
      path: string,
      options: { readonly readonly: boolean; readonly fileMustExist: boolean },
    ) => Sqlite
  }
  return new Database(path, { readonly: true, fileMustExist: true })
}

async function settle<T>(ask: () => T | Promise<T>): Promise<T | null> {
  try {
    return await ask()
  } catch {
    return null
  }
}

function checkName(name: string, names: readonly string[]): void {
  if (names.includes(name)) return
  throw new MigrateError('NO_SUCH_DOCUMENT', `there is no document "${name}" in it: --list shows which there are`)
}
