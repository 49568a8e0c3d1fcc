/**
 * What a device keeps, for scenarios that close an app and open it again: files under Node, IndexedDB in Chromium.
 *
 * @module
 */
import type { DeviceStorage, StoredEntry } from '@y-sealed/client'
import type * as ClientNode from '@y-sealed/client/node'
import { bytesToHex, type Bytes } from '@y-sealed/protocol'
import type * as Files from 'node:fs/promises'
import { onTestFinished } from 'vitest'

import type * as TemporaryFolder from './temporary-folder.ts'

export type ClosableStorage = DeviceStorage & { close(): Promise<void> }

/** One device's storage. */
export interface DeviceDisk {
  /** Opens it, again and again; it is closed when the test is over at the latest. */
  open(): Promise<ClosableStorage>
  /** Turns a bit of an entry where it is stored; nobody has the storage open. */
  damage(document: Bytes, entry: StoredEntry, bit: number): Promise<void>
}

export async function makeDeviceDisk(): Promise<DeviceDisk> {
  const disk = 'window' in globalThis ? await makeDatabase() : await makeFolder()
  return {
    ...disk,
    open: async () => {
      const storage = await disk.open()
      onTestFinished(() => storage.close())
      return storage
    },
  }
}

async function makeDatabase(): Promise<DeviceDisk> {
  const { makeStorageName, openStorage } = await import('./browser-storage.ts')
  const name = makeStorageName()
  return {
    open: () => openStorage(name),
    damage: async (document, { seq }, bit) => {
      const database = await settle(indexedDB.open(name))
      const rows = database.transaction('entries', 'readwrite').objectStore('entries')
      const row = (await settle(rows.get([document, seq]))) as { readonly envelope: Bytes }
      await settle(rows.put({ ...row, envelope: turnBit(row.envelope, bit) }))
      database.close()
    },
  }
}

async function makeFolder(): Promise<DeviceDisk> {
  // Variables, so that the browser's bundler does not follow them.
  const [client, support, fs] = ['@y-sealed/client/node', './temporary-folder.ts', 'node:fs/promises']
  const { openNodeStorage } = (await import(/* @vite-ignore */ client)) as typeof ClientNode
  const { makeTemporaryFolder } = (await import(/* @vite-ignore */ support)) as typeof TemporaryFolder
  const { readFile, writeFile } = (await import(/* @vite-ignore */ fs)) as typeof Files
  const folder = makeTemporaryFolder()
  return {
    open: () => openNodeStorage(folder),
    damage: async (document, { envelope }, bit) => {
      const path = `${folder}/documents/${bytesToHex(document)}.log`
      const file = await readFile(path)
      const at = file.indexOf(envelope)
      if (at < 0) throw new RangeError('the entry is not in the file')
      file.set(turnBit(envelope, bit), at)
      await writeFile(path, file)
    },
  }
}

function turnBit(bytes: Bytes, bit: number): Bytes {
  const turned = bytes.slice()
  const at = (bit >> 3) % turned.length
  turned[at] = (turned[at] as number) ^ (1 << (bit & 7))
  return turned
}

function settle<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error as DOMException))
  })
}
