/**
 * A browser that throws away what it kept for an app, under a running page or between two visits: it is told, typing goes on, what is in memory is
 * stored anew, and nothing is said to be kept that is not.
 */
import { loadDevice, wipeBrowserStorage, type BrowserStorage, type SyncStatus } from '@y-sealed/client'
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { cdp } from 'vitest/browser'

import { makeStorageName, openStorage } from '../support/browser-storage.ts'
import { createRoom, join, type Peer } from '../support/peer.ts'
import { createPerson, eventually, expectText, write } from '../support/person.ts'

const relay = inject('relay')
/** Nobody listens there. */
const nowhere = { ...relay, url: 'wss://localhost:9/sync' }
const PATIENCE = { timeout: 15_000 }

/** As the browser does when it is short of room, or a person in its settings. All databases go: no other test runs beside this one. */
async function evict(storageTypes = 'indexeddb'): Promise<void> {
  await cdp().send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes })
}

type Access = ReturnType<Awaited<ReturnType<typeof createRoom>>>

interface Told {
  readonly evicted: boolean[]
  readonly storage: SyncStatus['storage'][]
}

async function open(storage: BrowserStorage, access: Access, address = relay): Promise<Peer & { readonly told: Told }> {
  const { keys, outbox, documents: store, tabs } = storage
  const provider = { outbox, store, tabs, storage: 'kept' as const }
  const peer = await join({ relay: address, access, keys, provider })
  const told: Told = { evicted: [], storage: [] }
  peer.provider.on('evicted', (isEvicted) => told.evicted.push(isEvicted))
  peer.provider.on('syncStatus', (status) => told.storage.push(status.storage))
  await peer.provider.whenLoaded()
  return Object.assign(peer, { told })
}

const deviceOf = async (storage: BrowserStorage): Promise<string> => (await loadDevice(storage.keys)).id.join()

describe('storage that is evicted under a running page', () => {
  it('[CL13] [CL22] is told of, and what this page has, its keys too, is stored anew: the next run has it without a relay', async () => {
    const [room, name] = [await createRoom(), makeStorageName()]
    const storage = await openStorage(name)
    const alice = await open(storage, room(), nowhere)
    alice.text.insert(0, 'typed before, ')
    await alice.provider.whenKept()
    const device = await deviceOf(storage)
    expect([alice.told.evicted, alice.provider.syncStatus.storage]).toEqual([[], 'kept'])
    await evict()
    // Nothing has to be written for it to be noticed.
    await vi.waitFor(() => expect(alice.told.evicted).toEqual([true, false]), PATIENCE)
    expect(alice.told.storage).toContain('off')
    expect(alice.provider.syncStatus).toMatchObject({ storage: 'kept', isKept: true, unsaved: 1 })
    alice.text.insert(alice.text.length, 'typed after')
    await alice.provider.whenKept()
    alice.close()
    await storage.close()

    const next = await openStorage(name)
    expect(await deviceOf(next)).toBe(device)
    const again = await open(next, room(), nowhere)
    expect(again.text.toJSON()).toBe('typed before, typed after')
    again.close()
    const online = await open(next, room())
    await online.provider.whenSaved()
    const bob = await join({ relay, access: room() })
    await bob.provider.whenSynced()
    expect(bob.text.toJSON()).toBe('typed before, typed after')
  })

  it('[CL13] what another tab has deleted meanwhile does not come back', async () => {
    const name = makeStorageName()
    const [here, there] = [await openStorage(name), await openStorage(name)]
    await here.keys.set('kept', new Uint8Array([1]))
    await here.keys.set('left', new Uint8Array([2]))
    // Who listens later hears later.
    const channel = new BroadcastChannel(`y-sealed/deleted/${name}`)
    onTestFinished(() => channel.close())
    const told = new Promise((resolve) => channel.addEventListener('message', resolve, { once: true }))
    await there.keys.delete('left')
    await told
    await there.close()
    await evict()
    await vi.waitFor(async () => expect(await here.keys.list('')).toEqual(['kept']), PATIENCE)
    expect(await here.keys.get('left')).toBeNull()
  })

  it('[CL13] [CL14] has the log once more as soon as the relay gives it, and what was unsent leaves once', async () => {
    const [room, name] = [await createRoom(), makeStorageName()]
    const storage = await openStorage(name)
    const bob = await join({ relay, access: room() })
    await bob.provider.whenSynced()
    bob.text.insert(0, 'by Bob, ')
    await bob.provider.whenSaved()
    const alice = await open(storage, room())
    await alice.provider.whenSynced()
    alice.text.insert(alice.text.length, 'by Alice, ')
    await alice.provider.whenSaved()
    const { documentId } = alice.provider
    await vi.waitFor(async () => expect((await storage.documents.extent(documentId)).lastSeq).toBeGreaterThan(2))
    await evict()
    await vi.waitFor(() => expect(alice.told.evicted).toEqual([true, false]), PATIENCE)
    alice.text.insert(alice.text.length, 'and more')
    await alice.provider.whenSaved()
    await vi.waitFor(async () => {
      const { lastSeq, head } = await storage.documents.extent(documentId)
      expect([lastSeq, head?.seq]).toEqual([alice.provider.head.seq, alice.provider.signedHead?.seq])
    }, PATIENCE)
    expect(alice.provider.syncStatus).toMatchObject({ kind: 'saved', storage: 'kept' })
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('by Bob, by Alice, and more'))
    alice.close()
    const next = await open(await openStorage(name), room(), nowhere)
    expect(next.text.toJSON()).toBe('by Bob, by Alice, and more')
  })

  it('[CL13] [CL14] keeps the document with what is typed upon it where the relay cannot give the log again', async () => {
    const [room, name] = [await createRoom(), makeStorageName()]
    const storage = await openStorage(name)
    const alice = await open(storage, room())
    await alice.provider.whenSynced()
    alice.text.insert(0, 'saved, ')
    await alice.provider.whenSaved()
    alice.provider.disconnect()
    await evict()
    await vi.waitFor(() => expect(alice.told.evicted).toEqual([true, false]), PATIENCE)
    alice.text.insert(alice.text.length, 'typed upon it')
    await alice.provider.whenKept()
    alice.close()
    await storage.close()
    const next = await openStorage(name)
    const offline = await open(next, room(), nowhere)
    expect(offline.text.toJSON()).toBe('saved, typed upon it')
    offline.close()
    const online = await open(next, room())
    await online.provider.whenSaved()
    expect(online.provider.syncStatus).toMatchObject({ kind: 'saved', unsaved: 0 })
    const bob = await join({ relay, access: room() })
    await bob.provider.whenSynced()
    expect(bob.text.toJSON()).toBe('saved, typed upon it')
  })

  it('[KM1] [KM19] [CL12] leaves a person with members documents the same device, their list, and every note', async () => {
    const name = makeStorageName()
    const storage = await openStorage(name)
    const options = { relay, name: 'Alice', personal: true }
    const { documents } = await createPerson({ ...options, storage })
    const ids: string[] = []
    for (const text of ['first note', 'second note']) {
      const note = await documents.createDocument()
      await write(note, text)
      ids.push(note.id)
    }
    const { deviceId } = documents
    documents.close()

    // This run has opened one of the two when it happens.
    const { documents: later, errors } = await createPerson({ ...options, storage })
    const open = await later.openDocument(ids[0]!)
    await expectText(open, 'first note')
    const told: boolean[] = []
    open.provider.on('evicted', (isEvicted) => told.push(isEvicted))
    await evict()
    await vi.waitFor(() => expect(told).toEqual([true, false]), PATIENCE)
    await write(open, ', and more')
    later.close()
    await storage.close()

    const { documents: next } = await createPerson({ ...options, storage: await openStorage(name) })
    expect(next.deviceId).toBe(deviceId)
    for (const [index, text] of ['first note, and more', 'second note'].entries()) {
      await eventually(() => expect(next.list().map(({ id }) => id)).toContain(ids[index]))
      await expectText(await next.openDocument(ids[index]!), text)
    }
    expect(errors).toEqual([])
  })

  it('[CL22] is not said to be kept again while it cannot be written', async () => {
    const storage = await openStorage(makeStorageName())
    const alice = await open(storage, (await createRoom())(), nowhere)
    alice.text.insert(0, 'typed before')
    await alice.provider.whenKept()
    const refuse = (): never => {
      throw new DOMException('refused by the test', 'QuotaExceededError')
    }
    const spies = (['put', 'add'] as const).map((method) =>
      vi.spyOn(IDBObjectStore.prototype, method).mockImplementation(refuse),
    )
    onTestFinished(() => spies.forEach((spy) => spy.mockRestore()))
    await evict()
    await vi.waitFor(() => expect(alice.told.evicted).toEqual([true]), PATIENCE)
    alice.text.insert(0, 'and after, ')
    await vi.waitFor(() => expect(alice.provider.isKept).toBe(false))
    expect(alice.provider.syncStatus.storage).toBe('off')
    expect(alice.told.evicted).toEqual([true])
  })

  it('[KM1] is not written anew where the app has wiped it', async () => {
    const name = makeStorageName()
    const storage = await openStorage(name)
    const alice = await open(storage, (await createRoom())(), nowhere)
    const device = await deviceOf(storage)
    await wipeBrowserStorage({ name })
    const fresh = await deviceOf(storage)
    expect(fresh).not.toBe(device)
    expect([alice.told.evicted, alice.provider.syncStatus.storage]).toEqual([[true], 'off'])
    await evict()
    await vi.waitFor(() => expect(alice.told.evicted).toEqual([true, true, false]), PATIENCE)
    expect(await deviceOf(await openStorage(name))).toBe(fresh)
  })

  it('[KM1] is not written anew where this page was not told that the app has wiped it: its connection was lost', async () => {
    const name = makeStorageName()
    const connections: IDBDatabase[] = []
    // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
    const { transaction } = IDBDatabase.prototype
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...of) {
      connections.push(this)
      return transaction.apply(this, of)
    })
    onTestFinished(() => spy.mockRestore())
    const storage = await openStorage(name)
    const alice = await open(storage, (await createRoom())(), nowhere)
    const device = await deviceOf(storage)
    for (const connection of connections) connection.close()
    await wipeBrowserStorage({ name })
    await vi.waitFor(async () => expect(await deviceOf(storage)).not.toBe(device))
    expect([alice.told.evicted, alice.provider.syncStatus.storage]).toEqual([[true], 'off'])
  })

  it('[CL13] [CL14] is stored anew where a person has cleared all that the site has kept', async () => {
    const [room, name] = [await createRoom(), makeStorageName()]
    const storage = await openStorage(name)
    const alice = await open(storage, room(), nowhere)
    alice.text.insert(0, 'typed before')
    await alice.provider.whenKept()
    await evict('all')
    await vi.waitFor(() => expect(alice.told.evicted).toEqual([true, false]), PATIENCE)
    alice.close()
    await storage.close()
    expect((await open(await openStorage(name), room(), nowhere)).text.toJSON()).toBe('typed before')
  })
})

describe('storage that is evicted between two visits', () => {
  const visit = async (name: string): Promise<boolean> => {
    const storage = await openStorage(name)
    await storage.keys.set('a', new Uint8Array([1]))
    await storage.close()
    return storage.wasEvicted
  }

  it('[CL22] is told of at the next one, and only then', async () => {
    const name = makeStorageName()
    expect([await visit(name), await visit(name)]).toEqual([false, false])
    await evict()
    expect([await visit(name), await visit(name)]).toEqual([true, false])
  })

  it('[CL22] is not told of where the app has wiped it, nor where nothing was kept or is known', async () => {
    const name = makeStorageName()
    await visit(name)
    await wipeBrowserStorage({ name })
    expect(await visit(name)).toBe(false)
    await evict('indexeddb,local_storage')
    expect(await visit(name)).toBe(false)
    const other = makeStorageName()
    await (await openStorage(other)).close()
    await evict()
    expect(await visit(other)).toBe(false)
  })
})
