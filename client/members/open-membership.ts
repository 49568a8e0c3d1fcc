/**
 * How a device comes by a members document: it makes one, opens one that its KeyStore knows, or comes to one that others made.
 * Rules KM3, CL11.
 *
 * @module
 */
import {
  documentIdOf,
  encodeRecord,
  equalBytes,
  genesisHash,
  sodiumSha512,
  SyncError,
  type Bytes,
  type PlacedRecord,
} from '@y-sealed/protocol'
import { createEpochKey, randomBytes, sealName, wrapKey, type Device } from '@y-sealed/protocol/sealing'
import type { KeyStore } from '../keys/key-store.ts'
import { Membership } from './membership.ts'
import { loadDocument, loadPin, saveDocument } from './stored-document.ts'

/** Makes a document of which this device is the creator and admin, and stores its key. Nothing is sent. `name` is UTF-8 of 63 bytes at most. */
export async function createMembership(device: Device, keys: KeyStore, name?: Bytes): Promise<Membership> {
  const epochKey = createEpochKey(1)
  const genesisBody = encodeRecord({
    type: 'genesis',
    mode: 'members',
    recordPrev: new Uint8Array(32),
    salt: randomBytes(16),
    certificate: device.certificate(),
    commitment: epochKey.commitment,
    wrap: wrapKey(epochKey, device.boxPublic),
    sealedName: name === undefined ? new Uint8Array(0) : sealName(name, device.id, epochKey),
  })
  const stored = { genesisHash: genesisHash(sodiumSha512, genesisBody), genesisBody, epochKeys: [epochKey] }
  await saveDocument(keys, stored)
  return new Membership({ device, keys, stored, pin: null })
}

/**
 * A document that this device's KeyStore knows. Throws `NO_KEY` when it does not, and `KEY_STORE_DAMAGED` when what it holds does not
 * belong to the id.
 */
export async function openMembership(documentId: Bytes, keys: KeyStore, device: Device): Promise<Membership> {
  const stored = await loadDocument(keys, documentId)
  if (stored === null) throw new SyncError('NO_KEY', 'this device holds no key of that document')
  return new Membership({ device, keys, stored, pin: await loadPin(keys, documentId) })
}

export interface JoinedMembershipOptions {
  /** 32 bytes, from the link or the pairing: by it the relay cannot put another document in this one's place. */
  readonly genesisHash: Bytes
  /** The device that was added, or a link's pair of keys. */
  readonly device: Device
  readonly keys: KeyStore
  /** Records from the genesis on, as far as they are known; the rest comes when the document is opened. */
  readonly records?: readonly PlacedRecord[]
}

/**
 * A document that somebody else made, kept in the KeyStore from now on. Throws `GENESIS_CONFLICT` when the device knows that id by another
 * genesis: nothing is overwritten; `ROLLBACK` and `LOG_INVALID` as the records say. [CL11]
 */
export async function joinedMembership(options: JoinedMembershipOptions): Promise<Membership> {
  const { genesisHash, device, keys, records } = options
  const documentId = documentIdOf(genesisHash)
  const [known, pin] = await Promise.all([loadDocument(keys, documentId), loadPin(keys, documentId)])
  for (const pinned of [known, pin]) {
    if (pinned !== null && !equalBytes(pinned.genesisHash, genesisHash)) {
      throw new SyncError('GENESIS_CONFLICT', 'this device knows that document by another genesis')
    }
  }
  const stored = known ?? { genesisHash, genesisBody: null, epochKeys: [] }
  if (known === null) await saveDocument(keys, stored)
  const membership = new Membership({ device, keys, stored, pin })
  if (records !== undefined) {
    membership.takeRecords(records, 0)
    membership.checkPin()
  }
  await membership.whenStored()
  return membership
}
