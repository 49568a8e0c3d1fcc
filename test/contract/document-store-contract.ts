/**
 * What every DocumentStore must do, run on each adapter.
 *
 * @module
 */
import type { DocumentStore, StoredEntry, StoredSnapshot } from '@y-sealed/client'
import { equalBytes, KIND, OFFSET, type Bytes, type SignedHead } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

export interface DocumentStoreHarness {
  open(): Promise<DocumentStore>
  /** Another handle on what the first has stored; the first is closed. */
  reopen(): Promise<DocumentStore>
}

export const DOCUMENT: Bytes = new Uint8Array(16).fill(1)
const OTHER = new Uint8Array(16).fill(2)
const ALL = Number.MAX_SAFE_INTEGER

/** Bytes that stand for an envelope, with the kind where an envelope has it. */
export function entry(seq: number, options: { size?: number; content?: number; kind?: number } = {}): StoredEntry {
  const envelope = new Uint8Array(options.size ?? 100).fill(options.content ?? seq % 256)
  envelope[OFFSET.kind] = options.kind ?? KIND.update
  return { seq, envelope }
}

export function run(first: number, last: number): StoredEntry[] {
  return Array.from({ length: last - first + 1 }, (_, index) => entry(first + index))
}

export function headAt(seq: number): SignedHead {
  return { seq, transcript: new Uint8Array(32).fill(seq), signature: new Uint8Array(64).fill(seq) }
}

function snapshot(seq: number, content = seq): StoredSnapshot {
  return { seq, id: new Uint8Array(32).fill(seq), envelope: new Uint8Array(70_000).fill(content) }
}

const seqsOf = (entries: readonly StoredEntry[]): number[] => entries.map(({ seq }) => seq)

/** `durable`: what was appended before survives opening again. */
export function documentStoreContract(name: string, durable: boolean, harness: () => DocumentStoreHarness): void {
  describe(`document store: ${name}`, () => {
    it('gives back what was appended, in order and byte for byte', async () => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 3))
      await store.append(DOCUMENT, run(4, 5))
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 5))
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 5, head: null })
    })

    it('knows nothing of a document that it was never given', async () => {
      const store = await harness().open()
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual([])
      expect(await store.records(DOCUMENT)).toEqual([])
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 0, head: null })
      await store.cut(DOCUMENT, 0)
      await store.delete(DOCUMENT)
    })

    it('keeps documents apart', async () => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 2), headAt(2))
      await store.append(OTHER, [entry(1, { content: 9 })])
      await store.delete(DOCUMENT)
      expect(await store.read(OTHER, 1, ALL)).toEqual([entry(1, { content: 9 })])
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 0, head: null })
    })

    it('reads in pages: as many bytes as are asked for, but one entry at least', async () => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 700))
      expect(seqsOf(await store.read(DOCUMENT, 3, 250))).toEqual([3, 4])
      expect(seqsOf(await store.read(DOCUMENT, 3, 200))).toEqual([3, 4])
      expect(seqsOf(await store.read(DOCUMENT, 3, 1))).toEqual([3])
      expect(seqsOf(await store.read(DOCUMENT, 300, 40_000))).toEqual(seqsOf(run(300, 699)))
      expect(seqsOf(await store.read(DOCUMENT, 300, 40_100))).toEqual(seqsOf(run(300, 700)))
      expect(await store.read(DOCUMENT, 701, ALL)).toEqual([])
      expect(seqsOf(await store.read(DOCUMENT, 0, 100))).toEqual([1])
    })

    it('takes an entry that it has as no change, also among new ones', async () => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 3))
      await store.append(DOCUMENT, run(2, 5))
      await store.append(DOCUMENT, run(1, 1))
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 5))
    })

    it('[LO6] refuses another entry at a place that is taken, and keeps nothing of that call', async () => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 3))
      const other = [entry(3, { content: 99 }), entry(4)]
      await expect(store.append(DOCUMENT, other, headAt(4))).rejects.toMatchObject({ code: 'FORK' })
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 3))
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 3, head: null })
    })

    it.each([
      ['beyond the next place', [entry(4)]],
      ['with a gap', [entry(3), entry(5)]],
      ['backwards', [entry(3), entry(2)]],
      ['at no place', [entry(0)]],
      ['before the first', [entry(-1), entry(0)]],
    ])('refuses entries that stand %s, and keeps nothing of that call', async (_where, entries) => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 2))
      await expect(store.append(DOCUMENT, entries, headAt(9))).rejects.toMatchObject({ code: 'LOG_GAP' })
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 2, head: null })
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 2))
    })

    it('keeps order among appends that do not wait for each other', async () => {
      const store = await harness().open()
      await Promise.all([1, 2, 3, 4].map((seq) => store.append(DOCUMENT, [entry(seq)])))
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 4))
    })

    it('goes on after an append that was refused', async () => {
      const store = await harness().open()
      const [first, gap, second] = [run(1, 1), run(9, 9), run(2, 2)].map((entries) => store.append(DOCUMENT, entries))
      await expect(gap).rejects.toMatchObject({ code: 'LOG_GAP' })
      await Promise.all([first, second])
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 2))
    })

    it('gives the member records alone', async () => {
      const store = await harness().open()
      const entries = [1, 2, 3, 4].map((seq) => entry(seq, { kind: seq % 2 === 1 ? KIND.record : KIND.update }))
      await store.append(DOCUMENT, entries)
      expect(await store.records(DOCUMENT)).toEqual([entries[0], entries[2]])
      await store.cut(DOCUMENT, 2)
      expect(await store.records(DOCUMENT)).toEqual([entries[0]])
      expect(await store.records(OTHER)).toEqual([])
    })

    it('[LO6] keeps the newest head that it is given, with entries or without', async () => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 2), headAt(2))
      await store.append(DOCUMENT, [], headAt(5))
      await store.append(DOCUMENT, run(3, 3), headAt(3))
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 3, head: headAt(5) })
    })

    it('[LO6] cuts off what comes after a place, keeps the head, and goes on from there', async () => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 5), headAt(5))
      await store.cut(DOCUMENT, 9)
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 5, head: headAt(5) })
      await store.cut(DOCUMENT, 2)
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 2, head: headAt(5) })
      await store.append(DOCUMENT, [entry(3, { content: 77 })])
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual([...run(1, 2), entry(3, { content: 77 })])
      await store.cut(DOCUMENT, 0)
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 0, head: headAt(5) })
    })

    it('begins anew after a document was deleted', async () => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 5), headAt(5))
      await store.delete(DOCUMENT)
      await store.append(DOCUMENT, [entry(1, { content: 50 })])
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual([entry(1, { content: 50 })])
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 1, head: null })
    })

    it('[CL16] forgets a history by an entry of it, and leaves another that is kept in its place', async () => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 3), headAt(3))
      for (const other of [entry(3, { content: 77 }), entry(4)]) {
        await store.delete(DOCUMENT, other)
        expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 3, head: headAt(3) })
      }
      await store.putSnapshot(DOCUMENT, snapshot(2))
      await store.trim(DOCUMENT, 2)
      await store.delete(DOCUMENT, entry(1))
      expect(await store.read(DOCUMENT, 3, ALL)).toEqual([entry(3)])
      await store.delete(DOCUMENT, entry(3))
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 0, head: null })
    })

    it('keeps its own copy on the way in and out', async () => {
      const store = await harness().open()
      const [document, given] = [DOCUMENT.slice(), entry(1)]
      const appended = store.append(document, [given])
      given.envelope.fill(99)
      document.fill(99)
      await appended
      const [read] = await store.read(DOCUMENT, 1, ALL)
      read?.envelope.fill(98)
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 1))
    })

    it('keeps an envelope of the greatest size, and an empty one', async () => {
      const store = await harness().open()
      const entries = [entry(1, { size: 1_048_576 }), { seq: 2, envelope: new Uint8Array() }, entry(3)]
      await store.append(DOCUMENT, entries)
      const read = await store.read(DOCUMENT, 1, ALL)
      expect(read.map(({ envelope }, index) => equalBytes(envelope, entries[index]!.envelope))).toEqual([
        true,
        true,
        true,
      ])
    })

    it('[LO10] keeps snapshots beside the entries, one for a seq, and forgets those that are cut off', async () => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 9), headAt(9))
      await store.putSnapshot(DOCUMENT, snapshot(6))
      await store.putSnapshot(DOCUMENT, snapshot(3, 1))
      await store.putSnapshot(DOCUMENT, snapshot(3))
      expect(await store.snapshots(DOCUMENT)).toEqual([snapshot(3), snapshot(6)])
      expect(await store.snapshots(OTHER)).toEqual([])
      await store.cut(DOCUMENT, 5)
      await store.append(DOCUMENT, run(6, 9))
      expect(await store.snapshots(DOCUMENT)).toEqual([snapshot(3)])
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 9))
    })

    it('[LO10] forgets what lies before a snapshot, and no record', async () => {
      const store = await harness().open()
      const records = [1, 4].map((seq) => entry(seq, { kind: KIND.record }))
      const log = [records[0]!, ...run(2, 3), records[1]!, ...run(5, 9)]
      await store.append(DOCUMENT, log, headAt(9))
      for (const seq of [3, 6, 8]) await store.putSnapshot(DOCUMENT, snapshot(seq))
      await store.trim(DOCUMENT, 5)
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(log)
      await store.trim(DOCUMENT, 6)
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 6, lastSeq: 9, head: headAt(9) })
      expect(await store.snapshots(DOCUMENT)).toEqual([snapshot(6), snapshot(8)])
      expect(await store.records(DOCUMENT)).toEqual(records)
      expect(await store.read(DOCUMENT, 7, ALL)).toEqual(run(7, 9))
      expect(await store.read(DOCUMENT, 8, 100)).toEqual(run(8, 8))
      expect(await store.read(DOCUMENT, 6, ALL)).toEqual([])
      await store.append(DOCUMENT, [...run(5, 9), entry(10, { kind: KIND.record })])
      expect(seqsOf(await store.records(DOCUMENT))).toEqual([1, 4, 10])
      await expect(store.append(DOCUMENT, [entry(9, { content: 99 })])).rejects.toMatchObject({ code: 'FORK' })
      await store.trim(DOCUMENT, 8)
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 8, lastSeq: 10, head: headAt(9) })
      await store.cut(DOCUMENT, 8)
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 8, lastSeq: 8, head: headAt(9) })
      expect(seqsOf(await store.records(DOCUMENT))).toEqual([1, 4])
      await store.cut(DOCUMENT, 7)
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 0, head: headAt(9) })
      expect([await store.records(DOCUMENT), await store.snapshots(DOCUMENT)]).toEqual([[], []])
      await store.append(DOCUMENT, log)
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(log)
    })

    it('[LO10] begins anew behind a snapshot of which the entries are not kept', async () => {
      const store = await harness().open()
      await store.append(DOCUMENT, run(1, 4), headAt(4))
      await store.putSnapshot(DOCUMENT, snapshot(2))
      const records = [entry(1, { kind: KIND.record }), entry(7, { kind: KIND.record })]
      await store.putSnapshot(DOCUMENT, snapshot(20), records)
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 20, lastSeq: 20, head: headAt(4) })
      expect([await store.snapshots(DOCUMENT), await store.records(DOCUMENT)]).toEqual([[snapshot(20)], records])
      await store.putSnapshot(DOCUMENT, snapshot(19))
      await store.append(DOCUMENT, run(21, 22))
      await expect(store.append(DOCUMENT, run(24, 24))).rejects.toMatchObject({ code: 'LOG_GAP' })
      expect([await store.snapshots(DOCUMENT), await store.read(DOCUMENT, 21, ALL)]).toEqual([
        [snapshot(20)],
        run(21, 22),
      ])
      await store.delete(DOCUMENT)
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 0, head: null })
      expect(await store.snapshots(DOCUMENT)).toEqual([])
    })

    if (!durable) return
    it('[LO10] has snapshots and what lies behind them when it is opened again', async () => {
      const own = harness()
      const store = await own.open()
      await store.append(DOCUMENT, [entry(1, { kind: KIND.record }), ...run(2, 9)], headAt(9))
      for (const seq of [4, 7]) await store.putSnapshot(DOCUMENT, snapshot(seq))
      await store.trim(DOCUMENT, 4)
      const again = await own.reopen()
      expect(await again.extent(DOCUMENT)).toEqual({ baseSeq: 4, lastSeq: 9, head: headAt(9) })
      expect(await again.snapshots(DOCUMENT)).toEqual([snapshot(4), snapshot(7)])
      expect(seqsOf(await again.records(DOCUMENT))).toEqual([1])
      expect(await again.read(DOCUMENT, 5, ALL)).toEqual(run(5, 9))
    })

    it('survives being opened again', async () => {
      const own = harness()
      const store = await own.open()
      await store.append(DOCUMENT, [entry(1, { kind: KIND.record }), ...run(2, 4)], headAt(4))
      await store.cut(DOCUMENT, 3)
      await store.append(DOCUMENT, run(4, 6), headAt(6))
      const again = await own.reopen()
      expect(await again.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 6, head: headAt(6) })
      expect(await again.read(DOCUMENT, 2, ALL)).toEqual(run(2, 6))
      expect(seqsOf(await again.records(DOCUMENT))).toEqual([1])
      await again.append(DOCUMENT, run(7, 7))
      expect(await (await own.reopen()).read(DOCUMENT, 6, ALL)).toEqual(run(6, 7))
    })
  })
}
