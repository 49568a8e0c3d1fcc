/**
 * How two devices of one person make sure that nobody stands between them, with six digits that the person compares. The new device
 * commits to its keys and nonce before it has seen the other's, so that whoever stands between has one guess in a million. Rule KM22.
 *
 * @module
 */
import {
  concatBytes,
  decodeCertificate,
  encodeCertificate,
  equalBytes,
  frameFields,
  hashFields,
  sodiumSha512,
  verifyCertificate,
  verifySignature,
  type Bytes,
  type Certificate,
} from '@y-sealed/protocol'
import { randomBytes, sealToDevice, type Device } from '@y-sealed/protocol/sealing'
import { readReadableKey, writeReadableKey } from '../keys/readable-key.ts'

/** What a pairing code stands for. [KM22] */
const CODE_BYTES = 5
const CODE_GROUP_LENGTH = 5
const NONCE_BYTES = 32
const CERTIFICATE_BYTES = 128

/** A fresh code of two groups of five characters. Needs `cryptoReady()`. [KM22] */
export function createPairingCode(): string {
  return writeReadableKey(randomBytes(CODE_BYTES), CODE_GROUP_LENGTH)
}

/** The 32 bytes of the room in which both devices of a code meet, or `null` for what is no code. [KM22] */
export function pairingRoomKey(code: string): Bytes | null {
  const secret = readReadableKey(code, CODE_BYTES)
  return secret && hashFields(sodiumSha512, 'y-sealed/v1/pairing-room', secret)
}

/** What a device shows the other: its certificate and a nonce of its own, 160 bytes. */
export function createReveal(device: Device): Bytes {
  return concatBytes(encodeCertificate(device.certificate()), randomBytes(NONCE_BYTES))
}

/** The certificate in a reveal, or `null` for bytes that are none, or whose device did not sign them. */
export function certificateInReveal(reveal: Bytes): Certificate | null {
  if (reveal.length !== CERTIFICATE_BYTES + NONCE_BYTES) return null
  const certificate = decodeCertificate(reveal.slice(0, CERTIFICATE_BYTES))
  return certificate !== null && verifyCertificate(certificate) ? certificate : null
}

/** By what the new device binds itself to its reveal: 32 bytes. [KM22] */
export function commitReveal(reveal: Bytes): Bytes {
  return hashFields(sodiumSha512, 'y-sealed/v1/pairing-commitment', reveal)
}

/** True when `reveal` is the one that was committed to. [KM22] */
export function matchesCommitment(commitment: Bytes, reveal: Bytes): boolean {
  return equalBytes(commitReveal(reveal), commitment)
}

/** The six digits that both devices show, from both reveals as each device has them. [KM22] */
export function pairingDigits(newReveal: Bytes, oldReveal: Bytes): string {
  const hash = hashFields(sodiumSha512, 'y-sealed/v1/pairing', newReveal, oldReveal)
  let value = 0
  for (const byte of hash.subarray(0, 6)) value = value * 256 + byte
  return String(value % 1_000_000).padStart(6, '0')
}

/** A link for the new device's eyes only, with the old device's signature over it and both reveals. [KM22] */
export function sealLink(link: Bytes, old: Device, newReveal: Bytes, oldReveal: Bytes): Bytes | null {
  const certificate = certificateInReveal(newReveal)
  if (certificate === null) return null
  const sealed = sealToDevice(link, certificate.boxPublic)
  return concatBytes(old.sign(linkInput(newReveal, oldReveal, sealed)), sealed)
}

/** What {@link sealLink} sealed, or `null` when the old device of `oldReveal` did not sign it or it is not for this device. [KM22] */
export function openLink(message: Bytes, device: Device, newReveal: Bytes, oldReveal: Bytes): Bytes | null {
  const certificate = certificateInReveal(oldReveal)
  if (certificate === null || message.length < 64) return null
  const sealed = message.slice(64)
  const input = linkInput(newReveal, oldReveal, sealed)
  return verifySignature(message.slice(0, 64), input, certificate.signPublic) ? device.openSealedBox(sealed) : null
}

function linkInput(newReveal: Bytes, oldReveal: Bytes, sealed: Bytes): Bytes {
  return frameFields('y-sealed/v1/pairing-link', newReveal, oldReveal, sealed)
}
