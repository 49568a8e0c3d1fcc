/**
 * Where adapted documents keep their device when the app does not say: the browser's storage, opened once for the page, else memory.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'
import { openBrowserStorage } from '../indexed-db/browser-storage.ts'
import { createMemoryKeyStore } from '../keys/key-store.ts'
import type { SendProblem } from '../provider/send-problem.ts'
import type { AdapterStorage } from './adapter-options.ts'

export class DefaultStorage {
  #storage: Promise<AdapterStorage> | null = null

  /**
   * Rejects with `KEY_STORE_DAMAGED` where the browser's keys do not open: nothing is made in their place. Where the browser lets nothing be
   * kept, memory must do, and `tell` is told.
   */
  open(tell: (problem: SendProblem) => void): Promise<AdapterStorage> {
    const storage = (this.#storage ??= openAny(tell))
    storage.catch(() => {
      this.#storage = null
    })
    return storage
  }
}

async function openAny(tell: (problem: SendProblem) => void): Promise<AdapterStorage> {
  if (!('indexedDB' in globalThis)) return { keys: createMemoryKeyStore() }
  try {
    return await openBrowserStorage()
  } catch (error) {
    if (!(error instanceof SyncError) || error.code !== 'STORAGE_UNAVAILABLE') throw error
    tell({ code: error.code, message: 'this browser lets nothing be kept: what is not saved ends with the page' })
    return { keys: createMemoryKeyStore() }
  }
}
