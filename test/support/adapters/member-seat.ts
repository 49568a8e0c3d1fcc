/**
 * A note with members whose second device may only read: what a provider over our class is told of that.
 *
 * @module
 */
import {
  createMembersDocument,
  createMemoryKeyStore,
  joinedMembership,
  loadDevice,
  type KeyStore,
  type Membership,
} from '@y-sealed/client'
import type { MemberRole } from '@y-sealed/protocol'

import { addDevice, remove as removeDevice, setRole } from '../members/intents.ts'
import { join, type Peer, type RelayAddress } from '../peer.ts'

export interface MemberSeat {
  readonly owner: Peer
  /** For `document` and `storage` of an adapter. */
  readonly membership: Membership
  readonly keys: KeyStore
  setRole(role: MemberRole): Promise<void>
  remove(): Promise<void>
}

export async function takeSeat(relay: RelayAddress, role: MemberRole): Promise<MemberSeat> {
  const ownKeys = createMemoryKeyStore()
  const access = await createMembersDocument(await loadDevice(ownKeys), ownKeys)
  const owner = await join({ relay, access, keys: ownKeys })
  await owner.provider.whenSynced()
  const keys = createMemoryKeyStore()
  const device = await loadDevice(keys)
  await owner.provider.changeMembers(addDevice(device, role))
  const membership = await joinedMembership({ genesisHash: access.genesisHash, device, keys })
  return {
    owner,
    membership,
    keys,
    setRole: async (next) => void (await owner.provider.changeMembers(setRole(device.id, next))),
    remove: async () => void (await owner.provider.changeMembers(removeDevice(device.id))),
  }
}
