/**
 * Devices of this person's that are to be removed and are not yet: kept with the keys, so that what was asked for in a tunnel is done when
 * the tunnel has ended, whatever has become of the app in between. Rule CL12.
 *
 * @module
 */
import { base64urlToBytes, bytesToBase64url, type Bytes } from '@y-sealed/protocol'
import type { KeyStore } from '../keys/key-store.ts'

const PREFIX = 'removing/'

/** Resolves when it would survive a crash; `device` is 16 bytes. */
export async function addRemoval(keys: KeyStore, device: Bytes): Promise<void> {
  await keys.set(PREFIX + bytesToBase64url(device), Uint8Array.of(1))
}

/** The devices that wait to be removed. */
export async function listRemovals(keys: KeyStore): Promise<readonly Bytes[]> {
  const names = await keys.list(PREFIX)
  return names.map((name) => base64urlToBytes(name.slice(PREFIX.length))).filter((id) => id?.length === 16) as Bytes[]
}

/** It is one of the person's no more: what is left to do, the person's own document says. */
export async function dropRemoval(keys: KeyStore, device: Bytes): Promise<void> {
  await keys.delete(PREFIX + bytesToBase64url(device))
}
