/**
 * Lets a process tell, in a file that outlives it, whether a COMMIT of a database is under way: its first byte is `1` then, `0` otherwise. Behind
 * it stands what was on the disk before that COMMIT: frames of the journal, and when the database itself was last written.
 *
 * @module
 */
import Database from 'better-sqlite3'
import { openSync, readSync, statSync, writeSync } from 'node:fs'

export interface MarkedCommits {
  readonly database: string
  /** File that says whether a COMMIT is under way. */
  readonly marker: string
}

/** Makes every `COMMIT` that is prepared from now on tell that it begins, upon what, and that it is over. */
export function markCommits({ marker: path, database }: MarkedCommits): void {
  const marker = openSync(path, 'w')
  const index = Buffer.alloc(20)
  let shm: number | null = null
  const tellBegin = (): void => {
    shm ??= openSync(`${database}-shm`, 'r')
    // Of the wal-index header: mxFrame, in the machine's order of bytes. (sqlite.org/walformat.html, 2.2)
    readSync(shm, index, 0, 20, 0)
    const frames = String(index.readUInt32LE(16)).padStart(10)
    writeSync(marker, `1${frames} ${statSync(database).mtimeMs}\n`, 0)
  }
  const prepare = Reflect.get(Database.prototype, 'prepare') as (this: unknown, source: string) => Database.Statement
  Reflect.set(Database.prototype, 'prepare', function (this: unknown, source: string) {
    const statement = prepare.call(this, source)
    if (source !== 'COMMIT') return statement
    const run = statement.run.bind(statement)
    statement.run = (...parameters) => {
      tellBegin()
      try {
        return run(...parameters)
      } finally {
        writeSync(marker, '0', 0)
      }
    }
    return statement
  })
}
