/**
 * A restart in `shared-key` mode: the one record besides the genesis. Rules KM15, KM16, LO14.
 *
 * @module
 */
import {
  decodeRecord,
  deviceIdOf,
  envelopeId,
  equalBytes,
  KIND,
  signatureInput,
  sodiumSha512,
  verifyIntroduction,
  verifySignature,
  type Bytes,
  type Envelope,
  type SignedHead,
} from '@y-sealed/protocol'
import type { EpochKey } from '@y-sealed/protocol/sealing'

/** What is known of a room without its key. */
export interface RoomKeys {
  /** 16 bytes. */
  readonly documentId: Bytes
  readonly epochKey: Pick<EpochKey, 'commitment'>
  /** Of the key that introduces devices, 32 bytes. */
  readonly publicKey: Bytes
}

/** A restart that its own body introduces, upon this record head; `null` for everything else. [KM16] */
export function readRoomRestart(
  { documentId, epochKey, publicKey }: RoomKeys,
  envelope: Envelope,
  recordHead: Bytes,
): { readonly lostHead: SignedHead; readonly id: Bytes } | null {
  const record = envelope.kind === KIND.record ? decodeRecord(envelope.sealed) : null
  if (!record?.ok || record.value.type !== 'restart') return null
  const { introduction, lostHead, recordPrev } = record.value
  const { device, session, counter, epoch } = envelope
  if (introduction === null || counter !== 1 || epoch !== 1 || !equalBytes(recordPrev, recordHead)) return null
  if (!equalBytes(deviceIdOf(sodiumSha512, introduction.signPublic, introduction.boxPublic), device)) return null
  if (!verifyIntroduction(sodiumSha512, introduction, documentId, session, publicKey)) return null
  const id = envelopeId(sodiumSha512, epochKey.commitment, envelope)
  return verifySignature(envelope.signature, signatureInput(id), introduction.signPublic) ? { lostHead, id } : null
}
