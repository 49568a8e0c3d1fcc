/**
 * Heads that were signed once and that the log lacks: nothing is stored but what is given back, until it is whole or given up. Rule LO14.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { expect, it } from 'vitest'

import type { AppendUnit, Head, LostHead, Store } from '../../server/core/ports.ts'
import { makeGenesis, markOf, random, transcriptOf, type TestDocument } from './append-units.ts'
import { appendOne, expectUntouched, withDocument, type StoreFactory } from './store-case.ts'

/** A unit that is given back at a place, vouched for by a signed head. */
function givenBack(unit: AppendUnit, at: number): AppendUnit {
  return { ...unit, restored: { at, isProven: true } }
}

/** T once these units have followed the genesis. */
function headAfter({ creation, genesis }: TestDocument, units: readonly AppendUnit[]): LostHead {
  const marks = [genesis, ...units].flatMap(({ entries }) => entries.map(markOf))
  return { seq: marks.length, transcript: transcriptOf(creation.genesisHash, marks), isPinned: false }
}

async function lostOf(store: Store, id: Bytes): Promise<LostHead | null | undefined> {
  return (await store.status([id]))[0]?.lost
}

/** Registers the cases. */
export function lostContract(open: StoreFactory): void {
  it('[LO14] knows the furthest head that it lacks, and none that it has', async () => {
    const { store, id, creator, ...document } = await withDocument(open)
    const here = (await store.status([id]))[0]!.head
    expect(await store.noteSigned(id, here)).toBeNull()
    const lost = headAfter({ ...document, id, creator }, [creator.unit({ count: 5 })])
    expect(await store.noteSigned(id, lost)).toEqual(lost)
    expect(await store.noteSigned(id, { ...lost, seq: 3 })).toEqual(lost)
    expect(await store.noteSigned(id, { ...lost, transcript: random(32) })).toEqual(lost)
    expect(await lostOf(store, id)).toEqual(lost)
    const fork = { seq: 1, transcript: random(32), isPinned: false }
    expect(await store.noteSigned(id, fork)).toEqual(lost)
  })

  it('[LO14] takes another history at a place that it has for one that it lacks', async () => {
    const { store, id, creator } = await withDocument(open)
    const fork = { seq: 1, transcript: random(32), isPinned: false }
    expect(await store.noteSigned(id, fork)).toEqual(fork)
    expect(await appendOne(store, creator.unit())).toEqual({ status: 'needs-restore', seq: 1 })
  })

  it('[LO14] stores nothing new meanwhile, answers what it has, and goes on when it has come to that very head', async () => {
    const document = await withDocument(open)
    const { store, id, creator } = document
    const held = creator.unit()
    await appendOne(store, held)
    const missing = [creator.unit({ count: 2 }), creator.unit()]
    const lost = headAfter(document, [held, ...missing])
    await store.noteSigned(id, lost)
    expect(await appendOne(store, missing[0]!)).toEqual({ status: 'needs-restore', seq: lost.seq })
    expect(await appendOne(store, held)).toMatchObject({ status: 'stored', fresh: 0 })
    const here = (await store.status([id]))[0]!.head
    expect(await appendOne(store, givenBack(missing[1]!, 5))).toEqual({ status: 'moved', head: here })
    expect(await appendOne(store, givenBack(missing[0]!, 3))).toMatchObject({ status: 'stored', fresh: 2 })
    expect(await lostOf(store, id)).toEqual(lost)
    expect(await appendOne(store, givenBack(missing[1]!, 5))).toMatchObject({
      status: 'stored',
      head: { seq: lost.seq, transcript: lost.transcript },
    })
    expect(await lostOf(store, id)).toBeNull()
    expect(await appendOne(store, givenBack(missing[1]!, 5))).toMatchObject({ status: 'stored', fresh: 0 })
    expect(await appendOne(store, creator.unit())).toMatchObject({ status: 'stored', seqs: [6] })
  })

  it('[LO14] takes back what its author might write then, whatever the log says of them now', async () => {
    const document = await withDocument(open)
    const { store, id, creator } = document
    const stranger = { ...creator.unit(), device: random(16), session: random(8), needs: 'admin' as const }
    await store.noteSigned(id, headAfter(document, [stranger]))
    expect(await appendOne(store, { ...stranger, restored: { at: 2, isProven: false } })).toMatchObject({
      status: 'needs-restore',
    })
    const unit = { ...stranger, entries: [{ ...stranger.entries[0], counter: 1, prev: new Uint8Array(16) }] as const }
    expect(await appendOne(store, givenBack(unit, 2))).toMatchObject({ status: 'stored' })
  })

  it('[LO14] knows what it lacks of a document that it has not, and takes its genesis for nothing but a gift', async () => {
    const store = await open()
    const made = makeGenesis()
    const lost = headAfter(made, [made.creator.unit()])
    expect(await store.noteSigned(made.id, lost)).toEqual(lost)
    expect(await store.status([made.id])).toEqual([null])
    expect(await appendOne(store, made.genesis)).toEqual({ status: 'needs-restore', seq: 2 })
    expect(await appendOne(store, givenBack(made.genesis, 1))).toMatchObject({ status: 'stored', seqs: [1] })
    expect(await lostOf(store, made.id)).toEqual(lost)
  })

  it('[LO14] a restart goes where both its heads are, and ends the waiting', async () => {
    const document = await withDocument(open)
    const { store, id, creator } = document
    const { head, recordHead } = (await store.status([id]))[0]!
    const lost = headAfter(document, [creator.unit({ count: 3 })])
    creator.counter = 1
    creator.lastId = recordHead
    const restart = (named: { lost: Head; kept: Head }): AppendUnit => {
      const unit = creator.unit({ record: { recordPrev: recordHead, roles: [], restart: named } })
      creator.counter--
      creator.lastId = recordHead
      return unit
    }
    expect(await appendOne(store, restart({ lost, kept: head }))).toEqual({ status: 'moved', head })
    await store.noteSigned(id, lost)
    for (const named of [
      { lost: { ...lost, seq: 3 }, kept: head },
      { lost: { ...lost, transcript: random(32) }, kept: head },
      { lost, kept: { ...head, transcript: random(32) } },
    ]) {
      expect(await appendOne(store, restart(named))).toEqual({ status: 'moved', head })
    }
    await expectUntouched(store, id, 1)
    expect(await appendOne(store, restart({ lost, kept: head }))).toMatchObject({ status: 'stored', seqs: [2] })
    expect(await lostOf(store, id)).toBeNull()
  })

  it('[LO14] a restart that is given back gives up nothing', async () => {
    const document = await withDocument(open)
    const { store, id, creator } = document
    const { head, recordHead } = (await store.status([id]))[0]!
    const older = { seq: 9, transcript: random(32) }
    const unit = creator.unit({ record: { recordPrev: recordHead, roles: [], restart: { lost: older, kept: head } } })
    const lost = headAfter(document, [unit, creator.unit()])
    await store.noteSigned(id, lost)
    expect(await appendOne(store, givenBack(unit, 2))).toMatchObject({ status: 'stored' })
    expect(await lostOf(store, id)).toEqual(lost)
  })

  it('[LO14] [I9] nothing is lacking of what was deleted', async () => {
    const { store, id } = await withDocument(open)
    await store.noteSigned(id, { seq: 7, transcript: random(32) })
    await store.remove(id)
    expect(await store.noteSigned(id, { seq: 8, transcript: random(32) })).toBeNull()
    expect(await lostOf(store, id)).toBeNull()
  })
}
