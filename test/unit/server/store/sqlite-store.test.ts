import Database from 'better-sqlite3'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import type { AppendUnit, Store } from '../../../../server/core/ports.ts'
import { SqliteEngine } from '../../../../server/store/sqlite/engine.ts'
import { openDatabase } from '../../../../server/store/sqlite/open-database.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../../../../server/store/sqlite/store.ts'
import {
  createTestDocument,
  makeGenesis,
  markOf,
  random,
  sha512,
  transcriptOf,
  Writer,
} from '../../../contract/append-units.ts'
import { toFormat } from '../../../support/old-format.ts'
import { makeStorePath } from '../../../contract/store-directory.ts'

function open(options: SqliteStoreOptions): Store {
  const store = openSqliteStore(options)
  onTestFinished(() => store.close())
  return store
}

describe('the SQLite store', () => {
  it('keeps everything over a restart, and goes on where it stood', async () => {
    const path = makeStorePath()
    const before = openSqliteStore({ path })
    const { id, creator, genesis } = await createTestDocument(before)
    const record = { recordPrev: genesis.entries[0].id, rotation: { epoch: 2, commitment: random(32) }, roles: [] }
    const units = [creator.unit({ count: 3 }), creator.unit({ needs: 'admin', record })]
    await before.append(units)
    const [status] = await before.status([id])
    const entries = await before.read(id, 0, { entries: 100, bytes: 1e6 })
    await before.close()

    const after = open({ path })
    expect(await after.status([id])).toEqual([status])
    expect(await after.read(id, 0, { entries: 100, bytes: 1e6 })).toEqual(entries)
    expect(await after.roleOf(id, creator.device)).toBe('admin')
    creator.epoch = 2
    const results = await after.append([...units, creator.unit()])
    expect(results).toMatchObject([{ fresh: 0 }, { fresh: 0 }, { fresh: 1, seqs: [6] }])
  })

  it('[KM17] [KM18] keeps links and a closed epoch over a restart', async () => {
    const path = makeStorePath()
    const before = openSqliteStore({ path })
    const { id, creator, genesis } = await createTestDocument(before)
    const link = random(16)
    const record = { recordPrev: genesis.entries[0].id, roles: [], links: [{ link, expiresAt: 7 }], closesEpoch: true }
    await before.append([creator.unit({ needs: 'admin', record })])
    await before.close()
    const after = open({ path })
    expect(await after.status([id])).toMatchObject([{ epoch: 1, isEpochClosed: true }])
    expect(await after.linkOf(id, link)).toEqual({ expiresAt: 7 })
    expect(await after.append([creator.unit()])).toEqual([{ status: 'epoch-stale', epoch: 2 }])
  })

  it('[LO14] keeps the head that is pinned, whatever further ones are shown, until the log has come to it', async () => {
    const path = makeStorePath()
    const before = openSqliteStore({ path })
    const { id, creator, creation, genesis } = await createTestDocument(before)
    await before.close()
    const lost = creator.unit({ count: 2 })
    const transcript = transcriptOf(
      creation.genesisHash,
      [genesis, lost].flatMap(({ entries }) => entries.map(markOf)),
    )
    const db = new Database(path)
    db.prepare('INSERT INTO lost_heads VALUES (?, 3, ?, 1)').run(id, transcript)
    db.close()
    const after = open({ path })
    const pinned = { seq: 3, transcript, isPinned: true }
    const further = { seq: 9, transcript: random(32) }
    expect(await after.noteSigned(id, further)).toEqual(pinned)
    expect(await after.status([id])).toMatchObject([{ lost: pinned }])
    expect(await after.append([creator.unit()])).toEqual([{ status: 'needs-restore', seq: 3 }])
    expect(await after.append([{ ...lost, restored: { at: 2, isProven: true } }])).toMatchObject([{ status: 'stored' }])
    expect(await after.status([id])).toMatchObject([{ lost: null }])
    expect(await after.noteSigned(id, further)).toEqual({ ...further, isPinned: false })
  })

  it('brings a file of the first format up to date, with all that is in it', async () => {
    const path = makeStorePath()
    const before = openSqliteStore({ path })
    const { id, creator } = await createTestDocument(before)
    const [status] = await before.status([id])
    await before.close()
    const old = new Database(path)
    toFormat(old, 1)
    old.close()
    const after = open({ path })
    expect(await after.status([id])).toEqual([status])
    expect(await after.append([creator.unit()])).toMatchObject([{ status: 'stored', seqs: [2] }])
    expect(await after.linkOf(id, random(16))).toBeNull()
  })

  it('brings a file of the third format up to date: who wrote is known, and what is old is not older than the upgrade', async () => {
    const path = makeStorePath()
    const before = openSqliteStore({ path, now: () => 1_000 })
    const { id, creator } = await createTestDocument(before)
    await before.append([creator.unit({ count: 4 })])
    await before.close()
    const old = new Database(path)
    toFormat(old, 3)
    old.close()
    const after = open({ path })
    expect(await after.snapshots.writers(id)).toEqual([creator.device])
    const bounds = { through: 4, maxEntries: 9, maxBytes: 1e6 }
    const nowS = Math.floor(Date.now() / 1000)
    expect(await after.snapshots.trim(id, { ...bounds, beforeS: nowS - 60 })).toMatchObject({ entries: 0 })
    expect(await after.snapshots.trim(id, { ...bounds, beforeS: nowS + 60 })).toMatchObject({ entries: 3 })
  })

  it('[LO15] packs the marks of a file of the fourth format, which had a row each', async () => {
    const path = makeStorePath()
    const before = openSqliteStore({ path, now: () => 1_000 })
    const { id, creator } = await createTestDocument(before)
    const unit = creator.unit({ count: 300 })
    await before.append([unit])
    const marks = await before.readMarks(id, 0, 999)
    const transcripts = (store: Store) => Promise.all(marks.map((_, i) => store.transcriptAt(id, i + 1)))
    const transcriptsBefore = await transcripts(before)
    await before.close()
    const old = new Database(path)
    toFormat(old, 4)
    old.exec(`UPDATE entries SET signature = substr(envelope, -64), envelope = NULL WHERE seq BETWEEN 2 AND 200;
              UPDATE documents SET base = 200, trimmed_bytes = 199 * 120`)
    old.close()
    const after = open({ path })
    expect(await after.readMarks(id, 0, 999)).toEqual(marks)
    const bounds = { through: 250, beforeS: 1e9, maxEntries: 150, maxBytes: 1e6 }
    expect(await after.snapshots.trim(id, bounds)).toEqual({ entries: 0, bytes: 0, base: 200, moved: 150 })
    expect(await after.readMarks(id, 0, 999)).toEqual(marks)
    expect(await after.append([unit])).toMatchObject([{ status: 'stored', fresh: 0 }])
    expect(await after.snapshots.trim(id, bounds)).toEqual({ entries: 50, bytes: 50 * 120, base: 250, moved: 100 })
    expect(await after.readMarks(id, 0, 999)).toEqual(marks)
    expect(await after.readMarks(id, 127, 5)).toEqual(marks.slice(127, 132))
    expect(await transcripts(after)).toEqual(transcriptsBefore)
    expect((await after.status([id]))[0]).toMatchObject({ base: 250, logBytes: 51 * 120 + 120 })
  })

  it('[I9] leaves no byte of a removed document in its files', async () => {
    const path = makeStorePath()
    const store = open({ path })
    const { id, creator } = await createTestDocument(store)
    const marked = 'seen by nobody again'
    const unit = creator.unit({ count: 200, size: 500 })
    for (const { envelope } of unit.entries) envelope.set(new TextEncoder().encode(marked))
    await store.append([unit])
    const holds = (): string[] =>
      readdirSync(dirname(path)).filter(
        (file) => file !== 'store.sqlite.lock' && readRaw(join(dirname(path), file)).includes(marked),
      )
    expect(holds()).not.toEqual([])
    await store.remove(id)
    expect(holds()).toEqual([])
  })

  it('[H16] stores nothing of a batch that does not fit the quota, and goes on when there is room again', async () => {
    const store = open({ path: makeStorePath(), maxPages: 256 })
    const filler = await createTestDocument(store)
    const { id, creator } = await createTestDocument(store)
    let stored = 1
    const push = async (unit: AppendUnit): Promise<boolean> => {
      try {
        const [result] = await store.append([unit])
        if (result?.status === 'stored') stored = result.head.seq
        return result?.status === 'stored'
      } catch (error) {
        if ((error as { code?: unknown }).code === 'STORE_FULL') return false
        throw error
      }
    }
    await store.append([filler.creator.unit({ count: 300, size: 1500 })])
    let unit = creator.unit({ count: 20, size: 1000 })
    while (await push(unit)) unit = creator.unit({ count: 20, size: 1000 })

    const [status] = await store.status([id])
    expect(status?.head.seq).toBe(stored)
    expect((await store.read(id, stored, { entries: 100, bytes: 1e6 })).length).toBe(0)
    // Still full, and still whole: the same unit fails alike, a reader is served.
    await expect(store.append([unit])).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect((await store.read(id, 0, { entries: 10_000, bytes: 1e9 })).length).toBe(stored)

    // In one batch with what does not fit, what would fit is undone with it, a session's first entry among it.
    const other = new Writer(id, creator.seen, creator.device)
    const [small, large] = [other.unit({ size: 50 }), other.unit({ size: 1_000_000 })]
    await expect(store.append([small, large])).rejects.toMatchObject({ code: 'STORE_FULL' })

    expect(await store.remove(filler.id)).toBe(true)
    const before = stored
    expect(await push(small)).toBe(true)
    expect(await push(unit)).toBe(true)
    expect(stored).toBe(before + 21)
  })

  it('undoes a batch that breaks a rule of the tables, and goes on', () => {
    const { db, close } = openDatabase({ path: makeStorePath() })
    onTestFinished(close)
    const engine = new SqliteEngine(db, { sha512, now: Date.now, maxCachedDocuments: 10 })
    const { genesis, creator } = makeGenesis()
    const bad = creator.unit({ entry: { kind: 256 } })
    expect(() => engine.appendBatch([genesis, bad])).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }))
    expect(engine.documents.peek(genesis.document)).toBeNull()
    expect(engine.appendBatch([genesis])).toMatchObject([{ status: 'stored', fresh: 1 }])
  })

  it('[H16] answers busy when another program holds the file, and stores the same units afterwards', async () => {
    const path = makeStorePath()
    const store = open({ path, busyTimeoutMs: 10 })
    const { creator } = await createTestDocument(store)
    const other = new Database(path)
    onTestFinished(() => {
      other.close()
    })
    other.exec('BEGIN IMMEDIATE')
    const unit = creator.unit({ count: 3 })
    await expect(store.append([unit])).rejects.toMatchObject({ code: 'STORE_BUSY' })
    other.exec('ROLLBACK')
    expect(await store.append([unit])).toMatchObject([{ status: 'stored', fresh: 3 }])
  })
})

describe('the tables', () => {
  const blob = (size: number): Buffer => Buffer.alloc(size, 1)
  const entry = (over: Record<string, unknown>): readonly unknown[] =>
    Object.values({
      document: 1,
      seq: 3,
      session: 1,
      counter: 3,
      kind: 1,
      record: 0,
      grouped: 0,
      logBytes: 10,
      id: blob(32),
      transcript: blob(32),
      envelope: blob(9),
      at: 5,
      signature: null,
      ...over,
    })
  const ENTRY = 'INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'
  const DOCUMENT = 'INSERT INTO documents (id, mode, genesis_hash, room_key) VALUES (?, ?, ?, ?)'
  const MEMBER = 'INSERT INTO members VALUES (?, ?, ?)'
  const EPOCH = 'INSERT INTO epochs (document, epoch, commitment) VALUES (?, ?, ?)'
  const SESSION = 'INSERT INTO sessions (document, device, id) VALUES (?, ?, ?)'

  /** A file that holds one document with two entries, opened by the driver alone. */
  async function openTables(): Promise<Database.Database> {
    const path = makeStorePath()
    const store = openSqliteStore({ path })
    const { creator } = await createTestDocument(store)
    await store.append([creator.unit()])
    await store.close()
    const db = new Database(path)
    db.pragma('foreign_keys = ON')
    onTestFinished(() => {
      db.close()
    })
    return db
  }

  it('[I4] take a row that is right', async () => {
    const db = await openTables()
    db.prepare(ENTRY).run(...entry({}))
    db.prepare(ENTRY).run(...entry({ seq: 4, counter: 4, envelope: null, signature: blob(64) }))
    db.prepare(MEMBER).run(1, blob(16), 2)
    db.prepare(EPOCH).run(1, 2, blob(32))
    db.prepare(DOCUMENT).run(blob(16), 1, blob(32), blob(32))
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  })

  it.each<[string, string, readonly unknown[]]>([
    ['seq 0', ENTRY, entry({ seq: 0 })],
    ['a seq that is taken', ENTRY, entry({ seq: 2 })],
    ['a counter that is taken', ENTRY, entry({ counter: 2 })],
    ['counter 0', ENTRY, entry({ counter: 0 })],
    ['a counter that is text', ENTRY, entry({ counter: 'three' })],
    ['no counter', ENTRY, entry({ counter: null })],
    ['a document that is not there', ENTRY, entry({ document: 2 })],
    ['a session that is not there', ENTRY, entry({ session: 2 })],
    ['kind 256', ENTRY, entry({ kind: 256 })],
    ['a short id', ENTRY, entry({ id: blob(31) })],
    ['an id that is text', ENTRY, entry({ id: 'x'.repeat(32) })],
    ['no id', ENTRY, entry({ id: null })],
    ['a long transcript', ENTRY, entry({ transcript: blob(33) })],
    ['an empty envelope', ENTRY, entry({ envelope: blob(0) })],
    ['an envelope that is text', ENTRY, entry({ envelope: "'; DROP TABLE entries --" })],
    ['a record without its body', ENTRY, entry({ record: 1, envelope: null, signature: blob(64) })],
    ['a body that is gone with its signature', ENTRY, entry({ envelope: null })],
    ['a signature beside its body', ENTRY, entry({ signature: blob(64) })],
    ['a short signature', ENTRY, entry({ envelope: null, signature: blob(63) })],
    ['a time before all times', ENTRY, entry({ at: -1 })],
    ['a short document id', DOCUMENT, [blob(15), 0, blob(32), null]],
    ['a document that its genesis does not name', DOCUMENT, [Buffer.alloc(16, 2), 0, blob(32), null]],
    ['a short genesis hash', DOCUMENT, [blob(16), 0, blob(31), null]],
    ['an unknown mode', DOCUMENT, [blob(16), 2, blob(32), null]],
    ['a shared-key document without its key', DOCUMENT, [blob(16), 1, blob(32), null]],
    ['a members document with a room key', DOCUMENT, [blob(16), 0, blob(32), blob(32)]],
    ['role 0', MEMBER, [1, blob(16), 0]],
    ['role 4', MEMBER, [1, blob(16), 4]],
    ['a short device', MEMBER, [1, blob(15), 1]],
    ['a member of no document', MEMBER, [2, blob(16), 1]],
    ['epoch 0', EPOCH, [1, 0, blob(32)]],
    ['epoch 2^32', EPOCH, [1, 2 ** 32, blob(32)]],
    ['an epoch twice', EPOCH, [1, 1, blob(32)]],
    ['a short commitment', EPOCH, [1, 2, blob(31)]],
    ['a short session', SESSION, [1, blob(16), blob(7)]],
    ['a session of no document', SESSION, [2, blob(16), blob(8)]],
    ['a lost head at 0', 'INSERT INTO lost_heads VALUES (?, ?, ?, ?)', [blob(16), 0, blob(32), 0]],
    ['a short lost transcript', 'INSERT INTO lost_heads VALUES (?, ?, ?, ?)', [blob(16), 1, blob(31), 0]],
    ['a lost head pinned twice', 'INSERT INTO lost_heads VALUES (?, ?, ?, ?)', [blob(16), 1, blob(32), 2]],
    ['a short tombstone', 'INSERT INTO tombstones VALUES (?)', [blob(15)]],
  ])('[I4] refuse %s', async (_, sql, row) => {
    const db = await openTables()
    expect(() => db.prepare(sql).run(...row)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CONSTRAINT/) as unknown }),
    )
  })

  it('[I4] hold no session twice', async () => {
    const db = await openTables()
    expect(() =>
      db.exec('INSERT INTO sessions (document, device, id) SELECT document, device, id FROM sessions'),
    ).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_UNIQUE' }))
  })
})

/** Only for files of a store whose locks no longer matter to the test. */
function readRaw(path: string): string {
  return readFileSync(path, 'latin1')
}
