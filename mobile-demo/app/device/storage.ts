/**
 * Where this device keeps its keys, its edits and its notes: the one place that knows that it is a browser, or a native shell.
 *
 * @module
 */
import {
  createMemoryDocumentStore,
  createMemoryKeyStore,
  createMemoryOutbox,
  openBrowserStorage,
  wipeBrowserStorage,
  type DeviceStorage,
} from '@y-sealed/client'

import { deviceName } from './address.ts'
import { Keeping, lookAtKeeping } from './keeping.ts'
import { currentShell } from './shell.ts'

export interface OwnStorage {
  readonly storage: DeviceStorage
  readonly keeping: Keeping
  /** Since the last visit the browser has cleared what was kept. */
  readonly wasEvicted: boolean
}

/** One database for each device that this origin is asked to be. */
function storageName(): string {
  return `y-sealed-demo-${deviceName() ?? 'own'}`
}

/** Rejects where keys are kept that do not open any more: nothing is made in their place. */
export async function openStorage(): Promise<OwnStorage> {
  const shell = currentShell()
  if (shell !== null) return { storage: await shell.openStorage(), keeping: new Keeping('kept'), wasEvicted: false }
  try {
    const storage = await openBrowserStorage({ name: storageName() })
    return { storage, keeping: await lookAtKeeping(), wasEvicted: storage.wasEvicted }
  } catch (error) {
    // Lockdown mode, private browsing: the app says so and goes on. Damaged keys are another matter.
    if ((error as { readonly code?: unknown }).code !== 'STORAGE_UNAVAILABLE') throw error
    const memory = {
      keys: createMemoryKeyStore(),
      outbox: createMemoryOutbox(),
      documents: createMemoryDocumentStore(),
    }
    return { storage: memory, keeping: new Keeping('off'), wasEvicted: false }
  }
}

/** Forgets everything, also under other tabs. */
export async function wipeStorage(): Promise<void> {
  const shell = currentShell()
  await (shell === null ? wipeBrowserStorage({ name: storageName() }) : shell.wipe())
}
