/**
 * What browsers do to storage: lost connections, no room, none at all. Each as the platform says it, by a hand in its interfaces.
 *
 * @module
 */
import { openBrowserStorage, persistStorage, readStorageStanding, type StoredEntry } from '@y-sealed/client'
import { openDB } from 'idb'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { makeStorageName, openStorage, openWithoutLocks } from '../support/browser-storage.ts'
import { DOCUMENT, run } from './document-store-contract.ts'

const VALUE = new Uint8Array([1, 2, 3])

/** Connections as they are opened, the newest last. */
function watchConnections(): IDBDatabase[] {
  const connections: IDBDatabase[] = []
  // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
  const { open } = IDBFactory.prototype
  const spy = vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(function (this: IDBFactory, ...parameters) {
    const request = open.apply(this, parameters)
    request.addEventListener('success', () => connections.push(request.result))
    return request
  })
  onTestFinished(() => spy.mockRestore())
  return connections
}

function refuseWith(name: string): () => never {
  return () => {
    throw new DOMException('refused by the test', name)
  }
}

describe('storage in a browser', () => {
  it('opens again what the browser has closed under it', async () => {
    const connections = watchConnections()
    const { keys } = await openStorage(makeStorageName())
    connections.at(-1)!.close()
    await keys.set('a', VALUE)
    connections.at(-1)!.close()
    expect(await keys.get('a')).toEqual(VALUE)
    expect(connections).toHaveLength(3)
  })

  it('opens again after the browser has said that the connection is over', async () => {
    const connections = watchConnections()
    const { keys } = await openStorage(makeStorageName())
    connections.at(-1)!.dispatchEvent(new Event('close'))
    await keys.set('a', VALUE)
    expect(await keys.get('a')).toEqual(VALUE)
    expect(connections).toHaveLength(2)
  })

  it.each(['UnknownError', 'AbortError', 'InvalidStateError'])(
    'tries again on a fresh connection after %s, and says so when that does not help',
    async (error) => {
      const connections = watchConnections()
      const { documents } = await openStorage(makeStorageName())
      const spy = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(refuseWith(error))
      onTestFinished(() => spy.mockRestore())
      await documents.append(DOCUMENT, run(1, 2))
      expect(connections).toHaveLength(2)
      spy.mockImplementation(refuseWith(error))
      await expect(documents.extent(DOCUMENT)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
      spy.mockRestore()
      expect(await documents.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 2, head: null })
    },
  )

  it('keeps order when the connection is lost under appends that do not wait for each other', async () => {
    const connections = watchConnections()
    const { documents } = await openStorage(makeStorageName())
    const lost = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(refuseWith('InvalidStateError'))
    onTestFinished(() => lost.mockRestore())
    await Promise.all([1, 2, 3, 4].map((seq) => documents.append(DOCUMENT, run(seq, seq))))
    expect(connections).toHaveLength(2)
    expect(await documents.read(DOCUMENT, 1, 10_000)).toEqual(run(1, 4))
  })

  it('opens again later when opening again was refused at first', async () => {
    const connections = watchConnections()
    const { keys } = await openStorage(makeStorageName())
    await keys.set('a', VALUE)
    connections.at(-1)!.dispatchEvent(new Event('close'))
    const refused = vi.spyOn(IDBFactory.prototype, 'open').mockImplementationOnce(refuseWith('SecurityError'))
    await expect(keys.get('a')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(await keys.get('a')).toEqual(VALUE)
    refused.mockRestore()
  })

  it('keeps nothing of an append for whose last entry there was no room', async () => {
    const { documents } = await openStorage(makeStorageName())
    await documents.append(DOCUMENT, run(1, 1))
    // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
    const { add } = IDBObjectStore.prototype
    const spy = vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(function (this: IDBObjectStore, row) {
      return (row as StoredEntry).seq === 4 ? refuseWith('QuotaExceededError')() : add.call(this, row)
    })
    onTestFinished(() => spy.mockRestore())
    await expect(documents.append(DOCUMENT, run(2, 4))).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(await documents.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 1, head: null })
  })

  it('[CL16] takes over what a version before the claims has stored', async () => {
    const name = makeStorageName()
    const old = await openDB(name, 2, {
      upgrade: (database) => {
        for (const table of ['wrapping', 'keys', 'heads', 'bases']) database.createObjectStore(table)
        const outbox = database.createObjectStore('outbox', { keyPath: 'id', autoIncrement: true })
        outbox.createIndex('place', ['document', 'session', 'counter'], { unique: true })
        const entries = database.createObjectStore('entries', { keyPath: ['document', 'seq'] })
        entries.createIndex('records', ['recordOf', 'seq'])
        database.createObjectStore('snapshots', { keyPath: ['document', 'seq'] })
      },
    })
    const item = { document: DOCUMENT, session: new Uint8Array(8), counter: 1, envelope: VALUE }
    await old.put('outbox', item)
    old.close()
    for (const open of [openStorage, openWithoutLocks]) {
      const storage = await open(name)
      expect(await storage.outbox.list(DOCUMENT)).toEqual([item])
      await storage.close()
    }
  })

  it('does not stand in the way of a newer version, and says why it stopped', async () => {
    const name = makeStorageName()
    const { keys } = await openStorage(name)
    await keys.set('a', VALUE)
    const newer = await openDB(name, 99)
    await expect(keys.get('a')).rejects.toMatchObject({ code: 'STORAGE_NEWER' })
    newer.close()
  })

  it('says STORAGE_FULL when there is no room, keeps what was there, and goes on when there is', async () => {
    const { keys, outbox, documents } = await openStorage(makeStorageName())
    await keys.set('a', VALUE)
    await documents.append(DOCUMENT, run(1, 1))
    const item = { document: DOCUMENT, session: new Uint8Array(8), counter: 1, envelope: VALUE }
    const spies = (['put', 'add'] as const).map((method) =>
      vi.spyOn(IDBObjectStore.prototype, method).mockImplementation(refuseWith('QuotaExceededError')),
    )
    const full = { code: 'STORAGE_FULL' }
    await expect(keys.set('a', new Uint8Array(9))).rejects.toMatchObject(full)
    await expect(outbox.put(item)).rejects.toMatchObject(full)
    await expect(documents.append(DOCUMENT, run(2, 3))).rejects.toMatchObject(full)
    for (const spy of spies) spy.mockRestore()
    expect(await keys.get('a')).toEqual(VALUE)
    expect(await documents.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 1, head: null })
    await outbox.put(item)
    await documents.append(DOCUMENT, run(2, 3))
    expect(await documents.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 3, head: null })
  })

  it('says STORAGE_UNAVAILABLE where there is no IndexedDB', async () => {
    const name = makeStorageName()
    vi.stubGlobal('indexedDB', undefined)
    try {
      await expect(openBrowserStorage({ name })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it.each(['SecurityError', 'UnknownError', 'InvalidStateError'])(
    'says STORAGE_UNAVAILABLE where opening is refused with %s, and opens when it is not',
    async (error) => {
      const name = makeStorageName()
      const spy = vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(refuseWith(error))
      await expect(openBrowserStorage({ name })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
      spy.mockRestore()
      await openStorage(name)
    },
  )

  it('says STORAGE_UNAVAILABLE where the page has no WebCrypto', async () => {
    const name = makeStorageName()
    const spy = vi.spyOn(crypto, 'subtle', 'get').mockReturnValue(undefined as unknown as SubtleCrypto)
    await expect(openBrowserStorage({ name })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    spy.mockRestore()
  })

  it('says STORAGE_UNAVAILABLE where the browser cannot keep a CryptoKey', async () => {
    const name = makeStorageName()
    const spy = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(refuseWith('DataCloneError'))
    await expect(openBrowserStorage({ name })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    spy.mockRestore()
  })

  it('asks the browser not to evict it, and says how much room there is', async () => {
    const standing = await persistStorage()
    expect(standing.quota).toBeGreaterThan(0)
    expect(standing.usage).toBeGreaterThanOrEqual(0)
    expect(typeof standing.persisted).toBe('boolean')
  })

  it.each<[string, Partial<StorageManager> | undefined, object]>([
    ['has no storage manager', undefined, { persisted: false, usage: null, quota: null }],
    ['has an empty one', {}, { persisted: false, usage: null, quota: null }],
    [
      'refuses everything',
      { persisted: () => Promise.reject(new TypeError('no')), estimate: () => Promise.reject(new TypeError('no')) },
      { persisted: false, usage: null, quota: null },
    ],
    [
      'has agreed already',
      { persisted: () => Promise.resolve(true), persist: () => Promise.reject(new TypeError('asked again')) },
      { persisted: true, usage: null, quota: null },
    ],
    [
      'agrees when it is asked',
      {
        persisted: () => Promise.resolve(false),
        persist: () => Promise.resolve(true),
        estimate: () => Promise.resolve({ usage: 5, quota: 9 }),
      },
      { persisted: true, usage: 5, quota: 9 },
    ],
  ])('tells how storage stands where the browser %s', async (_how, manager, standing) => {
    // `undefined` would ask for the browser's own.
    expect(await persistStorage(manager ?? {})).toEqual(standing)
  })

  it.each([true, false])('tells how storage stands without asking for anything: promised %s', async (persisted) => {
    const persist = vi.fn(() => Promise.resolve(true))
    const manager = {
      persisted: () => Promise.resolve(persisted),
      persist,
      estimate: () => Promise.resolve({ usage: 5 }),
    }
    expect(await readStorageStanding(manager)).toEqual({ persisted, usage: 5, quota: null })
    expect(await readStorageStanding({})).toEqual({ persisted: false, usage: null, quota: null })
    expect(persist).not.toHaveBeenCalled()
  })
})
