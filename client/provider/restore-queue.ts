/**
 * What an earlier run sealed and did not see acknowledged, out of the outbox. Rules LO8, LO9.
 *
 * @module
 */
import { decodePart, equalBytes, KIND, readWholeEnvelope, type Envelope } from '@y-sealed/protocol'
import { open } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import type { OutboxItem } from '../outbox/outbox.ts'
import type { QueuedEntry } from './send-queue.ts'

/** What the outbox held, in order. */
export interface Restored {
  /** To be sent again. */
  readonly entries: readonly QueuedEntry[]
  /**
   * Parts of groups that are not whole: a crash cut off the writing of them, and they can never be sent, or the forgetting of them, and the
   * log has them. [LO9]
   */
  readonly fragments: readonly QueuedEntry[]
  /** How many items this device cannot open. */
  readonly damaged: number
}

export function restoreQueue(items: readonly OutboxItem[], access: DocumentAccess): Restored {
  const entries: QueuedEntry[] = []
  const fragments: QueuedEntry[] = []
  let damaged = 0
  let group: QueuedEntry[] = []
  const endGroup = (): void => {
    const count = group[0]?.part?.count
    if (group.length === count) entries.push(...group)
    else fragments.push(...group)
    group = []
  }
  for (const item of items) {
    const envelope = readWholeEnvelope(item.envelope)
    const entry = envelope && restoreEnvelope(envelope, access)
    if (entry === null) damaged += 1
    if (entry === null || !continuesGroup(group, entry)) endGroup()
    if (entry?.part) group.push(entry)
    else if (entry !== null) entries.push(entry)
  }
  endGroup()
  return { entries, fragments, damaged }
}

/** A group's parts have consecutive indexes from 0, and consecutive counters of one session. [LO9] */
function continuesGroup(group: readonly QueuedEntry[], { envelope, part }: QueuedEntry): boolean {
  const last = group.at(-1)
  if (
    !last?.part ||
    part?.index !== last.part.index + 1 ||
    part.count !== last.part.count ||
    group[0]?.part?.index !== 0
  )
    return false
  return envelope.counter === last.envelope.counter + 1 && equalBytes(envelope.session, last.envelope.session)
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
