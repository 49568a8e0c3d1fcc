/**
 * `members` mode by the KeyStore alone: the device is the one that it holds.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { loadDevice } from '../keys/device-identity.ts'
import type { KeyStore } from '../keys/key-store.ts'
import type { Membership } from '../members/membership.ts'
import { createMembership, openMembership } from '../members/open-membership.ts'

/** `createMembership` under its first name. */
export const createMembersDocument: typeof createMembership = createMembership

/** `openMembership` for the device of the KeyStore. Throws `NO_KEY` and `KEY_STORE_DAMAGED` as it. */
export async function openMembersDocument(documentId: Bytes, keys: KeyStore): Promise<Membership> {
  return await openMembership(documentId, keys, await loadDevice(keys))
}
