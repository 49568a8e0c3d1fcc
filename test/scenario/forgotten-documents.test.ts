/**
 * What a device keeps of a document that its person deleted, and of the list that pairing put aside. Rules KM19, KM21, KM22.
 *
 * @module
 */
import { createMemoryDocumentStore, createMemoryKeyStore, createMemoryOutbox } from '@y-sealed/client'
import { expect, it, vi } from 'vitest'

import { LostEntries } from '../../client/quotes/lost-entries.ts'
import { startLyingRelay } from '../support/lying-relay.ts'
import { createPerson, eventually, write } from '../support/person.ts'
import { startHonestRelay } from '../support/stage.ts'

it('[KM19] [KM21] the keys of a deleted document are in no recovery file any more', { timeout: 60_000 }, async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const keys = createMemoryKeyStore()
  const { documents } = await createPerson({ relay: lying, name: 'Alice', keys })
  const note = await documents.createDocument()
  await write(note, 'secret')
  await note.deleteDocument()
  await vi.waitFor(async () => expect(await keys.list('document/')).toEqual([]))
})

it('[KM19] [CL31] of a document that a device left it keeps no entries, nor those that a restart gave up', async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const store = createMemoryDocumentStore()
  const storage = { keys: createMemoryKeyStore(), outbox: createMemoryOutbox(), documents: store }
  const { documents } = await createPerson({ relay: lying, name: 'Alice', storage })
  const note = await documents.createDocument()
  await write(note, 'secret')
  const { documentId } = note.provider
  const lost = new LostEntries(store, documentId)
  await vi.waitFor(async () => expect((await store.extent(documentId)).lastSeq).toBeGreaterThan(1))
  await lost.keep(documentId)
  expect(await lost.isEmpty()).toBe(false)
  await note.deleteDocument()
  await vi.waitFor(async () => {
    expect((await store.extent(documentId)).lastSeq).toBe(0)
    expect(await lost.isEmpty()).toBe(true)
  })
})

it('[KM22] the list that a device had before it was paired is gone from the relay', { timeout: 60_000 }, async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const phone = (await createPerson({ relay: lying, name: 'phone', personal: true })).documents
  await phone.createDocument({ name: 'phone note' })
  const keys = createMemoryKeyStore()
  const laptop = (await createPerson({ relay: lying, name: 'laptop', personal: true, keys })).documents
  const note = await laptop.createDocument({ name: 'laptop note' })
  await eventually(() => expect([phone.list().length, laptop.list().length]).toEqual([1, 1]))
  const before = await keys.list('document/')
  const offer = await phone.pairDevice()
  const answer = await laptop.acceptPairing(offer.text)
  await Promise.all([answer.confirm(), (await offer.request).confirm()])
  // Its own note and its old list were there; the old list is of no use any more.
  expect(before).toHaveLength(2)
  const left = async (): Promise<readonly string[]> =>
    (await keys.list('document/')).filter((name) => before.includes(name))
  await vi.waitFor(async () => expect(await left()).toEqual([`document/${note.id}`]), { timeout: 5_000 })
  await eventually(() => expect(phone.list().map(({ name }) => name)).toContain('laptop note'))
})

it('[KM19] who was removed takes the document off the list, and nothing of it is kept; who is in it leaves it instead', async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const alice = await createPerson({ relay: lying, name: 'Alice' })
  const note = await alice.documents.createDocument()
  await write(note, 'secret')
  const store = createMemoryDocumentStore()
  const storage = { keys: createMemoryKeyStore(), outbox: createMemoryOutbox(), documents: store }
  const { documents: bobs } = await createPerson({ relay: lying, name: 'Bob', personal: true, storage })
  const copy = await bobs.openDocument(await note.invite())
  await copy.provider.whenSynced()
  await eventually(() => expect(bobs.list()).toMatchObject([{ id: note.id, isReady: true, isShutOut: false }]))
  await expect(bobs.forgetDocument(note.id)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  // The list has it, and not this device alone.
  await vi.waitFor(async () => expect(await storage.keys.list('pending/')).toEqual([]), { timeout: 15_000 })
  const [, bob] = note.members()
  await note.remove(bob?.id ?? '')
  await eventually(() => expect(bobs.list()).toMatchObject([{ id: note.id, isReady: false, isShutOut: true }]))
  await bobs.forgetDocument(note.id)
  expect(bobs.list()).toEqual([])
  const { documentId } = note.provider
  await vi.waitFor(async () => expect((await store.extent(documentId)).lastSeq).toBe(0))
  await expect(bobs.openDocument(note.id)).rejects.toMatchObject({ code: 'UNKNOWN_DOCUMENT' })
  await expect(bobs.forgetDocument(note.id)).rejects.toMatchObject({ code: 'UNKNOWN_DOCUMENT' })
})

it('[CL12] who is removed as soon as they have joined sees at once that they are shut out, and may forget the document', async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const alice = (await createPerson({ relay: lying, name: 'Alice' })).documents
  const bob = (await createPerson({ relay: lying, name: 'Bob', personal: true })).documents
  const note = await alice.createDocument()
  await write(note, 'not for long')
  const removed = new Promise<void>((resolve, reject) => {
    note.on('members', (members) => {
      const joined = members.find(({ name }) => name === 'Bob')
      if (joined !== undefined) note.remove(joined.id).then(resolve, reject)
    })
  })
  const [his] = await Promise.all([bob.openDocument(await note.invite()), removed])
  await eventually(() => expect(bob.list()).toMatchObject([{ id: his.id, isReady: false, isShutOut: true }]))
  await bob.forgetDocument(his.id)
  expect(bob.list()).toEqual([])
})
