/**
 * This device: its storage, its person, its notes.
 *
 * @module
 */
import {
  createMemoryDocumentStore,
  createMemoryKeyStore,
  createMemoryOutbox,
  openBrowserStorage,
  SealedDocuments,
  wipeBrowserStorage,
  type DeviceStorage,
} from '@y-sealed/client'

import { SWITCHED_NETWORK } from '../stage/airplane.ts'
import { castAs } from '../stage/on-stage.ts'
import { deviceName, ownRelay } from './address.ts'
import { loadProfile, saveProfile, type Profile } from './profile.ts'

export interface Device {
  readonly documents: SealedDocuments
  readonly storage: DeviceStorage
  /** False where the browser keeps nothing: notes live as long as the page. */
  readonly isKept: boolean
  readonly profile: Profile
}

/** One database for each device that this origin is asked to be. */
function storageName(): string {
  return `y-sealed-demo-${deviceName() ?? 'own'}`
}

/** Opens what is kept, or begins anew. Rejects where keys are kept that do not open any more: nothing is made in their place. */
export async function openDevice(): Promise<Device> {
  const { storage, isKept } = await openStorage()
  const profile = await loadProfile(storage.keys)
  return await openWith(storage, isKept, profile.name === '' ? { ...profile, ...castAs() } : profile)
}

/** The same device under another name, or at another relay. */
export async function changeProfile({ documents, storage, isKept }: Device, profile: Profile): Promise<Device> {
  await saveProfile(storage.keys, profile)
  documents.close()
  return await openWith(storage, isKept, profile)
}

async function openWith(storage: DeviceStorage, isKept: boolean, profile: Profile): Promise<Device> {
  const relay = profile.relay === '' ? ownRelay() : profile.relay
  const documents = await SealedDocuments.open({
    relay,
    name: profile.name,
    storage,
    ...(castAs() === null ? {} : SWITCHED_NETWORK),
  })
  return { documents, storage, isKept, profile }
}

async function openStorage(): Promise<{ readonly storage: DeviceStorage; readonly isKept: boolean }> {
  try {
    return { storage: await openBrowserStorage({ name: storageName() }), isKept: true }
  } catch (error) {
    // Lockdown mode, private browsing: the app says so and goes on. Damaged keys are another matter.
    if ((error as { readonly code?: unknown }).code !== 'STORAGE_UNAVAILABLE') throw error
    const memory = {
      keys: createMemoryKeyStore(),
      outbox: createMemoryOutbox(),
      documents: createMemoryDocumentStore(),
    }
    return { storage: memory, isKept: false }
  }
}

/** Forgets everything that this browser keeps of this device. What no relay has is lost. */
export async function wipeDevice(device: Device): Promise<void> {
  device.documents.close()
  await wipeBrowserStorage({ name: storageName() })
  location.replace(location.pathname + location.search)
}
