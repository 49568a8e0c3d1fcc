/**
 * Bytes of any length under a key that seals nothing else, or for one device's eyes: what recovery files and pairing carry. Rules KM21, KM22.
 *
 * @module
 */
import { concatBytes, NONCE_BYTES, TAG_BYTES, type Bytes } from '@y-sealed/protocol'
import { sodium } from '../crypto/sodium.ts'
import { checkBytes } from './check-bytes.ts'
import { randomBytes } from './random.ts'

/** `nonce 24 ‖ XChaCha20-Poly1305` of `plaintext` under `key` (32 bytes) with `data` authenticated: 40 bytes more. */
export function sealSecret(plaintext: Bytes, data: Bytes, key: Bytes): Bytes {
  checkBytes(key, 32, 'a key')
  const nonce = randomBytes(NONCE_BYTES)
  return concatBytes(nonce, sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, data, null, nonce, key))
}

/** What {@link sealSecret} sealed, or `null`: another key, other data, changed bytes. */
export function openSecret(sealed: Bytes, data: Bytes, key: Bytes): Bytes | null {
  checkBytes(key, 32, 'a key')
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const ciphertext = sealed.subarray(NONCE_BYTES)
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, data, nonce, key) as Bytes
  } catch {
    return null
  }
}

/** `message` sealed to a device's box key (libsodium `crypto_box_seal`), 48 bytes more; `Device.openSealedBox` opens it. */
export function sealToDevice(message: Bytes, boxPublic: Bytes): Bytes {
  checkBytes(boxPublic, 32, 'a box key')
  return sodium.crypto_box_seal(message, boxPublic) as Bytes
}
