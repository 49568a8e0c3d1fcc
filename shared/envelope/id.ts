/**
 * The id of an envelope and what its signature covers. Rules EN6, EN7.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { frameFields, HASH_BYTES, hashFields, type Sha512 } from '../crypto/hash.ts'
import { SIGNATURE_BYTES, type Envelope } from './envelope.ts'

/** Bytes of an id that `prev` carries. [EN12] */
export const PREV_BYTES = 16

/**
 * The 32-byte id: commits to the epoch key (through its 32-byte commitment), the header and the sealed part, so that a
 * ciphertext that opens under two keys is an envelope of one of them only. [EN6]
 */
export function envelopeId(sha512: Sha512, commitment: Bytes, envelope: Envelope): Bytes {
  return hashFields(sha512, 'y-sealed/v1/envelope', commitment, envelope.unsigned)
}

/**
 * What stands before header and sealed part in the input of {@link envelopeId}, for whoever hashes an envelope of so many bytes piece by
 * piece: the id is the first 32 bytes of SHA-512 over this and all of the envelope but its signature.
 */
export function envelopeIdPrefix(commitment: Bytes, envelopeBytes: number): Bytes {
  const framed = frameFields('y-sealed/v1/envelope', commitment)
  const prefix = new Uint8Array(framed.length + 4)
  prefix.set(framed)
  new DataView(prefix.buffer).setUint32(framed.length, envelopeBytes - SIGNATURE_BYTES)
  return prefix
}

/** What the author signs. [EN7] */
export function signatureInput(id: Bytes): Bytes {
  if (id.length !== HASH_BYTES) throw new TypeError('an id has 32 bytes')
  return frameFields('y-sealed/v1/signature', id)
}

/** The 16 bytes by which the session's next entry names this one. [EN12] */
export function prevOf(id: Bytes): Bytes {
  return id.subarray(0, PREV_BYTES)
}
