import Database from 'better-sqlite3'
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { describe, expect, it, onTestFinished } from 'vitest'

import { checkRuntime } from '../../../../server/store/sqlite/check-runtime.ts'
import { openDatabase, type OpenDatabase, type OpenOptions } from '../../../../server/store/sqlite/open-database.ts'
import { makeStorePath } from '../../../contract/store-directory.ts'
import { REPOSITORY_ROOT } from '../../../support/repository.ts'

function open(options: OpenOptions): OpenDatabase {
  const database = openDatabase(options)
  onTestFinished(() => {
    database.close()
  })
  return database
}

describe('opening a store', () => {
  it('[I1] has every setting in force, when it creates the file and when it opens it again', () => {
    const path = makeStorePath()
    for (let round = 0; round < 3; round++) {
      const { db, close } = openDatabase({ path, maxPages: 5000 })
      const read = (name: string): unknown => db.pragma(name, { simple: true })
      expect(read('journal_mode')).toBe('wal')
      expect(read('synchronous')).toBe(2)
      expect(read('foreign_keys')).toBe(1)
      expect(read('trusted_schema')).toBe(0)
      expect(read('secure_delete')).toBe(1)
      expect(read('busy_timeout')).toBe(5000)
      expect(read('journal_size_limit')).toBe(67_108_864)
      expect(read('max_page_count')).toBe(5000)
      close()
    }
  })

  it('[I1] refuses a quota that is not in force because the file is larger already', () => {
    const path = makeStorePath()
    openDatabase({ path }).close()
    expect(() => openDatabase({ path, maxPages: 2 })).toThrow(expect.objectContaining({ code: 'STORE_UNSAFE' }))
    open({ path })
  })

  it('[I8] lets nobody but the owner reach directory, file and journals', () => {
    const path = join(dirname(makeStorePath()), 'new', 'deep', 'store.sqlite')
    const { db } = open({ path })
    db.exec('CREATE TABLE t (x INTEGER) STRICT')
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    const files = readdirSync(dirname(path))
    expect(files.toSorted()).toEqual(['store.sqlite', 'store.sqlite-shm', 'store.sqlite-wal', 'store.sqlite.lock'])
    for (const file of files) expect([file, statSync(join(dirname(path), file)).mode & 0o777]).toEqual([file, 0o600])
  })

  it('[I8] narrows a file that was left open to others, and refuses such a directory', () => {
    const path = makeStorePath()
    openDatabase({ path }).close()
    chmodSync(path, 0o644)
    openDatabase({ path }).close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const shared = join(dirname(path), 'shared')
    mkdirSync(shared)
    chmodSync(shared, 0o755)
    expect(() => openDatabase({ path: join(shared, 'store.sqlite') })).toThrow(
      expect.objectContaining({ code: 'STORE_EXPOSED' }),
    )
    expect(readdirSync(shared)).toEqual([])
  })

  it('refuses the database of another application and leaves it as it was', () => {
    const path = makeStorePath()
    const foreign = new Database(path)
    foreign.exec('CREATE TABLE theirs (x)')
    foreign.close()
    expect(() => openDatabase({ path })).toThrow(expect.objectContaining({ code: 'STORE_FOREIGN' }))
    const again = new Database(path)
    expect(again.pragma('journal_mode', { simple: true })).toBe('delete')
    expect(again.pragma('application_id', { simple: true })).toBe(0)
    again.close()
  })

  it('refuses a file that is no database', () => {
    const path = makeStorePath()
    writeFileSync(path, 'a diary '.repeat(1000))
    expect(() => openDatabase({ path })).toThrow(expect.objectContaining({ code: 'STORE_FOREIGN' }))
  })

  it('refuses a file of a newer format', () => {
    const path = makeStorePath()
    const { db, close } = openDatabase({ path })
    db.pragma('user_version = 99')
    close()
    expect(() => openDatabase({ path })).toThrow(expect.objectContaining({ code: 'STORE_NEWER' }))
  })

  it('[I10] lets one store have the file: a second in this process is refused until the first is closed', () => {
    const path = makeStorePath()
    const { close } = openDatabase({ path })
    for (let i = 0; i < 3; i++) {
      expect(() => openDatabase({ path })).toThrow(expect.objectContaining({ code: 'STORE_LOCKED' }))
    }
    expect(openInAnotherProcess(path)).toBe('STORE_LOCKED')
    close()
    expect(openInAnotherProcess(path)).toBe('opened')
    open({ path })
  })

  it.each([
    ['12.11.1', 9],
    ['13.2.0', 10],
  ])('[0.16] runs better-sqlite3 %s under Node-API %i', (version, nodeApi) => {
    expect(() => checkRuntime(version, nodeApi)).not.toThrow()
  })

  it.each([
    ['13.2.0', 9],
    ['14.0.0', 9],
  ])('[0.16] refuses better-sqlite3 %s under Node-API %i instead of crashing', (version, nodeApi) => {
    expect(() => checkRuntime(version, nodeApi)).toThrow(expect.objectContaining({ code: 'STORE_RUNTIME' }))
  })
})

/** Opens the file in a child; what it prints. */
function openInAnotherProcess(path: string): string {
  const script = `
    const { openDatabase } = await import('./server/store/sqlite/open-database.ts')
    try { openDatabase({ path: process.env.STORE_PATH }).close(); console.log('opened') } catch (error) { console.log(error.code) }`
  const child = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--conditions=source', '--input-type=module', '--eval', script],
    { cwd: REPOSITORY_ROOT, env: { ...process.env, STORE_PATH: path }, encoding: 'utf8' },
  )
  return child.stdout.trim() || child.stderr
}
