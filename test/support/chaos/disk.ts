/**
 * What outlasts the runs of a device: memory, or files.
 *
 * @module
 */
import {
  createMemoryDocumentStore,
  createMemoryKeyStore,
  createMemoryOutbox,
  type DeviceStorage,
} from '@y-sealed/client'
import { openNodeStorage } from '@y-sealed/client/node'

import { makeTemporaryFolder } from '../temporary-folder.ts'

/** One at a time has it open. */
export interface Disk {
  open(): Promise<DeviceStorage>
  /** Whoever had it open is gone; what they had begun is done. */
  release(): Promise<void>
}

export function memoryDisk(): Disk {
  const storage = { keys: createMemoryKeyStore(), outbox: createMemoryOutbox(), documents: createMemoryDocumentStore() }
  return { open: () => Promise.resolve(storage), release: () => Promise.resolve() }
}

export function fileDisk(): Disk {
  const folder = makeTemporaryFolder()
  let opened: Awaited<ReturnType<typeof openNodeStorage>> | null = null
  return {
    open: async () => (opened = await openNodeStorage(folder)),
    release: async () => {
      await opened?.close()
      opened = null
    },
  }
}
