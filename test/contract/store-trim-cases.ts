/**
 * What goes and what stays when bodies are trimmed and marks forgotten.
 *
 * @module
 */
import { SESSION_SILENCE_SEQS, type Bytes } from '@y-sealed/protocol'
import { expect, it } from 'vitest'

import type { PublishedSnapshot } from '../../server/core/snapshot-ports.ts'
import { markOf, random, transcriptOf, Writer } from './append-units.ts'
import { attest, mustPublish } from './snapshot-units.ts'
import { ALL, appendOne, withDocument, type StoreFactory } from './store-case.ts'

const nowS = (): number => Math.floor(Date.now() / 1000)
const bounds = (through: number) => ({ through, beforeS: nowS() + 60, maxEntries: 1e6, maxBytes: 1e9 })

/** Registers the cases. */
export function trimContract(open: StoreFactory): void {
  it('[LO15] takes bodies and leaves marks and transcripts, which recompute', async () => {
    const { store, id, creator, creation, genesis } = await withDocument(open)
    const unit = creator.unit({ count: 9 })
    await appendOne(store, unit)
    const marks = [genesis.entries[0], ...unit.entries].map(markOf)
    const [before] = await store.status([id])
    expect(await store.snapshots.trim(id, bounds(6))).toEqual({ entries: 5, bytes: 600, base: 6, moved: 6 })
    const [after] = await store.status([id])
    expect(after).toMatchObject({ base: 6, head: before?.head, logBytes: (before?.logBytes ?? 0) - 600 })
    expect(await store.readMarks(id, 0, 99)).toEqual(marks)
    for (let seq = 0; seq <= 10; seq++) {
      expect(await store.transcriptAt(id, seq)).toEqual(transcriptOf(creation.genesisHash, marks.slice(0, seq)))
    }
    expect((await store.read(id, 6, ALL)).map(({ seq }) => seq)).toEqual([7, 8, 9, 10])
    expect(await store.read(id, 1, ALL)).toEqual([])
    expect(await store.read(id, 5, ALL)).toEqual([])
  })

  it('[LO15] trims in steps as small as it is told, none that is young, and never the newest', async () => {
    const { store, id, creator } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 9 }))
    expect(await store.snapshots.trim(id, { ...bounds(9), beforeS: nowS() - 60 })).toMatchObject({
      entries: 0,
      base: 0,
    })
    const { base } = await store.snapshots.trim(id, { ...bounds(9), maxEntries: 2 })
    expect(base).toBeGreaterThan(1)
    expect(base).toBeLessThan(4)
    expect(await store.snapshots.trim(id, { ...bounds(9), maxBytes: 1 })).toMatchObject({ entries: 1 })
    expect(await store.snapshots.trim(id, bounds(99))).toMatchObject({ base: 9 })
    expect(await store.snapshots.trim(id, bounds(99))).toEqual({ entries: 0, bytes: 0, base: 9, moved: 0 })
  })

  it('[LO15] never trims a record', async () => {
    const { store, id, creator, genesis } = await withDocument(open)
    const record = { recordPrev: genesis.entries[0].id, roles: [] }
    await appendOne(store, creator.unit({ count: 3 }))
    const unit = new Writer(id, creator.seen, creator.device).unit({ needs: 'admin', record })
    await appendOne(store, unit)
    await appendOne(store, creator.unit({ count: 3 }))
    await store.snapshots.trim(id, bounds(8))
    expect((await store.readRecords(id, 0, 1e6)).map(({ seq }) => seq)).toEqual([1, 5])
    expect((await store.readRecords(id, 1, 1e6))[0]?.envelope).toEqual(unit.entries[0].envelope)
  })

  it('[LO7] acknowledges an entry that comes again after its body was trimmed, and tells an impostor', async () => {
    const { store, id, creator } = await withDocument(open)
    const unit = creator.unit({ count: 3 })
    await appendOne(store, unit)
    await store.snapshots.trim(id, bounds(4))
    expect(await appendOne(store, unit)).toMatchObject({ status: 'stored', seqs: [2, 3, 4], fresh: 0 })
    expect(await store.entryAt(id, creator.device, creator.session, 3)).toEqual({ seq: 3, id: unit.entries[1]?.id })
    const forged = { ...unit, entries: [{ ...unit.entries[0], id: random(32) }] as const }
    expect(await appendOne(store, forged)).toMatchObject({ status: 'equivocation' })
    // The session goes on where it was.
    expect(await appendOne(store, creator.unit())).toMatchObject({ status: 'stored', seqs: [5] })
  })

  it('[LO3] holds what an author has seen against a log whose bodies are gone', async () => {
    const { store, id, creator } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 3 }))
    const seen = { seq: 3, transcript: (await store.transcriptAt(id, 3)) as Bytes }
    await store.snapshots.trim(id, bounds(4))
    const wrong = new Writer(id, { ...seen, transcript: random(32) }, creator.device)
    expect(await appendOne(store, wrong.unit())).toEqual({ status: 'seen-unknown' })
    expect(await appendOne(store, new Writer(id, seen, creator.device).unit())).toMatchObject({ status: 'stored' })
  })

  it('[LO15] forgets marks that are old, of trimmed entries, and lets what rested on them begin anew', async () => {
    const { store, id, creator, genesis } = await withDocument(open, 'shared-key')
    const old = new Writer(id, creator.seen)
    const oldUnit = old.unit({ count: 5, size: 70 })
    await appendOne(store, oldUnit)
    const quiet = new Writer(id, { seq: 3, transcript: (await store.transcriptAt(id, 3)) as Bytes })
    const quietUnit = quiet.unit({ count: 3, size: 70 })
    for (let left = SESSION_SILENCE_SEQS + 20; left > 0; left -= 60) {
      // In the middle: it is not over yet.
      if (left === 5040) await appendOne(store, quietUnit)
      await appendOne(store, creator.unit({ count: Math.min(60, left), size: 70 }))
    }
    const head = SESSION_SILENCE_SEQS + 29
    const before = await store.readMarks(id, 0, 1e6)
    expect(await store.snapshots.forgetMarks(id, nowS() + 60, 99)).toBe(0)
    await store.snapshots.trim(id, bounds(head - 5))
    expect(await store.readMarks(id, 0, 1e6)).toEqual(before)
    expect(await store.readMarks(id, 200, 300)).toEqual(before.slice(200, 500))
    expect(await store.snapshots.forgetMarks(id, nowS() - 60, 99)).toBe(0)
    const first = await store.snapshots.forgetMarks(id, nowS() + 60, 10)
    expect(first).toBeGreaterThanOrEqual(10)
    expect(first).toBeLessThan(200)
    while ((await store.snapshots.forgetMarks(id, nowS() + 60, 99)) > 0);
    expect(await store.readMarks(id, 0, 99)).toEqual([markOf(genesis.entries[0])])
    expect(await store.readMarks(id, head - 7, 99)).toEqual([])
    expect(await store.readMarks(id, head - 5, 99)).toEqual(before.slice(head - 5))
    expect(await store.transcriptAt(id, head - 500)).toBeNull()
    expect(await store.transcriptAt(id, head - 4)).not.toBeNull()
    expect(await store.entryAt(id, old.device, old.session, 1)).toBeNull()
    // What comes again from back then is refused, and not stored twice.
    expect(await appendOne(store, oldUnit)).toMatchObject({ status: 'seen-too-old' })
    expect(await appendOne(store, old.unit())).toMatchObject({ status: 'counter-gap' })
    expect(await appendOne(store, quietUnit)).toEqual({ status: 'session-closed' })
    // Where a session stood is known as long as it may go on; what it has seen is not.
    const next = quiet.unit({ size: 70 })
    expect(await appendOne(store, next)).toEqual({ status: 'seen-too-old' })
    const seen = { seenSeq: head, seenTranscript: ((await store.transcriptAt(id, head)) as Bytes).slice(0, 16) }
    const renewed = { ...next, entries: [{ ...next.entries[0], ...seen }] as const }
    expect(await appendOne(store, renewed)).toMatchObject({ status: 'stored', seqs: [head + 1] })
    const [status] = await store.status([id])
    expect(status).toMatchObject({ head: { seq: head + 1 }, base: head - 5, logBytes: 6 * 70 + 120 })
    // A signature from back then proves no gap: nobody can tell any more.
    expect(await store.noteSigned(id, { seq: 20, transcript: random(32) })).toBeNull()
    expect(await store.noteSigned(id, { seq: head + 2, transcript: random(32) })).toMatchObject({ seq: head + 2 })
  })

  it('[LO13] [LO15] forgets publications with their marks, but those of which something may yet come', async () => {
    const { store, id, creator } = await withDocument(open, 'shared-key')
    const bob = random(16)
    await appendOne(store, creator.unit({ count: 9 }))
    const snapshots = [await mustPublish(store, id, creator.device, 2)]
    for (const seq of [3, 4, 5, 6, 7]) {
      await attest(store, id, bob, snapshots[0] as PublishedSnapshot)
      snapshots.unshift(await mustPublish(store, id, creator.device, seq))
    }
    // Newest first: one that nobody attested yet, and five that bob did.
    const placesKept = async (): Promise<number[]> => (await store.snapshots.published(id)).map(({ seq }) => seq)
    const through = 10 + 2 * snapshots.length - 1
    const forget = async (): Promise<void> => {
      while ((await store.snapshots.forgetMarks(id, nowS() + 60, 99)) > 0);
    }
    await forget()
    await store.snapshots.trim(id, bounds(through - 1))
    // What is kept of its bytes is kept of itself, whatever else may go.
    await store.snapshots.keepOnly(
      id,
      [1, 2, 4].map((place) => (snapshots[place] as PublishedSnapshot).id),
    )
    expect(await placesKept()).toEqual([7, 6, 5, 4, 3, 2])
    await forget()
    expect(await placesKept()).toEqual([7, 6, 5, 3])
    const old = snapshots[3] as PublishedSnapshot
    expect(await attest(store, id, random(16), old)).toMatchObject({ status: 'snapshot-missing' })
    expect(await attest(store, id, bob, snapshots[0] as PublishedSnapshot)).toMatchObject({ status: 'stored' })
    const next = await mustPublish(store, id, creator.device, through + 1)
    const [status] = await store.status([id])
    expect(status?.snapshots).toMatchObject({ newest: { id: next.id }, attested: { id: snapshots[1]?.id } })
  })

  it('[LO15] forgets no publication where one is disputed, or while nobody has attested two', async () => {
    for (const isDisputed of [false, true]) {
      const { store, id, creator } = await withDocument(open, 'shared-key')
      await appendOne(store, creator.unit({ count: 9 }))
      for (const seq of [2, 3, 4, 5]) {
        const snapshot = await mustPublish(store, id, creator.device, seq)
        if (isDisputed) await attest(store, id, random(16), snapshot)
        const wrong = { isSame: false, contentDigest: random(32) }
        if (isDisputed && seq === 3) await attest(store, id, random(16), snapshot, wrong)
      }
      await store.snapshots.keepOnly(id, [])
      await store.snapshots.trim(id, bounds(99))
      while ((await store.snapshots.forgetMarks(id, nowS() + 60, 99)) > 0);
      expect(await store.snapshots.published(id)).toHaveLength(4)
    }
  })

  it('[LO15] leaves other documents as they are', async () => {
    const { store, id, creator } = await withDocument(open)
    const other = new Writer(id, creator.seen, creator.device)
    await appendOne(store, other.unit({ count: 3 }))
    expect(await store.snapshots.trim(random(16), bounds(9))).toEqual({ entries: 0, bytes: 0, base: 0, moved: 0 })
    expect(await store.snapshots.forgetMarks(random(16), nowS(), 9)).toBe(0)
    expect((await store.read(id, 0, ALL)).length).toBe(4)
  })
}
