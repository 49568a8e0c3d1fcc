/**
 * A document's first entry, sealed to be laid down. Rules KM3, KM11, LO1.
 *
 * @module
 */
import { KIND, sodiumSha512, startTranscript, type Envelope } from '@y-sealed/protocol'
import { Session, type Device } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from './document-access.ts'

/**
 * The genesis in a session of its own, for it may turn out that somebody was faster; `null` for a document that somebody else is to lay
 * down.
 */
export function sealGenesis(access: DocumentAccess, device: Device): Envelope | null {
  const key = access.keyOf(1)
  if (access.genesisBody === null || key === null) return null
  const seen = { seq: 0, transcript: startTranscript(sodiumSha512, access.genesisHash) }
  return new Session(access.documentId, device).sealEntry(KIND.record, access.genesisBody, key, seen).envelope
}
