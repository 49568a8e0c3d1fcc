/**
 * A restart in `shared-key` mode, where it is the one record besides the genesis: by whoever holds the room's key. Rules KM15, LO14.
 *
 * @module
 */
import {
  decodeRecord,
  deviceIdOf,
  envelopeId,
  equalBytes,
  signatureInput,
  verifyIntroduction,
  verifySignature,
  type Envelope,
} from '@y-sealed/protocol'

import type { Context } from './context.ts'
import { newEntry } from './new-entry.ts'
import type { OpenDocument } from './open-document.ts'
import type { AppendUnit } from './ports.ts'

/** The unit of a restart that its own body introduces; `null` for every other record. */
export function roomRestart(
  { sha512 }: Pick<Context, 'sha512'>,
  { commitment, roomKey }: OpenDocument,
  envelope: Envelope,
): AppendUnit | null {
  const record = decodeRecord(envelope.sealed)
  if (!record.ok || record.value.type !== 'restart' || roomKey === null) return null
  const { introduction, lostHead, keptHead, recordPrev } = record.value
  const { device, document, session, counter, epoch } = envelope
  if (introduction === null || epoch !== 1 || counter !== 1) return null
  if (!equalBytes(deviceIdOf(sha512, introduction.signPublic, introduction.boxPublic), device)) return null
  if (!verifyIntroduction(sha512, introduction, document, session, roomKey)) return null
  const id = envelopeId(sha512, commitment, envelope)
  if (!verifySignature(envelope.signature, signatureInput(id), introduction.signPublic)) return null
  return {
    document,
    device,
    session,
    needs: 'none',
    group: false,
    entries: [newEntry(envelope, id)],
    record: { recordPrev, roles: [], restart: { lost: lostHead, kept: keptHead } },
  }
}
