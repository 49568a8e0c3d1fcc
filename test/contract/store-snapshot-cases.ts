/**
 * Snapshots in a store: pieces on their way in, what puts them into force, and whose word counts for them.
 *
 * @module
 */
import { bytesToHex } from '@y-sealed/protocol'
import { expect, it } from 'vitest'

import type { AppendUnit, Store } from '../../server/core/ports.ts'
import { nodeSha512 } from '../../server/store/node-sha512.ts'
import { createRandom } from '../support/random.ts'
import { createTestDocument, random, Writer } from './append-units.ts'
import { attest, makeUpload, mustPublish, publish, stage, stageVerified, stageWhole } from './snapshot-units.ts'
import { appendOne, withDocument, type StoreFactory } from './store-case.ts'

/** Registers the cases about pieces. */
export function stagingContract(open: StoreFactory): void {
  it('[F18] takes the piece that is the next, and says what it has of any other', async () => {
    const { store, id, creator } = await withDocument(open)
    const upload = makeUpload(id, creator.device, 150_000)
    const taken = (held: number) => ({ status: 'taken', held, isVerified: false })
    expect(await stage(store, upload, 57_344)).toEqual(taken(0))
    expect(await stage(store, upload)).toEqual(taken(57_344))
    expect(await stage(store, upload)).toEqual(taken(57_344))
    expect(await stage(store, upload, 114_688)).toEqual(taken(57_344))
    expect(await stage(store, upload, 57_344)).toEqual(taken(114_688))
    expect(await store.snapshots.ends(upload)).toBeNull()
    expect(await stage(store, upload, 114_688)).toEqual(taken(150_188))
  })

  it('[EN6] gives the ends and the hash of what is whole, whatever the pieces were', async () => {
    const { store, id, creator } = await withDocument(open)
    for (const pieceBytes of [4_096, 57_344, 10_000]) {
      const upload = makeUpload(id, creator.device, 130_000)
      await stageWhole(store, upload, pieceBytes)
      const { bytes } = upload
      const signature = bytes.slice(-64)
      expect(await store.snapshots.ends(upload)).toEqual({ header: bytes.slice(0, 124), signature })
      const prefix = random(100)
      const hashed = new Uint8Array([...prefix, ...bytes.slice(0, -64)])
      expect(await store.snapshots.hash(upload, prefix)).toEqual(nodeSha512(hashed).slice(0, 32))
    }
  })

  it('[F18] refuses another total, and more than the document may have staged', async () => {
    const { store, id, creator } = await withDocument(open)
    const upload = makeUpload(id, creator.device)
    await stage(store, upload, 0)
    const longer = { ...upload, bytes: random(upload.bytes.length + 1) }
    expect(await stage(store, longer, 0)).toEqual({ status: 'mismatch' })
    const other = makeUpload(id, random(16))
    const left = { status: 'no-room', bytes: 12 }
    expect(await stage(store, other, 0, { maxBytes: 1_200, maxSnapshots: 9 })).toEqual(left)
    expect(await stage(store, other, 0, { maxBytes: 1e6, maxSnapshots: 1 })).toMatchObject({ status: 'no-room' })
    expect(await stage(store, other, 0, { maxBytes: 2_376, maxSnapshots: 2 })).toMatchObject({ status: 'taken' })
  })

  it('[F18] keeps one upload of a device and each device’s own, so that nobody is in another’s way', async () => {
    const { store, id, creator } = await withDocument(open)
    const [first, second] = [makeUpload(id, creator.device, 90_000), makeUpload(id, creator.device)]
    await stage(store, first)
    await stageWhole(store, second)
    expect(await stage(store, first, 57_344)).toMatchObject({ held: 0 })
    const foreign = { ...second, device: random(16), bytes: random(second.bytes.length) }
    await stageWhole(store, foreign)
    expect((await store.snapshots.ends(second))?.header).toEqual(second.bytes.slice(0, 124))
    expect((await store.snapshots.ends(foreign))?.header).toEqual(foreign.bytes.slice(0, 124))
  })

  it('[F18] forgets what was discarded, and what nobody has touched for long', async () => {
    const { store, id, creator } = await withDocument(open)
    const upload = makeUpload(id, creator.device, 500_000)
    await stageWhole(store, upload)
    await store.snapshots.discard(upload)
    expect(await store.snapshots.ends(upload)).toBeNull()
    await stageWhole(store, upload)
    expect(await reapAll(store, Date.now() - 60_000)).toBeGreaterThanOrEqual(0)
    expect(await store.snapshots.ends(upload)).not.toBeNull()
    expect(await reapAll(store, Date.now() + 60_000)).toBeGreaterThan(0)
    expect(await store.snapshots.ends(upload)).toBeNull()
    expect(await reapAll(store, Date.now() + 60_000)).toBe(0)
  })

  it('[F18] takes nothing for a document that is not there, or no more', async () => {
    const { store, id, creator } = await withDocument(open)
    expect(await stage(store, makeUpload(random(16), creator.device))).toEqual({ status: 'unknown' })
    const upload = makeUpload(id, creator.device)
    await stageWhole(store, upload)
    await store.remove(id)
    expect(await stage(store, upload)).toEqual({ status: 'deleted' })
    expect(await store.snapshots.hash(upload, random(9))).toBeNull()
    expect(await store.snapshots.published(id)).toEqual([])
  })

  it('[I3] lets pieces and appends go beside each other, each whole', async () => {
    const { store, id, creator } = await withDocument(open)
    const upload = makeUpload(id, creator.device, 1_000_000)
    let appended = 0
    const appends = (async () => {
      for (let i = 0; i < 50; i++) {
        const result = await appendOne(store, creator.unit())
        appended += result.status === 'stored' ? result.fresh : 0
      }
    })()
    await Promise.all([appends, stageWhole(store, upload)])
    expect(appended).toBe(50)
    expect((await store.snapshots.ends(upload))?.signature).toEqual(upload.bytes.slice(-64))
  })
}

async function reapAll(store: Store, beforeMs: number): Promise<number> {
  let reaped = 0
  for (;;) {
    const rows = await store.snapshots.reap(beforeMs, 3)
    if (rows === 0) return reaped
    expect(rows).toBeLessThanOrEqual(4)
    reaped += rows
  }
}

/** Registers the cases about publications and attestations. */
export function snapshotContract(open: StoreFactory): void {
  it('[LO11] puts into force what is staged whole and found good, upon the newest', async () => {
    const { store, id, creator } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 5 }))
    const upload = makeUpload(id, creator.device, 100_000)
    await stageWhole(store, upload)
    expect(await publish(store, upload, 4)).toEqual({ status: 'snapshot-missing', held: upload.bytes.length })
    const transcript = (await store.transcriptAt(id, 4)) as Uint8Array
    await store.snapshots.accept(upload, { epoch: 1, seq: 4, transcript: transcript.slice(0, 16) })
    expect(await publish(store, upload, 4, { bytes: 9 })).toEqual({ status: 'snapshot-wrong' })
    expect(await publish(store, upload, 5)).toEqual({ status: 'snapshot-wrong' })
    expect(await publish(store, upload, 4)).toMatchObject({ status: 'stored', seqs: [7] })
    const [published] = await store.snapshots.published(id)
    expect(published).toMatchObject({ id: upload.snapshotId, seq: 4, publishedAt: 7, isAttested: false, isHeld: true })
    expect(published).toMatchObject({ isAdmins: true, device: creator.device, disputedAt: 0 })
    const [status] = await store.status([id])
    expect(status?.snapshots).toMatchObject({ newest: published, attested: null, entriesSince: 3, bytesSince: 360 })
    expect(await stage(store, upload)).toEqual({ status: 'taken', held: upload.bytes.length, isVerified: true })
    let read = new Uint8Array(0)
    for (let offset = 0; offset < upload.bytes.length;) {
      const row = await store.snapshots.read(id, upload.snapshotId, offset)
      expect(row?.total).toBe(upload.bytes.length)
      read = new Uint8Array([...read, ...(row?.bytes ?? [])])
      offset = read.length
    }
    expect(read).toEqual(upload.bytes)
    expect(await store.snapshots.read(id, upload.snapshotId, upload.bytes.length)).toBeNull()
    expect(await store.snapshots.read(id, random(32), 0)).toBeNull()
  })

  it('[F17] refuses what does not follow the newest, or does not fit the log', async () => {
    const { store, id, creator } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 5 }))
    const { id: newest } = await mustPublish(store, id, creator.device, 4)
    const upload = makeUpload(id, creator.device)
    await stageVerified(store, upload, 6)
    const stale = { status: 'snapshot-stale', newest: { id: newest, seq: 4 } }
    expect(await publish(store, upload, 6, { parentId: new Uint8Array(32) })).toMatchObject(stale)
    expect(await publish(store, upload, 6, { parentId: random(32) })).toMatchObject(stale)
    expect(await publish(store, upload, 4)).toMatchObject(stale)
    expect(await publish(store, upload, 99)).toEqual({ status: 'seen-unknown' })
    expect(await publish(store, upload, 6, { transcript: random(32) })).toEqual({ status: 'seen-unknown' })
    expect(await publish(store, upload, 6, { epoch: 2 })).toEqual({ status: 'epoch-stale', epoch: 1 })
    expect(await publish(store, { ...upload, device: random(16) }, 6)).toEqual({ status: 'forbidden' })
    expect(await publish(store, { ...upload, snapshotId: random(32) }, 6)).toMatchObject({ status: 'snapshot-missing' })
    expect(await store.snapshots.published(id)).toHaveLength(1)
    expect(await publish(store, upload, 6)).toMatchObject({ status: 'stored' })
  })

  it('[LO9] lets no snapshot end between two parts', async () => {
    const { store, id, creator } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 3, group: true }))
    for (const seq of [2, 3]) {
      const upload = makeUpload(id, creator.device)
      await stageVerified(store, upload, seq)
      expect(await publish(store, upload, seq)).toEqual({ status: 'snapshot-stale', newest: null })
    }
    await mustPublish(store, id, creator.device, 4)
  })

  it('[LO9] lets a snapshot end at any place but within a group of parts, whatever the log', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const below = createRandom(seed)
      const { store, id, creator } = await withDocument(open, 'shared-key')
      const writers = [creator, new Writer(id, creator.seen), new Writer(id, creator.seen)]
      const log: { readonly unit: number; readonly group: string | null }[] = [{ unit: 0, group: null }]
      for (let unit = 1; unit <= 10; unit++) {
        const writer = writers[below(3)] as Writer
        const group = below(2) === 0
        const stored = writer.unit({ count: 2 + below(4), group })
        await appendOne(store, stored)
        const session = bytesToHex(writer.session)
        for (const _ of stored.entries) log.push({ unit, group: group ? session : null })
      }
      for (let seq = 1; seq < log.length; seq++) {
        const [last, next] = [log[seq - 1], log[seq]]
        const upload = makeUpload(id, creator.device)
        await stageVerified(store, upload, seq)
        const { status } = await publish(store, upload, seq)
        const isWithin = last?.group !== null && last?.unit === next?.unit
        // Two groups of one session side by side cannot be told from one: none ends between them either.
        const mayBeWithin = last?.group !== null && last?.group === next?.group
        const allowed = isWithin ? ['snapshot-stale'] : mayBeWithin ? ['snapshot-stale', 'stored'] : ['stored']
        expect(allowed, `seed ${seed}, at ${seq}`).toContain(status)
      }
    }
  })

  it('[LO7] acknowledges a publication again, though a newer one is in force', async () => {
    const { store, id, creator } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 5 }))
    let unit: AppendUnit | null = null
    const noting: Store = { ...store, append: (units) => ((unit = units[0] ?? null), store.append(units)) }
    await mustPublish(noting, id, creator.device, 4)
    const first = unit as unknown as AppendUnit
    await mustPublish(store, id, creator.device, 6)
    expect(await appendOne(store, first)).toMatchObject({ status: 'stored', seqs: [7], fresh: 0 })
  })

  it('[LO14] lets one that was given back without its bytes be what the next one follows', async () => {
    const { store, id, creator } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 5 }))
    const lost = makeUpload(id, creator.device)
    expect(await publish(store, lost, 4, {}, { at: 7, isProven: true })).toMatchObject({ status: 'stored', seqs: [7] })
    expect(await store.snapshots.published(id)).toMatchObject([{ id: lost.snapshotId, seq: 4, isHeld: false }])
    expect(await store.snapshots.read(id, lost.snapshotId, 0)).toBeNull()
    await mustPublish(store, id, creator.device, 6)
    // One that would not follow is an entry all the same, and nothing else.
    const odd = makeUpload(id, creator.device)
    expect(await publish(store, odd, 5, {}, { at: 9, isProven: true })).toMatchObject({ status: 'stored', seqs: [9] })
    expect(await store.snapshots.published(id)).toHaveLength(2)
  })

  it('[LO13] takes another member’s word, and not the author’s own', async () => {
    const writers = [random(16), random(16)] as const
    const store = await open()
    const { id, creator } = await createTestDocument(store, 'members', writers)
    await appendOne(store, creator.unit({ count: 5 }))
    const snapshot = await mustPublish(store, id, creator.device, 4)
    const standing = async () => (await store.snapshots.published(id))[0]
    expect(await attest(store, id, creator.device, snapshot)).toMatchObject({ status: 'stored' })
    expect(await standing()).toMatchObject({ isAttested: false })
    // Another device of the same member, in a document in which others wrote too.
    const own = { member: creator.device, memberDevices: [creator.device, writers[0]] }
    await appendOne(store, new Writer(id, creator.seen, writers[1]).unit())
    await attest(store, id, writers[0], snapshot, own)
    expect(await standing()).toMatchObject({ isAttested: false })
    await attest(store, id, writers[1], snapshot)
    expect(await standing()).toMatchObject({ isAttested: true, disputedAt: 0 })
    const [status] = await store.status([id])
    expect(status?.snapshots.attested?.id).toEqual(snapshot.id)
  })

  it('[LO13] takes another device’s word where nobody but one member ever wrote', async () => {
    const other = random(16)
    const store = await open()
    const { id, creator } = await createTestDocument(store, 'members', [other])
    await appendOne(store, creator.unit({ count: 5 }))
    const snapshot = await mustPublish(store, id, creator.device, 4)
    await attest(store, id, other, snapshot, { member: creator.device, memberDevices: [creator.device, other] })
    expect(await store.snapshots.published(id)).toMatchObject([{ isAttested: true }])
  })

  it('[LO13] refuses a word on what was not published, or with a digest that belies the verdict', async () => {
    const { store, id, creator } = await withDocument(open, 'shared-key')
    await appendOne(store, creator.unit({ count: 5 }))
    const snapshot = await mustPublish(store, id, creator.device, 4)
    const bob = random(16)
    expect(await attest(store, id, bob, { ...snapshot, id: random(32) })).toMatchObject({ status: 'snapshot-missing' })
    for (const wrong of [{ seq: 5 }, { contentDigest: random(32) }, { isSame: false }]) {
      expect(await attest(store, id, bob, snapshot, wrong)).toEqual({ status: 'snapshot-wrong' })
    }
    expect(await store.snapshots.published(id)).toMatchObject([{ isAttested: false, disputedAt: 0 }])
  })

  it('[LO13] starts nobody from a disputed snapshot, attested before or after', async () => {
    const { store, id, creator } = await withDocument(open, 'shared-key')
    await appendOne(store, creator.unit({ count: 9 }))
    const [bob, carol] = [random(16), random(16)]
    const older = await mustPublish(store, id, creator.device, 4)
    await attest(store, id, bob, older)
    const newer = await mustPublish(store, id, creator.device, 8)
    await attest(store, id, bob, newer)
    const wrong = { isSame: false, contentDigest: random(32) }
    expect(await attest(store, id, carol, newer, wrong)).toMatchObject({ status: 'stored', seqs: [15] })
    await attest(store, id, bob, newer)
    const [status] = await store.status([id])
    expect(status?.snapshots).toMatchObject({ newest: { id: newer.id, disputedAt: 15 }, attested: { id: older.id } })
  })

  it('[LO11] drops the bytes of all but those that are kept, and finds the documents that have any', async () => {
    const { store, id, creator } = await withDocument(open, 'shared-key')
    const empty = await createTestDocument(store)
    await appendOne(store, creator.unit({ count: 9 }))
    const [one, two] = [
      await mustPublish(store, id, creator.device, 4, 200_000),
      await mustPublish(store, id, creator.device, 8),
    ]
    const found = await store.snapshots.documents(0, 9)
    expect(found.map((each) => each.id)).toEqual([id])
    expect(await store.snapshots.documents(found[0]?.key ?? 0, 9)).toEqual([])
    expect(await store.snapshots.keepOnly(id, [two.id])).toBe(1)
    expect(await store.snapshots.keepOnly(id, [two.id])).toBe(0)
    expect(await store.snapshots.read(id, one.id, 0)).toBeNull()
    expect(await store.snapshots.read(id, two.id, 0)).not.toBeNull()
    expect(await store.snapshots.published(id)).toMatchObject([{ isHeld: true }, { isHeld: false }])
    await reapAll(store, 0)
    expect(await store.snapshots.published(empty.id)).toEqual([])
  })
}
