/**
 * What an earlier run sealed and did not see acknowledged, out of the outbox. Rules CL10, LO8, LO9.
 *
 * @module
 */
import {
  bytesToHex,
  concatBytes,
  decodeAuthoredUpdate,
  decodePart,
  equalBytes,
  KIND,
  readWholeEnvelope,
  sodiumSha512,
  type AuthoredUpdate,
  type Bytes,
  type Envelope,
} from '@y-sealed/protocol'
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
  /** Each the entries of one edit. */
  const units: QueuedEntry[][] = []
  const fragments: QueuedEntry[][] = []
  let damaged = 0
  let group: QueuedEntry[] = []
  const endGroup = (): void => {
    const count = group[0]?.part?.count
    if (group.length === count) units.push(group)
    else if (group.length > 0) fragments.push(group)
    group = []
  }
  for (const item of items) {
    const envelope = readWholeEnvelope(item.envelope)
    const entry = envelope && restoreEnvelope(envelope, access)
    if (entry === null) damaged += 1
    if (entry === null || !continuesGroup(group, entry)) endGroup()
    if (entry?.part) group.push(entry)
    else if (entry !== null) units.push([entry])
  }
  endGroup()
  const known = withoutCopies(units)
  const alone = fragments.filter((fragment) => !isBeginning(fragment, known))
  return { entries: known.flat(), fragments: alone.flat(), damaged }
}

/** The updates that entries carry, in order; parts joined. */
export function updatesOf(entries: readonly QueuedEntry[]): readonly AuthoredUpdate[] {
  const updates: AuthoredUpdate[] = []
  let parts: Bytes[] = []
  for (const { envelope, content, part } of entries) {
    if (envelope.kind !== KIND.update && envelope.kind !== KIND.part) continue
    const decoded = part === null ? null : decodePart(content)
    if (part !== null && decoded?.ok) parts.push(decoded.value.bytes)
    if (part !== null && part.index < part.count - 1) continue
    const update = decodeAuthoredUpdate(part === null ? content : concatBytes(...parts))
    parts = []
    if (update.ok) updates.push(update.value)
  }
  return updates
}

/** A crash after edits were sealed anew, and before the old bytes were forgotten, leaves both: each edit is to leave once. */
function withoutCopies(units: readonly (readonly QueuedEntry[])[]): QueuedEntry[][] {
  const unitByContent = new Map<string, QueuedEntry[]>()
  for (const unit of units) {
    const name = unit.map(nameOf).join()
    const first = unitByContent.get(name)
    if (first === undefined) unitByContent.set(name, [...unit])
    else for (const [index, { envelope }] of unit.entries()) addCopy(first, index, envelope)
  }
  return [...unitByContent.values()]
}

/** The same crash, in the middle of a group: what there is of it is a copy too. */
function isBeginning(fragment: readonly QueuedEntry[], units: readonly QueuedEntry[][]): boolean {
  const names = fragment.map(nameOf)
  const unit = units.find(
    (entries) =>
      entries.length > names.length && names.every((name, index) => name === nameOf(entries[index] as QueuedEntry)),
  )
  if (unit === undefined) return false
  for (const [index, { envelope }] of fragment.entries()) addCopy(unit, index, envelope)
  return true
}

function addCopy(unit: QueuedEntry[], index: number, copy: Envelope): void {
  const entry = unit[index] as QueuedEntry
  unit[index] = { ...entry, copies: [...entry.copies, copy] }
}

/** Two edits never have the same content: their clocks differ. What is no edit stands for itself. */
function nameOf({ envelope, content }: QueuedEntry): string {
  const isEdit = envelope.kind === KIND.update || envelope.kind === KIND.part
  return bytesToHex(sodiumSha512(isEdit ? content : envelope.bytes))
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
    return { envelope, content, edits: carries ? 1 : 0, part, restored: true, copies: [] }
  } catch {
    return null
  }
}
