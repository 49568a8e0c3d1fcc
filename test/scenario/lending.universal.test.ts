/** One document that several parts of an app have open, each for as long as it needs it. */
import type { SealedDocument, SealedDocuments } from '@y-sealed/client'
import { expect, inject, it } from 'vitest'

import { createPerson, eventually, expectText, textOf, whoIsIn, write } from '../support/person.ts'

const relay = inject('relay')

/** Alice shares a note with Bob by a link. */
async function setScene(uses = 0): Promise<{
  readonly alice: SealedDocument
  readonly bob: SealedDocuments
  readonly link: string
}> {
  const alice = await createPerson({ relay, name: 'Alice' })
  const note = await alice.documents.createDocument()
  await note.provider.whenSynced()
  const { documents: bob } = await createPerson({ relay, name: 'Bob' })
  return { alice: note, bob, link: await note.invite({ uses }) }
}

/** How often a document has ended by now. */
function watchEnd(document: SealedDocument): { ended: number } {
  const told = { ended: 0 }
  document.on('ended', () => (told.ended += 1))
  return told
}

it('stays open until the last of those who borrowed it has given it back, each counted once', async () => {
  const { alice, bob, link } = await setScene()
  const one = await bob.borrowDocument(link)
  const other = await bob.borrowDocument(one.document.id)
  expect(other.document).toBe(one.document)
  const told = watchEnd(one.document)
  one.giveBack()
  one.giveBack()
  expect(told.ended).toBe(0)
  await write(alice, 'milk')
  await expectText(other.document, 'milk')
  other.giveBack()
  expect(told.ended).toBe(1)
  const again = await bob.borrowDocument(one.document.id)
  expect(again.document).not.toBe(one.document)
})

it('does not close what the app has opened by itself, and outlasts that the app closes it', async () => {
  const { bob, link } = await setScene()
  const own = await bob.openDocument(link)
  const told = watchEnd(own)
  const one = await bob.borrowDocument(own.id)
  one.giveBack()
  expect(told.ended).toBe(0)
  const other = await bob.borrowDocument(own.id)
  own.close()
  expect(told.ended).toBe(0)
  await write(own, 'written by who has it on loan')
  other.giveBack()
  expect(told.ended).toBe(1)
  const made = await bob.createDocument()
  const madeTold = watchEnd(made)
  ;(await bob.borrowDocument(made.id)).giveBack()
  expect(madeTold.ended).toBe(0)
  made.close()
  expect(madeTold.ended).toBe(1)
})

it('is not closed under one who is about to have it', async () => {
  const { bob, link } = await setScene()
  const one = await bob.borrowDocument(link)
  const told = watchEnd(one.document)
  const borrowing = bob.borrowDocument(link)
  const opening = bob.openDocument(one.document.id)
  one.giveBack()
  const other = await borrowing
  other.giveBack()
  expect(await opening).toBe(one.document)
  expect(told.ended).toBe(0)
})

it('is one document, and one member, for two who come at once by a link for one', async () => {
  const { alice, bob, link } = await setScene(1)
  const [one, other] = await Promise.all([bob.borrowDocument(link), bob.borrowDocument(link)])
  expect(other.document).toBe(one.document)
  await one.document.provider.whenSynced()
  await eventually(() => expect(whoIsIn(alice)).toEqual(['Alice: admin, 1', 'Bob: writer, 1']))
})

it('is lent to nobody where it does not open: the others close it all the same', async () => {
  const { alice, bob, link } = await setScene()
  await expect(bob.borrowDocument('A'.repeat(22))).rejects.toMatchObject({ code: 'UNKNOWN_DOCUMENT' })
  await expect(bob.borrowDocument('no link')).rejects.toMatchObject({ code: 'LINK_MALFORMED' })
  // A link that is over, for a device that is in by another.
  const over = await alice.invite({ name: 'over' })
  await alice.revokeLink(over)
  const [failed, lent] = await Promise.allSettled([bob.borrowDocument(over), bob.borrowDocument(link)])
  expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'LINK_EXPIRED_OR_REVOKED' } })
  if (lent.status === 'rejected') throw lent.reason
  const told = watchEnd(lent.value.document)
  lent.value.giveBack()
  expect(told.ended).toBe(1)
})

it('ends for all when its person was removed, or the documents are closed; who gives back late closes no other', async () => {
  const { alice, bob, link } = await setScene()
  const loans = [await bob.borrowDocument(link), await bob.borrowDocument(link)]
  const { document } = loans[0]!
  const told = watchEnd(document)
  const reasons: string[] = []
  for (const loan of loans) loan.document.on('closed', ({ code }) => reasons.push(code))
  const member = alice.members().find(({ isMe }) => !isMe)
  await alice.remove(member!.id)
  await eventually(() => expect(told.ended).toBe(1))
  // The relay's word may come before the record.
  const removed: unknown = expect.stringMatching(/^(?:REMOVED|NOT_A_MEMBER)$/)
  expect(reasons).toEqual([removed, removed])
  const again = await bob.borrowDocument(await alice.invite())
  const againTold = watchEnd(again.document)
  for (const { giveBack } of loans) giveBack()
  expect(againTold.ended).toBe(0)
  await write(again.document, 'in again')
  bob.close()
  expect(againTold.ended).toBe(1)
})

it('ends for all when one who has it deletes it', async () => {
  const { documents } = await createPerson({ relay, name: 'Alice' })
  const made = await documents.createDocument()
  await made.provider.whenSynced()
  const { document } = await documents.borrowDocument(made.id)
  const told = watchEnd(made)
  await documents.withDocument(made.id, async (note) => await note.deleteDocument())
  expect(told.ended).toBe(1)
  await expect(document.provider.whenLoaded()).resolves.toBeUndefined()
  await expect(documents.withDocument(made.id, async () => undefined)).rejects.toMatchObject({
    code: 'UNKNOWN_DOCUMENT',
  })
})

it('is borrowed for as long as some work takes, also where that fails', async () => {
  const { alice, bob, link } = await setScene()
  const ends: { ended: number }[] = []
  const length = await bob.withDocument(link, async (document) => {
    ends.push(watchEnd(document))
    await write(document, 'milk')
    return textOf(document).length
  })
  expect(length).toBe(4)
  await expectText(alice, 'milk')
  const fail = async (document: SealedDocument): Promise<void> => {
    ends.push(watchEnd(document))
    expect(textOf(document)).toBe('milk')
    await Promise.reject(new Error('the work failed'))
  }
  await expect(bob.withDocument(link, fail)).rejects.toThrow('the work failed')
  expect(ends).toEqual([{ ended: 1 }, { ended: 1 }])
})
