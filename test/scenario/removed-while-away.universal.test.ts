/** A device that comes back to a document from which it was removed meanwhile: the relay shows it no record of that, and it is told all the same. */
import { createMemoryKeyStore, SealedDocuments, type SealedDocument } from '@y-sealed/client'
import { expect, inject, it, onTestFinished } from 'vitest'

import { createPerson, documentsOptions, expectText, textOf, whoIsIn, write } from '../support/person.ts'

const relay = inject('relay')

function whenClosed(document: SealedDocument): Promise<Error> {
  return new Promise((resolve) => document.once('closed', resolve))
}

const TOLD = {
  code: 'NOT_A_MEMBER',
  message: expect.stringMatching(/removed.*not saved stays on this device/) as string,
}

it('[AU13] [CL11] is told that it may have been removed, in this run and in the next, and keeps what was written', async () => {
  const alice = await createPerson({ relay, name: 'Alice' })
  const note = await alice.documents.createDocument()
  await write(note, 'together. ')
  const keys = createMemoryKeyStore()
  const bob = await createPerson({ relay, name: 'Bob', keys })
  const copy = await bob.documents.openDocument(await note.invite())
  await expectText(copy, 'together. ')
  copy.provider.disconnect()
  copy.doc.getText('note').insert(0, 'on a train: ')
  const [, member] = note.members()
  await note.remove(member?.id ?? '')
  expect(whoIsIn(note)).toEqual(['Alice: admin, 1'])

  const closed = whenClosed(copy)
  const unsaved = copy.provider.unsyncedChanges
  copy.provider.connect()
  expect(await closed).toMatchObject(TOLD)
  expect([textOf(copy), unsaved, copy.provider.unsyncedChanges]).toEqual(['on a train: together. ', 1, 1])
  bob.documents.close()

  const next = await SealedDocuments.open(await documentsOptions({ relay, name: 'Bob', keys }))
  onTestFinished(() => next.close())
  expect(await whenClosed(await next.openDocument(note.id))).toMatchObject(TOLD)
  expect(textOf(note)).toBe('together. ')
})
