/**
 * Device certificates: both public keys of a device, or of a link, signed by the first. Rule KM1.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { isBoxKey } from '../crypto/box-key.ts'
import { frameFields } from '../crypto/hash.ts'
import { verifySignature } from '../crypto/signature.ts'
import { SIGNATURE_BYTES } from '../envelope/envelope.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { PUBLIC_KEY_BYTES } from './device-id.ts'

/** Two public keys and a signature: 128 bytes in this order. */
export const CERTIFICATE_BYTES = 128

/** A device certificate, or an introduction: the same bytes, signed by another key over something else. */
export interface Certificate {
  /** Ed25519, 32 bytes. */
  readonly signPublic: Bytes
  /** X25519, 32 bytes. */
  readonly boxPublic: Bytes
  /** 64 bytes. */
  readonly signature: Bytes
}

/** Writes the 128 bytes. */
export function writeCertificate(writer: Writer, certificate: Certificate): Writer {
  return writer
    .fixed(certificate.signPublic, PUBLIC_KEY_BYTES)
    .fixed(certificate.boxPublic, PUBLIC_KEY_BYTES)
    .fixed(certificate.signature, SIGNATURE_BYTES)
}

/** Reads the 128 bytes; says nothing about the signature. */
export function readCertificate(reader: Reader): Certificate {
  return {
    signPublic: reader.fixed(PUBLIC_KEY_BYTES),
    boxPublic: reader.fixed(PUBLIC_KEY_BYTES),
    signature: reader.fixed(SIGNATURE_BYTES),
  }
}

/** The certificate as bytes. */
export function encodeCertificate(certificate: Certificate): Bytes {
  return writeCertificate(new Writer(CERTIFICATE_BYTES), certificate).finish()
}

/** The certificate that exactly these bytes hold, its signature unchecked; `null` unless they are 128. */
export function decodeCertificate(bytes: Bytes): Certificate | null {
  const reader = new Reader(bytes)
  const result = reader.finish(readCertificate(reader))
  return result.ok ? result.value : null
}

/** What a device signs for its certificate. [KM1] */
export function certificateInput(signPublic: Bytes, boxPublic: Bytes): Bytes {
  return frameFields('y-sealed/v1/device-certificate', signPublic, boxPublic)
}

/** True when the first key signed both, and the second is one that something can be sealed to. [KM1] */
export function verifyCertificate({ signPublic, boxPublic, signature }: Certificate): boolean {
  return isBoxKey(boxPublic) && verifySignature(signature, certificateInput(signPublic, boxPublic), signPublic)
}
