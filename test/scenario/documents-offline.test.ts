import { createMemoryKeyStore, type SealedDocuments } from '@y-sealed/client'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { Installation } from '../../client/documents/installation.ts'
import { whenSyncedWithin } from '../../client/documents/when-synced.ts'
import { joinByLink } from '../../client/links/join-by-link.ts'
import { linkDevice } from '../../client/links/link-device.ts'
import { startLyingRelay, type LyingRelay } from '../support/lying-relay.ts'
import { createPerson, documentsOptions, eventually, expectText, textOf, whoIsIn, write } from '../support/person.ts'
import { startHonestRelay } from '../support/stage.ts'

/** A relay that can be switched off: `stand(null)`. */
async function startSwitchedRelay(): Promise<{ relay: LyingRelay; switchOn: () => void }> {
  const relay = await startLyingRelay()
  const honest = await startHonestRelay([relay])
  return { relay, switchOn: () => relay.stand(honest) }
}

async function open(relay: LyingRelay, name: string, keys = createMemoryKeyStore()): Promise<SealedDocuments> {
  return (await createPerson({ relay, name, keys, personal: true })).documents
}

describe('without a network', () => {
  it('[CL12] a note is made and written, and later it is at the relay and in the list', async () => {
    const { relay, switchOn } = await startSwitchedRelay()
    const documents = await open(relay, 'Alice')
    const note = await documents.createDocument({ name: 'Train' })
    note.doc.getText('note').insert(0, 'written on a train')
    expect(note.provider.unsyncedChanges).toBe(1)
    const invited = note.invite()
    switchOn()
    await note.provider.whenSaved()
    await eventually(() => expect(documents.list()).toMatchObject([{ name: 'Train', isReady: true }]))
    const bob = await open(relay, 'Bob')
    await expectText(await bob.openDocument(await invited), 'written on a train')
  })

  it('[CL22] where edits stand is told once, and said by every note: those that are open, and those to be opened', async () => {
    const { relay } = await startSwitchedRelay()
    const documents = await open(relay, 'Alice')
    const train = await documents.createDocument({ name: 'Train' })
    const told: string[] = []
    train.provider.on('syncStatus', ({ storage }) => told.push(storage))
    expect(train.provider.syncStatus.storage).toBe('off')
    documents.setStorage('evictable')
    expect(told).toEqual(['evictable'])
    const ferry = await documents.createDocument({ name: 'Ferry' })
    expect(ferry.provider.syncStatus.storage).toBe('evictable')
    train.close()
    const again = await documents.openDocument(train.id)
    documents.setStorage('kept')
    for (const { provider } of [again, ferry]) expect(provider.syncStatus.storage).toBe('kept')
  })

  it('[CL12] a note that no relay has heard of is listed, renamed and deleted from the list, also by the next run', async () => {
    const { relay, switchOn } = await startSwitchedRelay()
    const keys = createMemoryKeyStore()
    const documents = await open(relay, 'Alice', keys)
    const note = await documents.createDocument({ name: 'Train' })
    const told: unknown[] = []
    documents.on('documents', (entries) => told.push(...entries.map(({ name }) => name)))
    expect(documents.list()).toMatchObject([{ id: note.id, name: 'Train', isReady: true }])
    await documents.rename(note.id, 'Night train')
    await documents.createDocument({ name: 'Ferry' })
    expect(documents.list().map(({ name }) => name)).toEqual(['Night train', 'Ferry'])
    expect(told).toContain('Night train')
    documents.close()
    const again = await open(relay, 'Alice', keys)
    expect(again.list().map(({ name }) => name)).toEqual(['Night train', 'Ferry'])
    switchOn()
    const opened = await again.openDocument(note.id)
    await opened.provider.whenSaved()
    await vi.waitFor(async () => expect(await keys.list('pending/')).toEqual([]), { timeout: 15_000 })
    expect(again.list().map(({ name }) => name)).toEqual(['Night train', 'Ferry'])
    await opened.deleteDocument()
    expect(again.list().map(({ name }) => name)).toEqual(['Ferry'])
  })

  it('[CL12] a name that the list cannot hold is refused before a document is made', async () => {
    const { relay } = await startSwitchedRelay()
    const keys = createMemoryKeyStore()
    const documents = await open(relay, 'Alice', keys)
    await expect(documents.createDocument({ name: 'x'.repeat(5_000) })).rejects.toThrow(RangeError)
    expect(await keys.list('document/')).toEqual([])
    expect(await keys.list('pending/')).toEqual([])
  })

  it('[CL12] a note made just before the app is closed is listed by its next run', async () => {
    const { relay, switchOn } = await startSwitchedRelay()
    const keys = createMemoryKeyStore()
    const first = await open(relay, 'Alice', keys)
    const note = await first.createDocument({ name: 'Last words' })
    first.close()
    switchOn()
    const again = await open(relay, 'Alice', keys)
    await eventually(() => expect(again.list()).toMatchObject([{ id: note.id, name: 'Last words' }]))
    const opened = await again.openDocument(note.id)
    await opened.provider.whenSynced()
    expect(whoIsIn(opened)).toEqual(['Alice: admin, 1'])
  })

  it('[CL11] a known note is opened by its link at once, and reads on when the network is back', async () => {
    const { relay, switchOn } = await startSwitchedRelay()
    switchOn()
    const alice = await open(relay, 'Alice')
    const note = await alice.createDocument()
    await write(note, 'hello')
    const link = await note.invite()
    const keys = createMemoryKeyStore()
    const bob = await open(relay, 'Bob', keys)
    await expectText(await bob.openDocument(link), 'hello')
    bob.close()
    relay.stand(null)
    const again = await open(relay, 'Bob', keys)
    const copy = await again.openDocument(link)
    expect(textOf(copy)).toBe('')
    switchOn()
    await expectText(copy, 'hello')
  })

  it('[KM21] what somebody waits for, a restoration say, is OFFLINE after a while', async () => {
    const { relay } = await startSwitchedRelay()
    const note = await (await open(relay, 'Alice')).createDocument()
    await expect(whenSyncedWithin(note.provider, 100)).rejects.toMatchObject({ code: 'OFFLINE' })
  })

  it('[AU12] a link to an unknown note is OFFLINE after a while', async () => {
    const { relay, switchOn } = await startSwitchedRelay()
    switchOn()
    const note = await (await open(relay, 'Alice')).createDocument()
    await note.provider.whenSynced()
    const { fragment: link } = await note.makeLink()
    relay.stand(null)
    const installation = await Installation.load(await documentsOptions({ relay, name: 'Bob' }))
    onTestFinished(() => installation.close())
    const keys = linkDevice(link.seed)
    const connection = installation.connectAs(keys, link.headKey)
    const { device } = installation
    const joining = joinByLink({ link, linkDevice: keys, connection, device, name: null, timeoutMs: 500 })
    await expect(joining).rejects.toMatchObject({ code: 'OFFLINE', message: /when there is a network/ })
  })
})
