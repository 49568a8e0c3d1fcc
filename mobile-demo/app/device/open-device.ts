/**
 * This device: its storage, its person, its notes.
 *
 * @module
 */
import { SealedDocuments, type SealedDocumentsOptions } from '@y-sealed/client'

import { SWITCHED_NETWORK } from '../stage/airplane.ts'
import { castAs } from '../stage/on-stage.ts'
import { ownRelay } from './address.ts'
import { openEvictionNotice, openRecoveryNotice, type Notice } from './notice.ts'
import { loadProfile, saveProfile, type Profile } from './profile.ts'
import { currentShell } from './shell.ts'
import { openStorage, wipeStorage, type OwnStorage } from './storage.ts'
import { beginAnew, followWiping, tellOfWiping } from './wiping.ts'

/** What stays when the documents are opened anew. */
interface Kept extends Pick<OwnStorage, 'storage' | 'keeping'> {
  readonly nudge: Notice
  readonly eviction: Notice
}

export interface Device extends Kept {
  readonly documents: SealedDocuments
  readonly profile: Profile
}

/** Opens what is kept, or begins anew. Rejects where keys are kept that do not open any more: nothing is made in their place. */
export async function openDevice(): Promise<Device> {
  followWiping()
  const { storage, keeping, wasEvicted } = await openStorage()
  const { keys } = storage
  const eviction = await openEvictionNotice(keys, wasEvicted)
  const [profile, nudge] = await Promise.all([loadProfile(keys), openRecoveryNotice(keys)])
  return await openWith(
    { storage, keeping, nudge, eviction },
    profile.name === '' ? { ...profile, ...castAs() } : profile,
  )
}

/** The same device under another name, or at another relay. */
export async function changeProfile(device: Device, profile: Profile): Promise<Device> {
  await saveProfile(device.storage.keys, profile)
  device.documents.close()
  return await openWith(device, profile)
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
  const { documents, storage } = device
  documents.close()
  try {
    const restored = await SealedDocuments.restore(optionsOf(storage, profile), file, key)
    begin(restored, device)
    // Where there is no room for the name, the notes are here all the same: it is asked for once more.
    await saveProfile(storage.keys, profile).catch(() => undefined)
    return { device: { ...device, documents: restored, profile }, failure: null }
  } catch (error) {
    const failure = error instanceof Error ? error : new Error('no reason given')
    return { device: await openWith(device, device.profile), failure }
  }
}

async function openWith({ storage, keeping, nudge, eviction }: Kept, profile: Profile): Promise<Device> {
  const documents = await SealedDocuments.open(optionsOf(storage, profile))
  begin(documents, { keeping })
  return { documents, storage, keeping, nudge, eviction, profile }
}

function begin(documents: SealedDocuments, { keeping }: Pick<Kept, 'keeping'>): void {
  currentShell()?.opened(documents)
  keeping.tell(documents)
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
  tellOfWiping()
  beginAnew()
}
