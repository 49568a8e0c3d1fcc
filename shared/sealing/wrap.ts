/**
 * Epoch keys on their way to somebody: sealed to a device, or under the next epoch's key; and names sealed for members. Rules KM6, KM7, KM8.
 *
 * @module
 */
import {
  BACK_LINK_BYTES,
  concatBytes,
  equalBytes,
  frameFields,
  NONCE_BYTES,
  SEALED_NAME_BYTES,
  type Bytes,
} from '@y-sealed/protocol'
import { sodium } from '../crypto/sodium.ts'
import { checkBytes } from './check-bytes.ts'
import type { Device } from './device.ts'
import { EpochKey } from './epoch-key.ts'
import { randomBytes } from './random.ts'

/** Longest name in UTF-8 bytes. [KM8] */
export const MAX_NAME_BYTES = 63

/** The epoch key sealed to a device's box key, 80 bytes (libsodium `crypto_box_seal`). [KM6] */
export function wrapKey(key: EpochKey, boxPublic: Bytes): Bytes {
  checkBytes(boxPublic, 32, 'a box key')
  return sodium.crypto_box_seal(key.exportKey(), boxPublic) as Bytes
}

/** The epoch key that `wrap` holds for this device, or `null` when it does not open or does not match the epoch's commitment. [KM6] */
export function unwrapKey(wrap: Bytes, device: Device, epoch: number, commitment: Bytes): EpochKey | null {
  const opened = device.openSealedBox(wrap)
  return opened === null ? null : keyIfCommitted(epoch, opened, commitment)
}

/** The old epoch's key under the new one's, 72 bytes, so that members read history. [KM7] */
export function sealBackLink(older: EpochKey, newer: EpochKey, document: Bytes): Bytes {
  const nonce = randomBytes(NONCE_BYTES)
  const aad = backLinkData(document, older.epoch, newer.epoch)
  const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    older.exportKey(),
    aad,
    null,
    nonce,
    newer.subkey('backLink'),
  )
  return concatBytes(nonce, sealed)
}

/** The older epoch's key, or `null` when the back link does not open or does not match that epoch's commitment. [KM7] */
export function openBackLink(
  link: Bytes,
  newer: EpochKey,
  older: number,
  commitment: Bytes,
  document: Bytes,
): EpochKey | null {
  checkBytes(link, BACK_LINK_BYTES, 'a back link')
  const key = decryptWithNonce(link, backLinkData(document, older, newer.epoch), newer.subkey('backLink'))
  return key === null ? null : keyIfCommitted(older, key, commitment)
}

/** `name` (at most 63 bytes of UTF-8) sealed for members, 104 bytes; `id` is the named device's or link's. Throws `RangeError` when longer. [KM8] */
export function sealName(name: Bytes, id: Bytes, key: EpochKey): Bytes {
  if (name.length > MAX_NAME_BYTES) throw new RangeError(`a name has at most ${MAX_NAME_BYTES} bytes`)
  const plaintext = new Uint8Array(64)
  plaintext[0] = name.length
  plaintext.set(name, 1)
  const nonce = randomBytes(NONCE_BYTES)
  const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    plaintext,
    nameData(id, key.epoch),
    null,
    nonce,
    key.subkey('metadata'),
  )
  return concatBytes(nonce, sealed)
}

/** The UTF-8 of a sealed name, or `null` when it does not open or is not canonical. [KM8] */
export function openName(sealed: Bytes, id: Bytes, key: EpochKey): Bytes | null {
  if (sealed.length !== SEALED_NAME_BYTES) return null
  const plaintext = decryptWithNonce(sealed, nameData(id, key.epoch), key.subkey('metadata'))
  if (plaintext === null || plaintext.length !== 64) return null
  const end = 1 + (plaintext[0] as number)
  if (end > 64 || plaintext.subarray(end).some((byte) => byte !== 0)) return null
  return plaintext.slice(1, end)
}

function keyIfCommitted(epoch: number, bytes: Bytes, commitment: Bytes): EpochKey | null {
  if (bytes.length !== 32) return null
  const key = new EpochKey(epoch, bytes)
  return equalBytes(key.commitment, commitment) ? key : null
}

function decryptWithNonce(sealed: Bytes, aad: Bytes, key: Bytes): Bytes | null {
  try {
    const nonce = sealed.subarray(0, NONCE_BYTES)
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      null,
      sealed.subarray(NONCE_BYTES),
      aad,
      nonce,
      key,
    ) as Bytes
  } catch {
    return null
  }
}

function backLinkData(document: Bytes, older: number, newer: number): Bytes {
  return frameFields('y-sealed/v1/back-link', document, u32(older), u32(newer))
}

function nameData(id: Bytes, epoch: number): Bytes {
  return frameFields('y-sealed/v1/name', id, u32(epoch))
}

function u32(value: number): Bytes {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value)
  return out
}
