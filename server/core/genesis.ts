/**
 * What makes a document: a first record that hashes to its name, by a device whose certificate it holds (`members`), or by anybody who
 * holds the room's key (`shared-key`), since there the hash alone is the authority. Rules KM1, KM3, KM14, KM15, EN7, LO3.
 *
 * @module
 */
import {
  decodeRecord,
  deviceIdOf,
  documentIdOf,
  envelopeId,
  equalBytes,
  genesisHash,
  prevOf,
  signatureInput,
  startTranscript,
  verifyCertificate,
  verifySignature,
  type Bytes,
  type Envelope,
  type MembersGenesis,
  type RoomGenesis,
  type Sha512,
} from '@y-sealed/protocol'

import type { Creation, NewEntry } from './ports.ts'
import { newEntry } from './new-entry.ts'

/** Entry and creation of a genesis that holds in every respect, else `null`. `signPublic` is the key of the socket's device. */
export function readGenesis(
  sha512: Sha512,
  envelope: Envelope,
  signPublic: Bytes,
): { readonly entry: NewEntry; readonly creation: Creation } | null {
  const record = decodeRecord(envelope.sealed)
  if (!record.ok || record.value.type !== 'genesis') return null
  const hash = genesisHash(sha512, envelope.sealed)
  if (!equalBytes(documentIdOf(hash), envelope.document)) return null
  if (!isFirstEntry(sha512, envelope, hash)) return null
  const genesis = record.value
  const key = genesis.mode === 'members' ? readCreator(sha512, genesis, envelope) : signPublic
  if (key === null) return null
  const id = envelopeId(sha512, genesis.commitment, envelope)
  if (!verifySignature(envelope.signature, signatureInput(id), key)) return null
  return { entry: newEntry(envelope, id), creation: createCreation(hash, genesis, envelope.device) }
}

/** Epoch 1, counter 1, seen T_0 at seq 0. [KM11] [LO3] */
function isFirstEntry(sha512: Sha512, envelope: Envelope, hash: Bytes): boolean {
  if (envelope.epoch !== 1 || envelope.counter !== 1 || envelope.seenSeq !== 0) return false
  return equalBytes(envelope.seenTranscript, prevOf(startTranscript(sha512, hash)))
}

/** The creator's key, when the certificate is good and names the envelope's device. [KM1] */
function readCreator(sha512: Sha512, { certificate }: MembersGenesis, envelope: Envelope): Bytes | null {
  const device = deviceIdOf(sha512, certificate.signPublic, certificate.boxPublic)
  if (!equalBytes(device, envelope.device) || !verifyCertificate(certificate)) return null
  return certificate.signPublic
}

/** What a genesis lays down of which all else is known to hold; `null` where it is none, or of another document. */
export function creationOf(sha512: Sha512, { sealed, document, device }: Envelope): Creation | null {
  const record = decodeRecord(sealed)
  if (!record.ok || record.value.type !== 'genesis') return null
  const hash = genesisHash(sha512, sealed)
  return equalBytes(documentIdOf(hash), document) ? createCreation(hash, record.value, device) : null
}

/** Copies what outlives the message. */
function createCreation(hash: Bytes, genesis: MembersGenesis | RoomGenesis, device: Bytes): Creation {
  const base = { genesisHash: hash, mode: genesis.mode, commitment: genesis.commitment.slice() }
  if (genesis.mode === 'shared-key') return { ...base, roomKey: genesis.roomPublic.slice(), roles: [] }
  return { ...base, roles: [{ device: device.slice(), role: 'admin' }] }
}
