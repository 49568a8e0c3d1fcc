/**
 * This device: its storage, its person, its notes.
 *
 * @module
 */
import { SealedDocuments, type SealedDocumentsOptions } from '@y-sealed/client'

import { SWITCHED_NETWORK } from '../stage/airplane.ts'
import { castAs } from '../stage/on-stage.ts'
import { ownRelay } from './address.ts'
import { loadProfile, saveProfile, type Profile } from './profile.ts'
import { currentShell } from './shell.ts'
import { openStorage, wipeStorage, type OwnStorage } from './storage.ts'

export interface Device extends OwnStorage {
  readonly documents: SealedDocuments
  readonly profile: Profile
}

/** Opens what is kept, or begins anew. Rejects where keys are kept that do not open any more: nothing is made in their place. */
export async function openDevice(): Promise<Device> {
  const own = await openStorage()
  const profile = await loadProfile(own.storage.keys)
  return await openWith(own, profile.name === '' ? { ...profile, ...castAs() } : profile)
}

/** The same device under another name, or at another relay. */
export async function changeProfile({ documents, storage, keeping }: Device, profile: Profile): Promise<Device> {
  await saveProfile(storage.keys, profile)
  documents.close()
  return await openWith({ storage, keeping }, profile)
}

export interface Restored {
  /** The same as before where it failed. */
  readonly device: Device
  /** Why it failed; `null` where it did not. */
  readonly failure: Error | null
}

/** The two halves of a recovery. */
export interface RecoveryParts {
  readonly file: Uint8Array<ArrayBuffer>
  readonly key: string
}

/** All that a lost device had comes to this one; the lost one is removed. Fails as `SealedDocuments.restore`. */
export async function restoreDevice(device: Device, profile: Profile, { file, key }: RecoveryParts): Promise<Restored> {
  const { documents, storage, keeping } = device
  await saveProfile(storage.keys, profile)
  documents.close()
  try {
    const restored = await SealedDocuments.restore(optionsOf(storage, profile), file, key)
    currentShell()?.opened(restored)
    return { device: { documents: restored, storage, keeping, profile }, failure: null }
  } catch (error) {
    const failure = error instanceof Error ? error : new Error('no reason given')
    return { device: await openWith({ storage, keeping }, profile), failure }
  }
}

async function openWith({ storage, keeping }: OwnStorage, profile: Profile): Promise<Device> {
  const documents = await SealedDocuments.open(optionsOf(storage, profile))
  currentShell()?.opened(documents)
  return { documents, storage, keeping, profile }
}

function optionsOf(storage: OwnStorage['storage'], { name, relay }: Profile): SealedDocumentsOptions {
  return {
    relay: relay === '' ? ownRelay() : relay,
    name,
    storage,
    ...(castAs() === null ? {} : SWITCHED_NETWORK),
  }
}

/** Forgets everything that this browser keeps of this device. What no relay has is lost. */
export async function wipeDevice(device: Device): Promise<void> {
  device.documents.close()
  await wipeStorage()
  // Not back to the screen of which the tab knows: to the beginning.
  history.replaceState(null, '')
  location.replace(location.pathname + location.search)
}
