/**
 * What goes and what stays when bodies are trimmed and marks forgotten.
 *
 * @module
 */
import { SESSION_SILENCE_SEQS, type Bytes } from '@y-sealed/protocol'
import { expect, it } from 'vitest'

import { markOf, random, transcriptOf, Writer } from './append-units.ts'
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
    expect(await store.snapshots.trim(id, bounds(6))).toEqual({ entries: 5, bytes: 600, base: 6 })
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

  it('[LO15] trims in steps as small as it is told, none that is young, and nothing beyond the head', async () => {
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
    expect(await store.snapshots.trim(id, bounds(99))).toMatchObject({ base: 10 })
    expect(await store.snapshots.trim(id, bounds(99))).toEqual({ entries: 0, bytes: 0, base: 10 })
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

  it('[LO15] forgets marks that are old, of trimmed entries, and never what a session or a seen rests on', async () => {
    const { store, id, creator, genesis } = await withDocument(open, 'shared-key')
    const old = new Writer(id, creator.seen)
    const oldUnit = old.unit({ count: 5, size: 70 })
    await appendOne(store, oldUnit)
    for (let left = SESSION_SILENCE_SEQS + 20; left > 0; left -= 60) {
      await appendOne(store, creator.unit({ count: Math.min(60, left), size: 70 }))
    }
    const head = SESSION_SILENCE_SEQS + 26
    expect(await store.snapshots.forgetMarks(id, nowS() + 60, 99)).toBe(0)
    await store.snapshots.trim(id, bounds(head - 5))
    expect(await store.snapshots.forgetMarks(id, nowS() - 60, 99)).toBe(0)
    expect(await store.snapshots.forgetMarks(id, nowS() + 60, 10)).toBe(10)
    expect(await store.snapshots.forgetMarks(id, nowS() + 60, 99)).toBe(14)
    expect(await store.snapshots.forgetMarks(id, nowS() + 60, 99)).toBe(0)
    // Entries 2 to 25 are gone; the genesis is a record, and 26 is where somebody who was silent for so long may still have been.
    expect(await store.readMarks(id, 0, 99)).toEqual([markOf(genesis.entries[0])])
    expect(await store.readMarks(id, 1, 99)).toEqual([])
    expect(await store.readMarks(id, 25, 1e6)).toHaveLength(head - 25)
    expect(await store.transcriptAt(id, 25)).toBeNull()
    expect(await store.transcriptAt(id, 26)).not.toBeNull()
    expect(await store.entryAt(id, old.device, old.session, 1)).toBeNull()
    // What comes again from back then is refused, and not stored twice.
    expect(await appendOne(store, oldUnit)).toMatchObject({ status: 'seen-too-old' })
    expect(await appendOne(store, old.unit())).toMatchObject({ status: 'counter-gap' })
    const [status] = await store.status([id])
    expect(status).toMatchObject({ head: { seq: head }, base: head - 5, logBytes: 5 * 70 + 120 })
    // A signature from back then proves no gap: nobody can tell any more.
    expect(await store.noteSigned(id, { seq: 20, transcript: random(32) })).toBeNull()
    expect(await store.noteSigned(id, { seq: head + 1, transcript: random(32) })).toMatchObject({ seq: head + 1 })
  })

  it('[LO15] leaves other documents as they are', async () => {
    const { store, id, creator } = await withDocument(open)
    const other = new Writer(id, creator.seen, creator.device)
    await appendOne(store, other.unit({ count: 3 }))
    expect(await store.snapshots.trim(random(16), bounds(9))).toEqual({ entries: 0, bytes: 0, base: 0 })
    expect(await store.snapshots.forgetMarks(random(16), nowS(), 9)).toBe(0)
    expect((await store.read(id, 0, ALL)).length).toBe(4)
  })
}
