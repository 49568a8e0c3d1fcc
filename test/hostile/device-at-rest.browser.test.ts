/** Who reads a browser's storage: nothing in it can be read without the document's key, and no key that it holds can be carried away. */
import { expect, inject, it, vi } from 'vitest'

import { makeStorageName, openStorage } from '../support/browser-storage.ts'
import { createRoom, join } from '../support/peer.ts'

const relay = inject('relay')

function settle<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error as DOMException))
  })
}

/** Every row of every table of every database, and what else a page can store, as one text of bytes; and the keys among it. */
async function readEverything(): Promise<{ readonly text: string; readonly keys: readonly CryptoKey[] }> {
  const parts: string[] = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie]
  const keys: CryptoKey[] = []
  const note = (value: unknown): void => {
    if (value instanceof CryptoKey) keys.push(value)
    else if (value instanceof Uint8Array) parts.push(String.fromCharCode(...value.subarray(0, 100_000)), ...cut(value))
    else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) note(part)
    else parts.push(String(value))
  }
  for (const { name } of await indexedDB.databases()) {
    const database = await settle(indexedDB.open(name as string))
    for (const table of database.objectStoreNames) {
      for (const row of await settle(database.transaction(table).objectStore(table).getAll())) note(row)
    }
    database.close()
  }
  return { text: parts.join('\n'), keys }
}

function cut(bytes: Uint8Array): string[] {
  const pieces: string[] = []
  for (let at = 50_000; at < bytes.length; at += 50_000) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + 60_000)))
  }
  return pieces
}

it('T39 [CL14] [CL13] [KM1] nothing of what was read or typed, online or not, is readable in a browser', async () => {
  const room = await createRoom()
  const name = makeStorageName()
  const { keys, outbox, documents: store } = await openStorage(name)
  const alice = await join({ relay, access: room(), keys, provider: { outbox, store } })
  await alice.provider.whenSynced()
  alice.text.insert(0, 'The canary sings online. ')
  await alice.provider.whenSaved()
  const { documentId, head } = alice.provider
  await vi.waitFor(async () => expect((await store.extent(documentId)).lastSeq).toBe(head.seq))
  alice.provider.disconnect()
  alice.text.insert(0, 'The canary sings offline. ')
  alice.text.insert(0, 'A great flock of canaries. '.repeat(10_000))
  await alice.provider.whenKept()
  expect(await outbox.list(documentId)).not.toEqual([])

  const canaries = ['canary sings online', 'canary sings offline', 'flock of canaries']
  const found = await readEverything()
  expect(canaries.filter((canary) => found.text.includes(canary))).toEqual([])
  expect(found.keys.length).toBeGreaterThan(0)
  expect(found.keys.filter(({ extractable }) => extractable)).toEqual([])
  // The same scan finds each where it is.
  const control = new TextEncoder().encode(alice.text.toJSON())
  await outbox.put({ document: documentId, session: new Uint8Array(8), counter: 1, envelope: control })
  const text = (await readEverything()).text
  expect(canaries.filter((canary) => text.includes(canary))).toEqual(canaries)
})
