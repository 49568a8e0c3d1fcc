/**
 * How a device makes itself known in `shared-key` mode: the holders of the app's key sign it in, session by session.
 * Its bytes are a certificate's. Rule KM15.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { frameFields, type Sha512 } from '../crypto/hash.ts'
import { verifySignature } from '../crypto/signature.ts'
import type { Certificate } from './certificate.ts'
import { deviceIdOf } from './device-id.ts'

/** What the room key signs. `device` is the id of the introduced keys. [KM15] */
export function introductionInput(document: Bytes, device: Bytes, session: Bytes): Bytes {
  return frameFields('y-sealed/v1/introduction', document, device, session)
}

/** True when the room key (32 bytes) introduced exactly this device for this document and session. [KM15] */
export function verifyIntroduction(
  sha512: Sha512,
  introduction: Certificate,
  document: Bytes,
  session: Bytes,
  roomPublic: Bytes,
): boolean {
  const device = deviceIdOf(sha512, introduction.signPublic, introduction.boxPublic)
  return verifySignature(introduction.signature, introductionInput(document, device, session), roomPublic)
}
