/**
 * The id of a device is a hash of its keys, so whoever hands over keys that hash to it need not be trusted. Rule KM1.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { hashFields, type Sha512 } from '../crypto/hash.ts'

/** Bytes of a device's, link's or document's id. */
export const ID_BYTES = 16
/** Bytes of an Ed25519 or X25519 public key. */
export const PUBLIC_KEY_BYTES = 32

/** The 16-byte id of a device, or of a link, from its public keys (32 bytes each). [KM1] */
export function deviceIdOf(sha512: Sha512, signPublic: Bytes, boxPublic: Bytes): Bytes {
  for (const key of [signPublic, boxPublic]) {
    if (key.length !== PUBLIC_KEY_BYTES) throw new TypeError('a public key has 32 bytes')
  }
  return hashFields(sha512, 'y-sealed/v1/device', signPublic, boxPublic).slice(0, ID_BYTES)
}
