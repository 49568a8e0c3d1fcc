/**
 * What an earlier run sealed and did not see acknowledged, out of the outbox. Rules LO8, LO9.
 *
 * @module
 */
import { decodePart, KIND, readWholeEnvelope, type Envelope } from '@y-sealed/protocol'
import { open } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import type { OutboxItem } from '../outbox/outbox.ts'
import type { QueuedEntry } from './send-queue.ts'

/** The entry to be sent again, or `null` for an item that this device cannot open. */
export function restoreEntry(stored: OutboxItem, access: DocumentAccess): QueuedEntry | null {
  const envelope = readWholeEnvelope(stored.envelope)
  return envelope && restoreEnvelope(envelope, access)
}

function restoreEnvelope(envelope: Envelope, access: DocumentAccess): QueuedEntry | null {
  const key = access.keyOf(envelope.epoch)
  if (key === null) return null
  try {
    const content = open(envelope, key)
    const decoded = envelope.kind === KIND.part ? decodePart(content) : null
    const part = decoded?.ok ? { index: decoded.value.index, count: decoded.value.count } : null
    const carries = part ? part.index === part.count - 1 : envelope.kind === KIND.update
    return { envelope, content, edits: carries ? 1 : 0, part, restored: true }
  } catch {
    return null
  }
}
