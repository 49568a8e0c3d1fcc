import Database from 'better-sqlite3'
import { statSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'

import { becomeShrinkable, giveBackPages } from '../../../../server/store/sqlite/free-pages.ts'
import { openDatabase } from '../../../../server/store/sqlite/open-database.ts'
import { openSqliteStore } from '../../../../server/store/sqlite/store.ts'
import { Writer, makeGenesis } from '../../../contract/append-units.ts'
import { appendOne } from '../../../contract/store-case.ts'
import { makeStorePath } from '../../../contract/store-directory.ts'

const PAGE_BYTES = 4096

/** A database that holds nothing but room where rows were. */
function emptied(db: Database.Database, rows: number): void {
  db.exec('CREATE TABLE ballast (x BLOB) STRICT')
  db.prepare(
    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO ballast SELECT zeroblob(4000) FROM n',
  ).run(rows)
  db.exec('DROP TABLE ballast')
}

describe('free pages', () => {
  it('[LO15] makes files that shrink in steps, to what stands in them and a little', () => {
    const path = makeStorePath()
    const { db, close } = openDatabase({ path })
    onTestFinished(close)
    const blank = db.pragma('page_count', { simple: true }) as number
    emptied(db, 500)
    expect(db.pragma('freelist_count', { simple: true })).toBeGreaterThan(499)
    expect(giveBackPages(db, 64)).toBe(64)
    let steps = 1
    while (giveBackPages(db, 64) > 0) steps++
    expect(steps).toBeGreaterThan(6)
    db.pragma('wal_checkpoint(TRUNCATE)')
    expect(statSync(path).size).toBeLessThanOrEqual(Math.ceil((blank * 17) / 16) * PAGE_BYTES)
  })

  it('[LO15] rewrites a file of an earlier version once, and leaves a large one as it is', () => {
    const path = makeStorePath()
    openDatabase({ path }).close()
    const old = new Database(path)
    old.pragma('journal_mode = DELETE')
    old.pragma('auto_vacuum = 0')
    old.exec('VACUUM')
    emptied(old, 100)
    becomeShrinkable(old, 100 * PAGE_BYTES)
    expect(old.pragma('auto_vacuum', { simple: true })).toBe(0)
    expect(giveBackPages(old, 64)).toBe(0)
    old.close()
    const { db, close } = openDatabase({ path })
    onTestFinished(close)
    expect(db.pragma('auto_vacuum', { simple: true })).toBe(2)
    expect(db.pragma('freelist_count', { simple: true })).toBe(0)
  })

  it('[LO15] gives back what a removed document took', async () => {
    const path = makeStorePath()
    const store = openSqliteStore({ path })
    onTestFinished(() => store.close())
    const document = makeGenesis()
    await appendOne(store, document.genesis)
    await appendOne(store, new Writer(document.id, document.creator.seen, document.creator.device).unit({ size: 1e6 }))
    await store.remove(document.id)
    const before = statSync(path).size
    let pages = 0
    for (let step = 1; step > 0; pages += step) step = await store.snapshots.shrink(64)
    expect(pages).toBeGreaterThan(200)
    // The file itself is cut when the journal is folded into it.
    await store.close()
    expect(statSync(path).size).toBeLessThan(before - 200 * PAGE_BYTES)
  })
})
