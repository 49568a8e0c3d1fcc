/**
 * What a KeyStore keeps of a members document, as bytes: its genesis and epoch keys in one value, what must never go back in another.
 * Rules KM19, CL11.
 *
 * @module
 */
import {
  base64urlToBytes,
  bytesToBase64url,
  decodeRecord,
  documentIdOf,
  equalBytes,
  genesisHash,
  HASH_BYTES,
  Reader,
  sodiumSha512,
  SyncError,
  Writer,
  type Bytes,
} from '@y-sealed/protocol'
import { EPOCH_KEY_BYTES, EpochKey } from '@y-sealed/protocol/sealing'
import type { KeyStore } from '../keys/key-store.ts'

/** First byte of the value; what came before it had none. */
const VERSION = 2
const DOCUMENT_PREFIX = 'document/'

/** Longer than any genesis record. */
const MAX_GENESIS_BYTES = 1_024

/** Under `document/<id>`. */
export interface StoredDocument {
  /** 32 bytes. */
  readonly genesisHash: Bytes
  /** Where this device made the document; `null` otherwise. */
  readonly genesisBody: Bytes | null
  readonly epochKeys: readonly EpochKey[]
}

/** Under `pin/<id>`: a relay that shows less, or something else, is not to be believed. [CL11] */
export interface Pin {
  /** 32 bytes. */
  readonly genesisHash: Bytes
  /** Id of the newest record that was accepted, 32 bytes. */
  readonly recordHead: Bytes
  readonly epoch: number
}

/** `null` for a document that the store does not know. Throws `KEY_STORE_DAMAGED` for what does not belong to the id. */
export async function loadDocument(keys: KeyStore, documentId: Bytes): Promise<StoredDocument | null> {
  const bytes = await keys.get(documentKey(documentId))
  if (bytes === null) return null
  for (const stored of [decodeStored(bytes), decodeFirstForm(bytes)]) {
    if (stored !== null && equalBytes(documentIdOf(stored.genesisHash), documentId)) return stored
  }
  throw damaged()
}

export async function saveDocument(keys: KeyStore, stored: StoredDocument): Promise<void> {
  const writer = new Writer(256).u8(VERSION).fixed(stored.genesisHash, HASH_BYTES)
  writer.bytes16(stored.genesisBody ?? new Uint8Array(0), MAX_GENESIS_BYTES).u32(stored.epochKeys.length)
  for (const key of stored.epochKeys) writer.u32(key.epoch).fixed(key.exportKey(), EPOCH_KEY_BYTES)
  await keys.set(documentKey(documentIdOf(stored.genesisHash)), writer.finish())
}

/** Ids of the documents of which it has something. */
export async function listStored(keys: KeyStore): Promise<readonly Bytes[]> {
  const names = await keys.list(DOCUMENT_PREFIX)
  return names
    .map((name) => base64urlToBytes(name.slice(DOCUMENT_PREFIX.length)))
    .filter((id) => id?.length === 16) as Bytes[]
}

/** Its keys are gone; what the relay must not go behind stays. */
export async function forgetDocument(keys: KeyStore, documentId: Bytes): Promise<void> {
  await keys.delete(documentKey(documentId))
}

/** `null` for a document of which nothing was ever accepted. Throws `KEY_STORE_DAMAGED` for what is no pin. */
export async function loadPin(keys: KeyStore, documentId: Bytes): Promise<Pin | null> {
  const bytes = await keys.get(pinKey(documentId))
  if (bytes === null) return null
  const reader = new Reader(bytes)
  const pin = reader.finish({
    genesisHash: reader.fixed(HASH_BYTES),
    recordHead: reader.fixed(HASH_BYTES),
    epoch: reader.u32(),
  })
  if (!pin.ok) throw damaged()
  return pin.value
}

export async function savePin(keys: KeyStore, pin: Pin): Promise<void> {
  const writer = new Writer(68).fixed(pin.genesisHash, HASH_BYTES).fixed(pin.recordHead, HASH_BYTES).u32(pin.epoch)
  await keys.set(pinKey(documentIdOf(pin.genesisHash)), writer.finish())
}

function documentKey(documentId: Bytes): string {
  return DOCUMENT_PREFIX + bytesToBase64url(documentId)
}

function pinKey(documentId: Bytes): string {
  return `pin/${bytesToBase64url(documentId)}`
}

function damaged(): SyncError {
  return new SyncError('KEY_STORE_DAMAGED', "the key store's entry for that document is damaged")
}

function decodeStored(bytes: Bytes): StoredDocument | null {
  const reader = new Reader(bytes)
  if (reader.u8() !== VERSION) return null
  const hash = reader.fixed(HASH_BYTES)
  const body = reader.bytes16(MAX_GENESIS_BYTES)
  const count = reader.u32()
  const epochKeys: EpochKey[] = []
  for (let i = 0; i < count && reader.fault === null; i++) {
    const epoch = reader.u32()
    const key = reader.fixed(EPOCH_KEY_BYTES)
    reader.require(epoch > 0, 'range')
    if (reader.fault === null) epochKeys.push(new EpochKey(epoch, key))
  }
  const genesisBody = body.length === 0 ? null : body
  const isWhole = genesisBody === null || equalBytes(genesisHash(sodiumSha512, genesisBody), hash)
  return isWhole && reader.finish(true).ok ? { genesisHash: hash, genesisBody, epochKeys } : null
}

/** What was stored while a document had one key: the key and the genesis' body. */
function decodeFirstForm(bytes: Bytes): StoredDocument | null {
  if (bytes.length <= EPOCH_KEY_BYTES) return null
  const key = new EpochKey(1, bytes.slice(0, EPOCH_KEY_BYTES))
  const body = bytes.slice(EPOCH_KEY_BYTES)
  const genesis = decodeRecord(body)
  if (!genesis.ok || genesis.value.type !== 'genesis' || !equalBytes(genesis.value.commitment, key.commitment)) {
    return null
  }
  return { genesisHash: genesisHash(sodiumSha512, body), genesisBody: body, epochKeys: [key] }
}
