/**
 * Lists that this device had by itself before it became one of a person's: put aside, and to be deleted at the relay when it can be reached.
 * Rules CL12, KM22.
 *
 * @module
 */
import { bytesToBase64url, documentIdOf, type Bytes } from '@y-sealed/protocol'
import type { KeyStore } from '../keys/key-store.ts'

const PREFIX = 'discarded/'

/** Resolves when it would survive a crash; the genesis is 32 bytes. */
export async function addDiscarded(keys: KeyStore, genesisHash: Bytes): Promise<void> {
  await keys.set(nameOf(genesisHash), genesisHash)
}

/** Geneses of the lists that wait to be deleted. */
export async function listDiscarded(keys: KeyStore): Promise<readonly Bytes[]> {
  const geneses = await Promise.all((await keys.list(PREFIX)).map((name) => keys.get(name)))
  return geneses.filter((hash) => hash?.length === 32) as Bytes[]
}

/** It is deleted, or is not to be. */
export async function dropDiscarded(keys: KeyStore, genesisHash: Bytes): Promise<void> {
  await keys.delete(nameOf(genesisHash))
}

function nameOf(genesisHash: Bytes): string {
  return PREFIX + bytesToBase64url(documentIdOf(genesisHash))
}
