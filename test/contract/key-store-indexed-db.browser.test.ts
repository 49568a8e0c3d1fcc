import { openBrowserStorage, wipeBrowserStorage, type BrowserStorage, type KeyStore } from '@y-sealed/client'
import { openDB } from 'idb'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { makeStorageName, openStorage, StorageTab } from '../support/browser-storage.ts'
import { keyStoreContract } from './key-store-contract.ts'

keyStoreContract('IndexedDB', true, () => {
  const name = makeStorageName()
  const open = async (): Promise<KeyStore> => (await openStorage(name)).keys
  return { open, reopen: open }
})

const SECRET = new TextEncoder().encode('a secret of thirty-two bytes, yes')

/** Everything in the database, by table and key, as whoever reads it beside the library finds it. */
async function readRaw(name: string, table: string): Promise<Map<IDBValidKey, unknown>> {
  const database = await openDB(name)
  const keys = await database.getAllKeys(table)
  const values = (await database.getAll(table)) as unknown[]
  database.close()
  return new Map(keys.map((key, index) => [key, values[index]]))
}

async function writeRaw(name: string, table: string, key: string, value: unknown): Promise<void> {
  const database = await openDB(name)
  if (value === undefined) await database.delete(table, key)
  else await database.put(table, value, key)
  database.close()
}

describe('key store in IndexedDB', () => {
  it('[KM1] gives two tabs that add at once the same value', async () => {
    const name = makeStorageName()
    const tabs = [await openStorage(name), await openStorage(name)]
    await Promise.all(tabs.map(({ keys }, index) => keys.add('device', new Uint8Array(64).fill(index))))
    const [one, two] = await Promise.all(tabs.map(({ keys }) => keys.get('device')))
    expect(one).toHaveLength(64)
    expect(two).toEqual(one)
  })

  it('[KM1] stores no value in clear, and the same value twice differently', async () => {
    const name = makeStorageName()
    const { keys } = await openStorage(name)
    await keys.set('a', SECRET)
    await keys.set('b', SECRET)
    const rows = await readRaw(name, 'keys')
    const [a, b] = ['a', 'b'].map((key) => rows.get(key) as Uint8Array<ArrayBuffer>)
    expect(a).toHaveLength(1 + 12 + SECRET.length + 16)
    expect(new TextDecoder('latin1').decode(a)).not.toContain('secret')
    expect(a).not.toEqual(b)
  })

  it('[KM1] wraps under a key that no script can read', async () => {
    const name = makeStorageName()
    await openStorage(name)
    const { key } = (await readRaw(name, 'wrapping')).get('key') as { readonly key: CryptoKey }
    expect({ algorithm: key.algorithm, usages: key.usages }).toEqual({
      algorithm: { name: 'AES-GCM', length: 256 },
      usages: ['encrypt', 'decrypt'],
    })
    for (const format of ['raw', 'jwk'] as const) {
      await expect(crypto.subtle.exportKey(format, key)).rejects.toMatchObject({ name: 'InvalidAccessError' })
    }
  })

  it('[KM1] refuses a value that was changed at any byte', async () => {
    const name = makeStorageName()
    const { keys } = await openStorage(name)
    await keys.set('a', new Uint8Array([1, 2, 3]))
    const whole = (await readRaw(name, 'keys')).get('a') as Uint8Array
    for (let at = 0; at < whole.length; at++) {
      await writeRaw(
        name,
        'keys',
        'a',
        whole.map((byte, index) => (index === at ? byte ^ 1 : byte)),
      )
      await expect(keys.get('a')).rejects.toMatchObject({ code: 'KEY_STORE_DAMAGED' })
    }
  })

  it.each([0, 1, 13, 28])('[KM1] refuses a value of which %d bytes are left', async (length) => {
    const name = makeStorageName()
    const { keys } = await openStorage(name)
    await keys.set('a', new Uint8Array([1, 2, 3]))
    const whole = (await readRaw(name, 'keys')).get('a') as Uint8Array
    await writeRaw(name, 'keys', 'a', whole.slice(0, length))
    await expect(keys.get('a')).rejects.toMatchObject({ code: 'KEY_STORE_DAMAGED' })
  })

  it('[KM1] refuses a value that was moved to another name', async () => {
    const name = makeStorageName()
    const { keys } = await openStorage(name)
    await keys.set('a', SECRET)
    await writeRaw(name, 'keys', 'b', (await readRaw(name, 'keys')).get('a'))
    await expect(keys.get('b')).rejects.toMatchObject({ code: 'KEY_STORE_DAMAGED' })
    expect(await keys.get('a')).toEqual(SECRET)
  })

  it.each([
    ['is gone', undefined],
    ['cannot be read by the browser any more', { id: new Uint8Array(16), key: null }],
    ['is something else', 'key'],
  ])('[KM1] makes no new key when the old one %s and values are there', async (_how, row) => {
    const name = makeStorageName()
    const { keys } = await openStorage(name)
    await keys.set('a', SECRET)
    const wrapped = (await readRaw(name, 'keys')).get('a')
    await writeRaw(name, 'wrapping', 'key', row)
    const damaged = { code: 'KEY_STORE_DAMAGED' }
    await expect(keys.get('a')).rejects.toMatchObject(damaged)
    await expect(keys.set('b', SECRET)).rejects.toMatchObject(damaged)
    await expect(openBrowserStorage({ name })).rejects.toMatchObject(damaged)
    expect((await readRaw(name, 'keys')).get('a')).toEqual(wrapped)
    expect((await readRaw(name, 'wrapping')).get('key')).toEqual(row)
  })

  it('[KM1] gives two tabs that begin at once one key', async () => {
    const name = makeStorageName()
    const tabs = Array.from({ length: 4 }, () => new StorageTab())
    await Promise.all(tabs.map((tab) => tab.ask({ do: 'open', name })))
    await Promise.all(
      tabs.map((tab, index) => tab.ask({ do: 'set', key: `tab/${index}`, value: new Uint8Array([index]) })),
    )
    for (const tab of tabs) {
      const read = await Promise.all(tabs.map((_, index) => tab.ask({ do: 'get', key: `tab/${index}` })))
      expect(read).toEqual(tabs.map((_, index) => new Uint8Array([index])))
    }
  })

  it('[KM1] gives way to another tab that has made the key and used it meanwhile', async () => {
    const name = makeStorageName()
    const generateKey = crypto.subtle.generateKey.bind(crypto.subtle)
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    const began = new Promise<void>((resolve) => {
      vi.spyOn(crypto.subtle, 'generateKey').mockImplementationOnce(async () => {
        resolve()
        await released
        return generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
      })
    })
    onTestFinished(() => void vi.restoreAllMocks())
    const slow = openStorage(name)
    await began
    const quick = await openStorage(name)
    await quick.keys.set('a', SECRET)
    release()
    expect(await (await slow).keys.get('a')).toEqual(SECRET)
    await (await slow).keys.set('b', SECRET)
    expect(await quick.keys.get('b')).toEqual(SECRET)
  })

  it('[KM1] gives storages that begin at once in one tab one key', async () => {
    const name = makeStorageName()
    const storages = await Promise.all(Array.from({ length: 8 }, () => openStorage(name)))
    await Promise.all(storages.map(({ keys }, index) => keys.set(`${index}`, SECRET)))
    for (const index of storages.keys()) expect(await storages[0]!.keys.get(`${index}`)).toEqual(SECRET)
  })

  it('keeps what a tab has stored that crashed right afterwards', async () => {
    const name = makeStorageName()
    const tab = new StorageTab()
    await tab.ask({ do: 'open', name })
    await tab.ask({ do: 'set', key: 'a', value: SECRET })
    tab.crash()
    expect(await (await openStorage(name)).keys.get('a')).toEqual(SECRET)
  })

  it('makes a new key when another tab has wiped everything, and goes on with that', async () => {
    const name = makeStorageName()
    const { keys } = await openStorage(name)
    await keys.set('a', SECRET)
    const before = (await readRaw(name, 'wrapping')).get('key') as { readonly id: Uint8Array }
    await wipeBrowserStorage({ name })
    expect(await keys.get('a')).toBeNull()
    await keys.set('b', SECRET)
    expect(await (await openStorage(name)).keys.get('b')).toEqual(SECRET)
    const after = (await readRaw(name, 'wrapping')).get('key') as { readonly id: Uint8Array }
    expect(after.id).not.toEqual(before.id)
  })

  it('[KM1] wraps anew what it had wrapped when another tab wiped everything and made another key', async () => {
    const name = makeStorageName()
    const { keys } = await openStorage(name)
    const encrypt = crypto.subtle.encrypt.bind(crypto.subtle)
    let others: Promise<BrowserStorage> | null = null
    vi.spyOn(crypto.subtle, 'encrypt').mockImplementationOnce(async (...parameters) => {
      await wipeBrowserStorage({ name })
      others = openStorage(name)
      await others
      return encrypt(...parameters)
    })
    onTestFinished(() => void vi.restoreAllMocks())
    await keys.set('a', SECRET)
    const other = await (others as unknown as Promise<BrowserStorage>)
    expect(await other.keys.get('a')).toEqual(SECRET)
  })

  it('asks for durability, so that a resolved set survives a power cut', async () => {
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction')
    onTestFinished(() => spy.mockRestore())
    const { keys, outbox, documents } = await openStorage(makeStorageName())
    const id = new Uint8Array(16)
    await keys.set('a', SECRET)
    await keys.delete('a')
    await outbox.put({ document: id, session: new Uint8Array(8), counter: 1, envelope: SECRET })
    await documents.append(id, [{ seq: 1, envelope: SECRET }])
    const writing = spy.mock.calls.filter(([, mode]) => mode === 'readwrite')
    expect(writing.map(([, , options]) => options)).toEqual(writing.map(() => ({ durability: 'strict' })))
    expect(writing.length).toBeGreaterThanOrEqual(5)
  })
})
