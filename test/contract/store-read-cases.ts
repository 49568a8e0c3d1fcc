/**
 * What is read back, and what removal leaves.
 *
 * @module
 */
import { expect, it } from 'vitest'

import { createTestDocument, markOf, random, transcriptOf } from './append-units.ts'
import { ALL, appendOne, withDocument, type StoreFactory } from './store-case.ts'

/** Registers the cases. */
export function readContract(open: StoreFactory): void {
  it('[FR7] pages by entries and by bytes, never less than one entry', async () => {
    const { store, id, creator } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 9, size: 100 }))
    const seqs = async (after: number, entries: number, bytes: number): Promise<number[]> =>
      (await store.read(id, after, { entries, bytes })).map(({ seq }) => seq)
    expect(await seqs(1, 3, 1e6)).toEqual([2, 3, 4])
    expect(await seqs(1, 100, 300)).toEqual([2, 3, 4])
    expect(await seqs(1, 100, 299)).toEqual([2, 3])
    expect(await seqs(8, 100, 1)).toEqual([9])
    expect(await seqs(10, 100, 1e6)).toEqual([])
    expect(await seqs(11, 100, 1e6)).toEqual([])
  })

  it('[LO2] reads marks and transcripts that recompute', async () => {
    const { store, id, creator, creation, genesis } = await withDocument(open)
    const unit = creator.unit({ count: 5 })
    await appendOne(store, unit)
    const marks = [genesis.entries[0], ...unit.entries].map(markOf)
    expect(await store.readMarks(id, 0, 100)).toEqual(marks)
    expect(await store.readMarks(id, 2, 3)).toEqual(marks.slice(2, 5))
    for (let seq = 0; seq <= 6; seq++) {
      expect(await store.transcriptAt(id, seq)).toEqual(transcriptOf(creation.genesisHash, marks.slice(0, seq)))
    }
    expect(await store.transcriptAt(id, 7)).toBeNull()
  })

  it('answers for many documents in the order asked, and for unknown ones with nothing', async () => {
    const store = await open()
    const [first, second] = [await createTestDocument(store), await createTestDocument(store)]
    const unknown = random(16)
    const rows = await store.status([second.id, unknown, first.id])
    expect(rows.map((row) => row?.genesisHash ?? null)).toEqual([
      second.creation.genesisHash,
      null,
      first.creation.genesisHash,
    ])
    expect(await store.read(unknown, 0, ALL)).toEqual([])
    expect(await store.readRecords(unknown, 0, 1e6)).toEqual([])
    expect(await store.readMarks(unknown, 0, 10)).toEqual([])
    expect(await store.transcriptAt(unknown, 0)).toBeNull()
    expect(await store.roleOf(unknown, random(16))).toBe('none')
    expect(await store.commitments(unknown)).toEqual([])
  })

  it('[I5] takes ids that look like SQL for what they are', async () => {
    const store = await open()
    const text = new TextEncoder().encode("';DROP TABLE x--")
    expect(await store.status([text])).toEqual([null])
    expect(await store.remove(text)).toBe(false)
    const { id } = await createTestDocument(store)
    expect(await store.roleOf(id, text)).toBe('none')
  })

  it('refuses every call once it is closed', async () => {
    const { store, id, creator } = await withDocument(open)
    await store.close()
    await expect(store.append([creator.unit()])).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    await expect(store.read(id, 0, ALL)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  })

  it('decides everything that was asked for before it closes', async () => {
    const { store, creator } = await withDocument(open)
    const pending = Promise.all(Array.from({ length: 100 }, () => store.append([creator.unit()])))
    await store.close()
    expect((await pending).flat().every(({ status }) => status === 'stored')).toBe(true)
  })
}

/** Registers the cases. */
export function removeContract(open: StoreFactory): void {
  it('[I9] leaves a tombstone and nothing else', async () => {
    const { store, id, creator, genesis } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 3 }))
    expect(await store.remove(id)).toBe(true)
    expect(await store.remove(id)).toBe(true)
    const [status] = await store.status([id])
    expect(status).toMatchObject({ deleted: true, head: { seq: 0 } })
    expect(await store.read(id, 0, ALL)).toEqual([])
    expect(await store.readRecords(id, 0, 1e6)).toEqual([])
    expect(await store.readMarks(id, 0, 10)).toEqual([])
    expect(await store.transcriptAt(id, 1)).toBeNull()
    expect(await store.commitments(id)).toEqual([])
    expect(await store.roleOf(id, creator.device)).toBe('none')
    expect(await appendOne(store, creator.unit())).toEqual({ status: 'deleted' })
    expect(await appendOne(store, genesis)).toEqual({ status: 'deleted' })
  })

  it('[I9] knows nothing to remove where there was no document', async () => {
    const store = await open()
    expect(await store.remove(random(16))).toBe(false)
  })

  it('[I9] leaves other documents as they are', async () => {
    const { store, id } = await withDocument(open)
    const other = await createTestDocument(store)
    await appendOne(store, other.creator.unit({ count: 2 }))
    await store.remove(id)
    expect(await appendOne(store, other.creator.unit())).toMatchObject({ status: 'stored', seqs: [4] })
    expect((await store.read(other.id, 0, ALL)).length).toBe(4)
  })
}
