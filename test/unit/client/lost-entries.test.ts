/** What a restart gave up, kept until the log that goes on has it. Rule CL31. */
import { createMemoryDocumentStore, type DocumentStore } from '@y-sealed/client'
import { openNodeStorage } from '@y-sealed/client/node'
import { cryptoReady, equalBytes, KIND, SyncError, type Bytes } from '@y-sealed/protocol'
import { beforeAll, expect, it } from 'vitest'

import { LostEntries } from '../../../client/quotes/lost-entries.ts'
import { createNote, type Note } from '../../support/members/note.ts'
import { makeTemporaryFolder } from '../../support/temporary-folder.ts'

beforeAll(() => cryptoReady())

async function bytesOf(lost: LostEntries): Promise<Bytes[]> {
  const found: Bytes[] = []
  for await (const page of lost.read()) found.push(...page.map(({ bytes }) => bytes))
  return found
}

const quotable = ({ entries }: Note): Bytes[] =>
  entries.filter(({ envelope }) => envelope.kind !== KIND.record).map(({ envelope }) => envelope.bytes)

it('[CL31] [LO14] outlasts the log that is wiped and the run, behind what was lost before, until it is forgotten', async () => {
  const store = createMemoryDocumentStore()
  const notes = [await createNote(), await createNote()] as const
  const { documentId } = notes[0]
  for (const note of notes) {
    const { creator } = note
    note.append(creator.bind(), creator.type('one '), creator.type('two '))
    const kept = note.entries.map(({ seq, envelope }) => ({ seq, envelope: envelope.bytes }))
    await store.append(documentId, kept)
    await new LostEntries(store, documentId).keep(documentId)
    await store.delete(documentId)
  }
  const again = new LostEntries(store, documentId)
  expect(await bytesOf(again)).toEqual(notes.flatMap(quotable))
  expect([await again.isEmpty(), await new LostEntries(store, new Uint8Array(16)).isEmpty()]).toEqual([false, true])
  // It is nobody's log.
  expect(await store.extent(documentId)).toEqual({ baseSeq: 0, lastSeq: 0, head: null })
  await again.forget()
  expect([await again.isEmpty(), await bytesOf(again)]).toEqual([true, []])
})

it('[CL31] outlasts the log also where the storage has no room for both', async () => {
  const memory = createMemoryDocumentStore()
  const note = await createNote()
  const { creator, documentId } = note
  note.append(creator.bind(), creator.type('one '), creator.type('two '))
  await memory.append(
    documentId,
    note.entries.map(({ seq, envelope }) => ({ seq, envelope: envelope.bytes })),
  )
  const append: DocumentStore['append'] = async (document, ...rest) => {
    const { lastSeq } = await memory.extent(documentId)
    if (lastSeq > 0 && !equalBytes(document, documentId)) throw new SyncError('STORAGE_FULL', 'no room')
    await memory.append(document, ...rest)
  }
  const store = { ...memory, append }
  const lost = new LostEntries(store, documentId)
  await expect(lost.keep(documentId)).rejects.toMatchObject({ code: 'STORAGE_FULL' })
  await store.delete(documentId)
  expect([await lost.isEmpty(), await bytesOf(lost)]).toEqual([false, quotable(note)])
  await lost.writeAgain()
  expect(await bytesOf(lost)).toEqual(quotable(note))
  expect(await bytesOf(new LostEntries(store, documentId))).toEqual(quotable(note))
})

it.each([
  ['in memory', () => Promise.resolve(createMemoryDocumentStore())],
  ['in files', async () => (await openNodeStorage(makeTemporaryFolder())).documents],
])(
  '[CL31] forgets no more than was there when it was looked at, whatever another tab keeps meanwhile, %s',
  async (_, open) => {
    const store = await open()
    const notes = [await createNote(), await createNote(), await createNote()] as const
    const { documentId } = notes[0]
    const lose = async (tab: LostEntries, note: Note): Promise<void> => {
      const { creator } = note
      note.append(creator.bind(), creator.type('one '), creator.type('two '))
      await store.append(
        documentId,
        note.entries.map(({ seq, envelope }) => ({ seq, envelope: envelope.bytes })),
      )
      await tab.keep(documentId)
      await store.delete(documentId)
    }
    const [one, other] = [new LostEntries(store, documentId), new LostEntries(store, documentId)]
    await lose(one, notes[0])
    const place = await one.place()
    await lose(other, notes[1])
    await one.forgetUpTo(place)
    expect(await bytesOf(one)).toEqual(quotable(notes[1]))
    await lose(one, notes[2])
    expect(await bytesOf(other)).toEqual([...quotable(notes[1]), ...quotable(notes[2])])
    await other.forgetUpTo(await other.place())
    // Late: what was there then is gone already.
    await one.forgetUpTo(place)
    expect([await one.isEmpty(), await bytesOf(one), await other.isEmpty()]).toEqual([true, [], true])
    await one.forget()
    expect(await one.isEmpty()).toBe(true)
  },
)
