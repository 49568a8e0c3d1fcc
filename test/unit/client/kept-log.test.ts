/** Two tabs of one device that keep one document's log, and follow a restart at once. */
import { createMemoryDocumentStore } from '@y-sealed/client'
import { expect, it } from 'vitest'

import { KeptLog } from '../../../client/log/kept-log.ts'
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
  return new KeptLog({ store, documentId, onTrouble: fail, onConflict: fail })
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
