/**
 * `members` mode: the document's key is random, and who may do what stands in its member log. In this release the log holds the genesis
 * and its creator. Rules KM3, KM4, KM9.
 *
 * @module
 */
import {
  bytesToBase64url,
  concatBytes,
  decodeRecord,
  deviceIdOf,
  documentIdOf,
  encodeRecord,
  equalBytes,
  genesisHash,
  sodiumSha512,
  SyncError,
  verifyCertificate,
  type Bytes,
} from '@y-sealed/protocol'
import { createEpochKey, EpochKey, randomBytes, sealName, wrapKey, type Device } from '@y-sealed/protocol/sealing'
import type { KeyStore } from '../keys/key-store.ts'
import type { Authority, DocumentAccess } from './document-access.ts'

/** Makes a document of which this device is the creator and admin, and stores its key. Nothing is sent. */
export async function createMembersDocument(device: Device, keys: KeyStore, name?: Bytes): Promise<DocumentAccess> {
  const epochKey = createEpochKey(1)
  const body = encodeRecord({
    type: 'genesis',
    mode: 'members',
    recordPrev: new Uint8Array(32),
    salt: randomBytes(16),
    certificate: device.certificate(),
    commitment: epochKey.commitment,
    wrap: wrapKey(epochKey, device.boxPublic),
    sealedName: name === undefined ? new Uint8Array(0) : sealName(name, device.id, epochKey),
  })
  const access = createAccess(body, epochKey)
  await keys.set(keyName(access.documentId), concatBytes(epochKey.exportKey(), body))
  return access
}

/**
 * A document whose key this device holds. Throws `NO_KEY` when the KeyStore has none for it and `KEY_STORE_DAMAGED` when what it has does
 * not belong to the id.
 */
export async function openMembersDocument(documentId: Bytes, keys: KeyStore): Promise<DocumentAccess> {
  const stored = await keys.get(keyName(documentId))
  if (stored === null) throw new SyncError('NO_KEY', 'this device holds no key of that document')
  if (stored.length <= 32)
    throw new SyncError('KEY_STORE_DAMAGED', "the key store's entry for that document is damaged")
  const access = createAccess(stored.slice(32), new EpochKey(1, stored.slice(0, 32)))
  if (!equalBytes(access.documentId, documentId)) {
    throw new SyncError('KEY_STORE_DAMAGED', "the key store's entry for that document is damaged")
  }
  return access
}

function keyName(documentId: Bytes): string {
  return `document/${bytesToBase64url(documentId)}`
}

function createAccess(genesisBody: Bytes, epochKey: EpochKey): DocumentAccess {
  const hash = genesisHash(sodiumSha512, genesisBody)
  const genesis = decodeRecord(genesisBody)
  const committed =
    genesis.ok && genesis.value.type === 'genesis' && equalBytes(genesis.value.commitment, epochKey.commitment)
  if (!committed) throw new SyncError('KEY_STORE_DAMAGED', "the key store's entry for that document is damaged")
  return {
    mode: 'members',
    documentId: documentIdOf(hash),
    genesisHash: hash,
    genesisBody,
    current: epochKey,
    keyOf: (epoch) => (epoch === epochKey.epoch ? epochKey : null),
    introduce: () => null,
    createAuthority,
  }
}

function createAuthority(): Authority {
  let creator: { readonly id: Bytes; readonly signPublic: Bytes } | null = null
  const isCreator = (device: Bytes): boolean => creator !== null && equalBytes(creator.id, device)
  return {
    acceptGenesis: (envelope, genesis) => {
      if (genesis.mode !== 'members' || !verifyCertificate(genesis.certificate)) return false
      const { signPublic, boxPublic } = genesis.certificate
      const id = deviceIdOf(sodiumSha512, signPublic, boxPublic)
      if (!equalBytes(id, envelope.device)) return false
      creator = { id, signPublic }
      return true
    },
    authorOf: ({ device }) => (isCreator(device) && creator ? { signPublic: creator.signPublic, single: false } : null),
    acceptBind: () => undefined,
    roleOf: (device) => (isCreator(device) ? 'admin' : 'none'),
    presenceKeyOf: ({ device }) => (isCreator(device) && creator ? creator.signPublic : null),
  }
}
