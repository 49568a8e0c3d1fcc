/**
 * Everything that a page's origin keeps in the browser: IndexedDB, localStorage, sessionStorage and the caches, as one run of bytes.
 *
 * @module
 */
import { toBytes, type Bytes } from '@y-sealed/protocol'
import type { Page } from 'playwright'

export async function keptInPage(page: Page): Promise<Bytes> {
  const base64 = await page.evaluate(async () => {
    const parts: string[] = []
    const asText = (bytes: Uint8Array): string => {
      let text = ''
      for (const byte of bytes) text += String.fromCodePoint(byte)
      return text
    }
    const take = (value: unknown): void => {
      if (value instanceof ArrayBuffer) parts.push(asText(new Uint8Array(value)))
      else if (ArrayBuffer.isView(value))
        parts.push(asText(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)))
      else if (typeof value === 'string') parts.push(asText(new TextEncoder().encode(value)))
      else if (Array.isArray(value)) for (const item of value) take(item)
      else if (typeof value === 'object' && value !== null && !(value instanceof CryptoKey)) take(Object.entries(value))
    }
    const done = async <T>(request: IDBRequest<T>): Promise<T> =>
      await new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error ?? new Error('it could not be read'))
      })
    take([JSON.stringify(localStorage), JSON.stringify(sessionStorage), JSON.stringify(history.state)])
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name ?? ''))
      for (const store of database.objectStoreNames) {
        const objects = database.transaction(store).objectStore(store)
        take(await done(objects.getAllKeys()))
        take(await done(database.transaction(store).objectStore(store).getAll()))
      }
      database.close()
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name)
      for (const request of await cache.keys()) {
        take(request.url)
        const response = await cache.match(request)
        if (response !== undefined) take(await response.arrayBuffer())
      }
    }
    return btoa(parts.join('\n'))
  })
  return toBytes(Buffer.from(base64, 'base64'))
}
