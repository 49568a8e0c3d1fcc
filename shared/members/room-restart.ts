/**
 * A restart in `shared-key` mode: the one record besides the genesis, by whoever holds the room's key. Relay, audit and every client ask here, so
 * that they cannot disagree. Rules KM15, KM16, LO14.
 *
 * @module
 */
import { equalBytes, type Bytes } from '../bytes.ts'
import type { Sha512 } from '../crypto/hash.ts'
import { verifySignature } from '../crypto/signature.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { envelopeId, signatureInput } from '../envelope/id.ts'
import { KIND } from '../envelope/kind.ts'
import { deviceIdOf } from './device-id.ts'
import { verifyIntroduction } from './introduction.ts'
import { decodeRecord } from './record.ts'
import type { RestartFields } from './record-fields.ts'

/** What is known of a room without its key. */
export interface RoomTerms {
  /** 16 bytes. */
  readonly documentId: Bytes
  /** Of its one epoch, 32 bytes. */
  readonly commitment: Bytes
  /** Of the key that introduces devices, 32 bytes. */
  readonly roomPublic: Bytes
}

/** The first entry of a session, whose author its own body introduces; `null` for everything else. Upon which record head it counts, its `recordPrev` says. */
export function readRoomRestart(
  sha512: Sha512,
  { documentId, commitment, roomPublic }: RoomTerms,
  envelope: Envelope,
): (RestartFields & { readonly recordPrev: Bytes; readonly id: Bytes }) | null {
  const record = envelope.kind === KIND.record ? decodeRecord(envelope.sealed) : null
  if (!record?.ok || record.value.type !== 'restart') return null
  const { introduction } = record.value
  const { device, session, counter, epoch } = envelope
  if (introduction === null || counter !== 1 || epoch !== 1) return null
  if (!equalBytes(deviceIdOf(sha512, introduction.signPublic, introduction.boxPublic), device)) return null
  if (!verifyIntroduction(sha512, introduction, documentId, session, roomPublic)) return null
  const id = envelopeId(sha512, commitment, envelope)
  return verifySignature(envelope.signature, signatureInput(id), introduction.signPublic)
    ? { ...record.value, id }
    : null
}
