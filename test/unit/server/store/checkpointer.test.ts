/**
 * Checkpoints beside the store: the journal stays short, and nothing of it is lost on the way.
 */
import Database from 'better-sqlite3'
import { closeSync, copyFileSync, openSync, readFileSync, statSync } from 'node:fs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import type { Store } from '../../../../server/core/ports.ts'
import { createCheckpointThread } from '../../../../server/store/sqlite/checkpoint-thread.ts'
import { Checkpointer } from '../../../../server/store/sqlite/checkpointer.ts'
import { openSqliteStore } from '../../../../server/store/sqlite/store.ts'
import { WriteGate } from '../../../../server/store/sqlite/write-gate.ts'
import { createTestDocument, type TestDocument, Writer } from '../../../contract/append-units.ts'
import { makeStorePath } from '../../../contract/store-directory.ts'

const FRAME_BYTES = 24 + 4096
const PAGES = 64

interface Scene extends TestDocument {
  readonly path: string
  readonly store: Store
}

async function createScene(checkpointPages = PAGES): Promise<Scene> {
  const path = makeStorePath()
  const store = openSqliteStore({ path, checkpointPages })
  onTestFinished(() => store.close())
  return { path, store, ...(await createTestDocument(store)) }
}

/** Commits so many times, one after another. */
async function commit({ store, creator }: Scene, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const [result] = await store.append([creator.unit({ size: 3000 })])
    expect(result).toMatchObject({ status: 'stored', fresh: 1 })
  }
}

function journalBytes({ path }: Scene): number {
  return statSync(`${path}-wal`).size
}

async function expectWhole({ store, id, path }: Scene, entries: number): Promise<void> {
  expect(await store.read(id, 0, { entries: 1e6, bytes: 1e9 })).toHaveLength(entries)
  const db = new Database(path, { readonly: true })
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  db.close()
}

describe('checkpoints', () => {
  it('keep the journal short while commits go on', async () => {
    const scene = await createScene()
    const writers = Array.from({ length: 8 }, () => new Writer(scene.id, scene.creator.seen, scene.creator.device))
    await Promise.all(writers.map((creator) => commit({ ...scene, creator }, 200)))
    // Without, it would have some 4000. What comes while the thread works is on top of what calls it.
    expect(journalBytes(scene) / FRAME_BYTES).toBeLessThan(1000)
    await expectWhole(scene, 1601)
  })

  it('let a reader keep its view, and go on when it has ended', async () => {
    const scene = await createScene()
    const reader = new Database(scene.path)
    onTestFinished(() => void reader.close())
    reader.exec('BEGIN')
    const count = reader.prepare<[], number>('SELECT count(*) FROM entries').pluck()
    expect(count.get()).toBe(1)
    await commit(scene, 200)
    expect(journalBytes(scene) / FRAME_BYTES).toBeGreaterThan(600)
    expect(count.get()).toBe(1)
    reader.exec('COMMIT')
    await commit(scene, 200)
    const grown = journalBytes(scene)
    await commit(scene, 200)
    expect(journalBytes(scene)).toBe(grown)
    await expectWhole(scene, 601)
  })

  it('[I9] take away what a removal left in the journal, also where a reader was in the way', async () => {
    const scene = await createScene()
    const marked = 'seen by nobody again'
    const other = await createTestDocument(scene.store)
    const unit = other.creator.unit({ count: 10, size: 500 })
    for (const { envelope } of unit.entries) envelope.set(new TextEncoder().encode(marked))
    await scene.store.append([unit])
    const reader = new Database(scene.path)
    onTestFinished(() => void reader.close())
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM entries').get()
    const isHeld = (): boolean => ['', '-wal'].some((end) => readFileSync(scene.path + end, 'latin1').includes(marked))
    expect(await scene.store.remove(other.id)).toBe(true)
    expect(isHeld()).toBe(true)
    reader.exec('COMMIT')
    await commit(scene, 200)
    expect(isHeld()).toBe(false)
  })

  it.skipIf(process.platform !== 'linux')('[I10] leave SQLite its lock on the database', async () => {
    const scene = await createScene()
    // Byte 0x40000002 and those after: whoever holds them keeps WAL mode. (sqlite.org/fileformat2.html, lock bytes)
    const lock = new RegExp(`READ +${process.pid} [\\da-f:]+:${statSync(scene.path).ino} 1073741826 `)
    expect(readFileSync('/proc/locks', 'latin1')).toMatch(lock)
    await commit(scene, 100)
    await scene.store.remove((await createTestDocument(scene.store)).id)
    expect(readFileSync('/proc/locks', 'latin1')).toMatch(lock)
  })

  it('carry over most while commits go on, and the rest while none is begun', async () => {
    const seen: unknown[] = []
    const gate = new WriteGate(() => seen.push('opened'))
    const file = openSync(makeStorePath(), 'w')
    onTestFinished(() => closeSync(file))
    const checkpointer = new Checkpointer({
      thread: {
        run(mode) {
          seen.push([mode, gate.isClosed])
          return Promise.resolve({ frames: PAGES, isWhole: true })
        },
        close: () => Promise.resolve(),
      },
      gate,
      descriptor: file,
      countFrames: () => PAGES,
      onFailure: () => seen.push('failed'),
      grownFrames: PAGES,
    })
    checkpointer.consider()
    await vi.waitFor(() => expect(seen).toEqual([['passive', false], ['passive', true], 'opened']))
    await checkpointer.empty()
    expect(seen.slice(3)).toEqual([['truncate', true], 'opened'])
    await checkpointer.close()
  })

  it.each([
    ['SQLITE_IOERR_FSYNC', true],
    ['SQLITE_IOERR_DIR_FSYNC', true],
    ['SQLITE_FULL', false],
    ['SQLITE_IOERR_WRITE', false],
    ['SQLITE_BUSY', false],
  ])('[H16] that end with %s: is it the end of all? %s', async (code, isFatal) => {
    const onFailure = vi.fn<() => void>()
    const gate = new WriteGate(() => {})
    const thread = { run: () => Promise.resolve({ code }), close: () => Promise.resolve() }
    const checkpointer = new Checkpointer({ thread, gate, descriptor: -1, countFrames: () => PAGES, onFailure })
    await checkpointer.empty()
    expect([onFailure.mock.calls.length, gate.isClosed]).toEqual([isFatal ? 1 : 0, false])
  })

  it('[I3] [H16] do without a thread that cannot work', async () => {
    const thread = createCheckpointThread(makeStorePath())
    expect(await thread.run('passive')).toEqual({ code: 'SQLITE_CANTOPEN' })
    expect(await thread.run('truncate')).toEqual({ code: 'SQLITE_CANTOPEN' })
    await thread.close()
  })

  it('are over when the store is closed, and leave one file', async () => {
    const scene = await createScene()
    const pushed = commit(scene, 60)
    await pushed
    await scene.store.close()
    expect(() => statSync(`${scene.path}-wal`)).toThrow('ENOENT')
    const again = openSqliteStore({ path: scene.path })
    onTestFinished(() => again.close())
    expect(await again.read(scene.id, 0, { entries: 1e6, bytes: 1e9 })).toHaveLength(61)
  })
})

describe('opening a store that was not closed', () => {
  it('[I3] [I9] carries over what the journal holds, and begins it anew', async () => {
    const scene = await createScene(4096)
    await commit(scene, 20)
    expect(journalBytes(scene)).toBeGreaterThan(0)
    const copy = makeStorePath()
    for (const end of ['', '-wal']) copyFileSync(scene.path + end, copy + end)
    const store = openSqliteStore({ path: copy })
    onTestFinished(() => store.close())
    expect(statSync(`${copy}-wal`).size).toBe(0)
    expect(await store.read(scene.id, 0, { entries: 1e6, bytes: 1e9 })).toHaveLength(21)
  })
})
