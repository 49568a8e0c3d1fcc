/**
 * The judgement of one append: duplicates, counters, chains, epochs, what was seen, creation. [LO7]
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { expect, it } from 'vitest'

import type { AppendUnit, NewEntry } from '../../server/core/ports.ts'
import { createTestDocument, makeGenesis, markOf, random, transcriptOf, Writer } from './append-units.ts'
import { ALL, appendOne, expectUntouched, withDocument, type StoreFactory } from './store-case.ts'

/** Registers the cases. */
export function appendContract(open: StoreFactory): void {
  it('[LO7] stores a unit whole at consecutive seqs and keeps its bytes', async () => {
    const { store, id, creator, creation, genesis } = await withDocument(open)
    const unit = creator.unit({ count: 3 })
    const result = await appendOne(store, unit)
    expect(result).toMatchObject({ status: 'stored', seqs: [2, 3, 4], fresh: 3, head: { seq: 4 } })
    const entries = await store.read(id, 0, ALL)
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
    expect(entries.map(({ envelope }) => envelope)).toEqual(
      [...genesis.entries, ...unit.entries].map(({ envelope }) => envelope),
    )
    const marks = [...genesis.entries, ...unit.entries].map(markOf)
    expect(result.status === 'stored' && result.head.transcript).toEqual(transcriptOf(creation.genesisHash, marks))
  })

  it('[LO7] judges each unit against the state that those before it left', async () => {
    const { store, creator } = await withDocument(open)
    const [first, second, third] = [creator.unit(), creator.unit({ entry: { prev: random(16) } }), creator.unit()]
    const results = await store.append([first, second, third])
    expect(results.map(({ status }) => status)).toEqual(['stored', 'prev-mismatch', 'counter-gap'])
  })

  it('[F11] acknowledges a retry with the old seqs and stores it once', async () => {
    const { store, id, creator } = await withDocument(open)
    const unit = creator.unit({ count: 2 })
    await appendOne(store, unit)
    await appendOne(store, creator.unit())
    expect(await appendOne(store, unit)).toMatchObject({ status: 'stored', seqs: [2, 3], fresh: 0, head: { seq: 4 } })
    await expectUntouched(store, id, 4)
  })

  it('[F11] stores the rest of a unit that begins with what is stored already', async () => {
    const { store, creator } = await withDocument(open)
    const first = creator.unit({ count: 2 })
    const second = creator.unit({ count: 2 })
    await appendOne(store, first)
    const both = { ...first, entries: [...first.entries, ...second.entries] } as unknown as AppendUnit
    expect(await appendOne(store, both)).toMatchObject({ status: 'stored', seqs: [2, 3, 4, 5], fresh: 2 })
  })

  it('[F11] stores one batch sent three times at once only once', async () => {
    const { store, id, creator } = await withDocument(open)
    const units = Array.from({ length: 100 }, () => creator.unit())
    const results = await Promise.all([store.append(units), store.append(units), store.append(units)])
    for (const batch of results) {
      expect(batch.map((result) => (result.status === 'stored' ? result.seqs[0] : result.status))).toEqual(
        units.map((_, i) => i + 2),
      )
    }
    const fresh = results.flat().reduce((sum, result) => sum + (result.status === 'stored' ? result.fresh : 0), 0)
    expect(fresh).toBe(100)
    await expectUntouched(store, id, 101)
  })

  it('[F12] reports another envelope under a stored counter as equivocation', async () => {
    const { store, id, creator } = await withDocument(open)
    const unit = creator.unit()
    await appendOne(store, unit)
    await appendOne(store, creator.unit())
    const other = { ...unit, entries: [{ ...unit.entries[0], id: random(32) }] } as unknown as AppendUnit
    expect(await appendOne(store, other)).toEqual({ status: 'equivocation', counter: 2 })
    await expectUntouched(store, id, 3)
  })

  it.each([
    ['a gap', 4],
    ['zero', 0],
    ['2^53 − 1', Number.MAX_SAFE_INTEGER],
    ['2^64 − 1', 2 ** 64 - 1],
  ])('[F13] answers counter %s with the one it expects', async (_, counter) => {
    const { store, id, creator } = await withDocument(open)
    await appendOne(store, creator.unit())
    expect(await appendOne(store, creator.unit({ entry: { counter } }))).toEqual({ status: 'counter-gap', expected: 3 })
    await expectUntouched(store, id, 2)
  })

  it('[F13] expects 1 of a session that has stored nothing', async () => {
    const { store, id, creator } = await withDocument(open)
    const other = new Writer(id, creator.seen, creator.device)
    other.counter = 6
    expect(await appendOne(store, other.unit())).toEqual({ status: 'counter-gap', expected: 1 })
  })

  it('[F14] refuses an entry whose prev is not the last of its session', async () => {
    const { store, id, creator } = await withDocument(open)
    expect(await appendOne(store, creator.unit({ entry: { prev: random(16) } }))).toEqual({
      status: 'prev-mismatch',
      counter: 2,
    })
    const first = new Writer(id, creator.seen, creator.device)
    expect(await appendOne(store, first.unit({ entry: { prev: random(16) } }))).toEqual({
      status: 'prev-mismatch',
      counter: 1,
    })
    await expectUntouched(store, id, 1)
  })

  it('[F14] refuses a unit whole when a later entry of it does not chain', async () => {
    const { store, id, creator } = await withDocument(open)
    const unit = creator.unit({ count: 3 })
    const [one, two, three] = unit.entries
    const broken = { ...unit, entries: [one, two, { ...three, prev: random(16) }] } as unknown as AppendUnit
    expect(await appendOne(store, broken)).toEqual({ status: 'prev-mismatch', counter: 4 })
    await expectUntouched(store, id, 1)
  })

  it.each([0, 2, 2 ** 32 - 1])('[F15] refuses epoch %i when 1 is in force', async (epoch) => {
    const { store, id, creator } = await withDocument(open)
    expect(await appendOne(store, creator.unit({ entry: { epoch } }))).toEqual({ status: 'epoch-stale', epoch: 1 })
    await expectUntouched(store, id, 1)
  })

  it('[F16] takes a recorded envelope neither for another document nor for another device', async () => {
    const { store, creator } = await withDocument(open)
    const unit = creator.unit()
    await appendOne(store, unit)
    const other = await createTestDocument(store)
    expect(await appendOne(store, { ...unit, document: other.id })).toMatchObject({ status: 'counter-gap' })
    expect(await appendOne(store, { ...unit, device: random(16) })).toMatchObject({ status: 'counter-gap' })
    await expectUntouched(store, other.id, 1)
  })

  it('[LO3] refuses an entry that has seen what is not in the log', async () => {
    const { store, id, creator } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 3 }))
    const wrong = random(16)
    for (const entry of [
      { seenTranscript: wrong },
      { seenSeq: 0 },
      { seenSeq: 3 },
      { seenSeq: 4, seenTranscript: wrong },
    ]) {
      const writer = new Writer(id, creator.seen, creator.device)
      expect(await appendOne(store, writer.unit({ entry }))).toEqual({ status: 'seen-unknown' })
    }
    const ahead = new Writer(id, { ...creator.seen, seq: 5 }, creator.device)
    expect(await appendOne(store, ahead.unit())).toEqual({ status: 'seen-unknown' })
    await expectUntouched(store, id, 4)
  })

  it('[LO3] takes any place of the log as seen, the empty log too', async () => {
    const { store, id, creator } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 3 }))
    for (const seq of [0, 1, 2, 3, 4]) {
      const transcript = (await store.transcriptAt(id, seq)) as Bytes
      const writer = new Writer(id, { seq, transcript }, creator.device)
      expect(await appendOne(store, writer.unit())).toMatchObject({ status: 'stored' })
    }
  })

  it('[LO3] lets a later entry of a unit have seen an earlier one', async () => {
    const { store, id, creator, creation, genesis } = await withDocument(open)
    const unit = creator.unit({ count: 2 })
    const [one, two] = unit.entries
    const transcript = transcriptOf(creation.genesisHash, [genesis.entries[0], one].map(markOf))
    const seeing = { ...two, seenSeq: 2, seenTranscript: transcript.slice(0, 16) }
    const itself = { ...one, seenSeq: 2, seenTranscript: transcript.slice(0, 16) }
    expect(await appendOne(store, { ...unit, entries: [itself] })).toEqual({ status: 'seen-unknown' })
    expect(await appendOne(store, { ...unit, entries: [one, seeing as NewEntry] })).toMatchObject({ status: 'stored' })
    expect(await store.transcriptAt(id, 2)).toEqual(transcript)
  })

  it('[LO7] knows no document that was not made', async () => {
    const { store } = await withDocument(open)
    const { id, creator } = makeGenesis()
    expect(await appendOne(store, creator.unit())).toEqual({ status: 'unknown' })
    expect(await store.status([id])).toEqual([null])
  })

  it('[KM2] makes a document once: a retry is acknowledged, another genesis is not', async () => {
    const { store, id, genesis } = await withDocument(open)
    expect(await appendOne(store, genesis)).toMatchObject({ status: 'stored', seqs: [1], fresh: 0 })
    const other = { ...genesis, session: random(8), entries: [{ ...genesis.entries[0], id: random(32) }] }
    expect(await appendOne(store, other as unknown as AppendUnit)).toEqual({ status: 'exists' })
    await expectUntouched(store, id, 1)
  })

  it.each(['members', 'shared-key'] as const)('[KM2] lays down a document in %s mode', async (mode) => {
    const { store, id, genesis, creation, creator } = await withDocument(open, mode)
    const [status] = await store.status([id])
    expect(status).toEqual({
      head: { seq: 1, transcript: transcriptOf(creation.genesisHash, [markOf(genesis.entries[0])]) },
      genesisHash: creation.genesisHash,
      mode,
      roomKey: creation.roomKey ?? null,
      epoch: 1,
      commitment: creation.commitment,
      isEpochClosed: false,
      recordHead: genesis.entries[0].id,
      recordSeq: 1,
      logBytes: genesis.entries[0].envelope.length,
      lost: null,
      base: 0,
      snapshots: {
        newest: null,
        attested: null,
        usable: null,
        entriesSince: 1,
        bytesSince: genesis.entries[0].envelope.length,
      },
      deleted: false,
    })
    expect(await store.commitments(id)).toEqual([[1, creation.commitment]])
    expect(await store.roleOf(id, creator.device)).toBe(mode === 'members' ? 'admin' : 'none')
  })

  it('[KM2] looks at no role in shared-key mode', async () => {
    const { store, id, creator } = await withDocument(open, 'shared-key')
    const stranger = new Writer(id, creator.seen)
    expect(await appendOne(store, stranger.unit({ needs: 'writer' }))).toMatchObject({ status: 'stored' })
  })

  it.each<[string, Partial<AppendUnit>]>([
    ['a short document id', { document: random(15) }],
    ['a long session', { session: random(9) }],
    ['a short device', { device: random(0) }],
  ])('[I4] refuses %s to its caller alone', async (_, wrong) => {
    const { store, creator } = await withDocument(open)
    const [bad, good] = [{ ...creator.unit(), ...wrong }, makeGenesis().genesis]
    const results = await Promise.allSettled([store.append([bad]), store.append([good])])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect((results[0] as PromiseRejectedResult).reason).toBeInstanceOf(RangeError)
  })
}
