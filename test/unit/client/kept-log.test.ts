/** Two tabs of one device that keep one document's log, and follow a restart at once. */
import { EventEmitter, once } from 'node:events'

import { createMemoryDocumentStore } from '@y-sealed/client'
import { expect, it, vi } from 'vitest'

import { KeptLog } from '../../../client/log/kept-log.ts'
import { LostEntries } from '../../../client/quotes/lost-entries.ts'
import type { DocumentStore } from '../../../client/stores/document-store.ts'
import { createNote, type Note } from '../../support/members/note.ts'

async function createLog(words: readonly string[]): Promise<Note> {
  const note = await createNote()
  note.append(note.creator.bind())
  for (const word of words) note.append(note.creator.type(word))
  return note
}

function openTab(store: DocumentStore, { documentId }: Note): KeptLog {
  const fail = (error: unknown): never => {
    throw error
  }
  return new KeptLog({ store, documentId, onTrouble: fail, onConflict: fail, onWiped: () => fail('wiped') })
}

it('[LO14] [CL13] [CL16] the slower of two tabs leaves what the faster one has kept of the log that goes on', async () => {
  const store = createMemoryDocumentStore()
  const note = await createLog(['given ', 'up '])
  const given = note.entries.slice()
  const { documentId } = note
  const [faster, slower] = [openTab(store, note), openTab(store, note)]
  faster.keep(given)
  faster.close()
  await faster.whenKept()
  await slower.read(0, () => true)
  expect([await faster.holdsOwn(), await slower.holdsOwn()]).toEqual([true, true])
  // What goes on has other entries at these places.
  const goesOn = [...given.slice(0, 2), ...given.slice(2).toReversed()].map(({ envelope }, index) => ({
    seq: index + 1,
    envelope,
  }))
  await faster.wipe()
  expect((await store.extent(documentId)).lastSeq).toBe(0)
  expect(await slower.holdsOwn()).toBe(false)
  faster.keep(goesOn)
  await faster.whenKept()
  expect(await slower.holdsOwn()).toBe(false)
  await slower.wipe()
  expect((await store.extent(documentId)).lastSeq).toBe(goesOn.length)
  slower.keep(goesOn)
  slower.close()
  await slower.whenKept()
  expect(await slower.holdsOwn()).toBe(true)
  // Nobody else has kept anything: it goes.
  await slower.wipe()
  expect((await store.extent(documentId)).lastSeq).toBe(0)
})

it('[LO14] [CL16] [CL31] a tab that had kept nothing yet forgets what another has kept of the log that goes on: the relay gives that again, and nothing else goes', async () => {
  const store = createMemoryDocumentStore()
  const note = await createLog(['goes ', 'on ', 'later '])
  const { documentId, entries } = note
  const trouble: unknown[] = []
  const onWiped = vi.fn<() => void>()
  const onTrouble = (error: unknown): number => trouble.push(error)
  const options = { store, documentId, onConflict: () => undefined, onTrouble, onWiped }
  const [slower, faster] = [new KeptLog(options), new KeptLog(options)]
  await slower.read(0, () => true)
  const lost = new LostEntries(store, documentId)
  const quotable = async (): Promise<number> => {
    let count = 0
    for await (const page of lost.read()) count += page.length
    return count
  }
  faster.keep(entries.slice(0, -1))
  faster.close()
  await faster.whenKept()
  // It cannot tell that this is not what it gives up: some may be quoted, which the log has.
  expect(await slower.holdsOwn()).toBe(true)
  await lost.keep(documentId)
  const kept = await quotable()
  await slower.wipe()
  expect([(await store.extent(documentId)).lastSeq, await quotable()]).toEqual([0, kept])
  // The faster one says that nothing more is kept, until it, or the next run, takes all of it anew as the relay gives it again.
  faster.keep(entries.slice(-1))
  faster.close()
  await faster.whenKept()
  await vi.waitFor(() => expect(onWiped).toHaveBeenCalledTimes(1))
  expect(trouble).toMatchObject([{ code: 'LOG_GAP' }])
  const next = openTab(store, note)
  await next.read(0, () => true)
  next.keep(entries)
  next.close()
  await next.whenKept()
  expect((await store.extent(documentId)).lastSeq).toBe(entries.length)
})

it.each(['is written', 'fails'])(
  '[CL13] [CL41] nothing is said to be kept while a snapshot is not, be it that what was on its way before it %s, and the log is kept on from there',
  async (how) => {
    const memory = createMemoryDocumentStore()
    const note = await createLog(['before ', 'behind '])
    const { documentId, entries } = note
    const [before, behind] = [entries.slice(0, -1), entries.slice(-1)]
    const moment = new EventEmitter()
    const put = once(moment, 'put')
    const written = once(moment, 'written')
    const store: DocumentStore = {
      ...memory,
      append: async (document, run) => {
        if (run[0]?.seq !== 1) return await memory.append(document, run)
        await written
        if (how === 'fails') throw new Error('the disk is away for a moment')
      },
      putSnapshot: async (document, snapshot, records) => {
        await put
        await memory.putSnapshot(document, snapshot, records)
      },
    }
    const tab = openTab(store, note)
    tab.keep(before)
    tab.close()
    const heard = vi.fn<() => void>()
    tab.begin({ seq: before.length, id: new Uint8Array(32).fill(1), envelope: new Uint8Array(64) }, [])
    tab.keep(behind)
    void tab.whenKept().then(heard)
    moment.emit('written')
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).not.toHaveBeenCalled()
    moment.emit('put')
    await tab.whenKept()
    expect(await memory.extent(documentId)).toMatchObject({ baseSeq: before.length, lastSeq: entries.length })
  },
)
