/**
 * Sealing: content becomes a padded, encrypted, signed envelope. The nonce is made here and nowhere else. Rules EN6–EN9.
 *
 * @module
 */
import {
  Envelope,
  envelopeId,
  HEADER_BYTES,
  isClearKind,
  NONCE_BYTES,
  SIGNATURE_BYTES,
  signatureInput,
  sodiumSha512,
  SyncError,
  TAG_BYTES,
  maxSealedBytes,
  writeHeader,
  type Bytes,
  type Kind,
} from '@y-sealed/protocol'
import { sodium } from '../crypto/sodium.ts'
import { padContent } from '../envelope/padding.ts'
import type { Device } from './device.ts'
import { purposeOf, type EpochKey } from './epoch-key.ts'
import { randomBytes } from './random.ts'

/** What the author puts into an envelope; see EN1 for the lengths. */
export interface Sealable {
  readonly kind: Kind
  readonly document: Bytes
  readonly session: Bytes
  readonly counter: number
  readonly prev: Bytes
  readonly seenSeq: number
  readonly seenTranscript: Bytes
  /** The content of a sealed kind, or the body of a clear one. */
  readonly content: Bytes
}

/** What of an epoch a clear kind bears: nothing that is secret. */
export type PublicEpoch = Pick<EpochKey, 'epoch' | 'commitment'>

/** An envelope and its id (32 bytes). */
export interface Sealed {
  readonly envelope: Envelope
  readonly id: Bytes
}

/**
 * Seals and signs under a fresh random nonce. Throws `SyncError` `TOO_LARGE` when the content exceeds its kind's limit (EN5), and
 * `TypeError` or `RangeError` for fields that are no header, and for a sealed kind without the epoch's key itself.
 */
export function seal(sealable: Sealable, key: EpochKey | PublicEpoch, device: Device): Sealed {
  const nonce = isClearKind(sealable.kind) ? new Uint8Array(NONCE_BYTES) : randomBytes(NONCE_BYTES)
  return sealUnderNonce(sealable, key, device, nonce)
}

/** {@link seal} with the nonce given. Only `seal` and the deterministic test suite call it; no public entry exports it. */
export function sealUnderNonce(sealable: Sealable, key: EpochKey | PublicEpoch, device: Device, nonce: Bytes): Sealed {
  const plaintext = isClearKind(sealable.kind) ? sealable.content : padContent(sealable.content)
  const length = isClearKind(sealable.kind) ? plaintext.length : plaintext.length + TAG_BYTES
  if (length > maxSealedBytes(sealable.kind)) throw new SyncError('TOO_LARGE', 'the content does not fit one envelope')
  const bytes = writeHeader({ ...sealable, epoch: key.epoch, device: device.id, nonce, length })
  bytes.set(isClearKind(sealable.kind) ? plaintext : encrypt(sealable.kind, key, bytes, nonce, plaintext), HEADER_BYTES)
  const envelope = new Envelope(bytes)
  const id = envelopeId(sodiumSha512, key.commitment, envelope)
  bytes.set(device.sign(signatureInput(id)), bytes.length - SIGNATURE_BYTES)
  return { envelope, id }
}

function encrypt(kind: Kind, key: EpochKey | PublicEpoch, bytes: Bytes, nonce: Bytes, plaintext: Bytes): Uint8Array {
  if (!('subkey' in key)) throw new TypeError("a sealed kind needs the epoch's key")
  const header = bytes.subarray(0, HEADER_BYTES)
  return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, header, null, nonce, key.subkey(purposeOf(kind)))
}
