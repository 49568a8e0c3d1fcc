/**
 * Where a batch of entries must be cut: behind each record, for it may change who gets what comes after it. Rules AU13, G10.
 *
 * @module
 */
import { KIND, OFFSET } from '@y-sealed/protocol'

import type { Batch, WaitingAck } from './delivery.ts'
import type { LiveEntry } from './entry-frames.ts'
import type { Subscription } from './subscription.ts'

const KIND_AT = OFFSET.kind
const RECORD_KIND = KIND.record

/** A record that changes something: the genesis, entry 1, finds nothing to change. */
export function isChange({ seq, envelope }: LiveEntry): boolean {
  return seq > 1 && envelope[KIND_AT] === RECORD_KIND
}

/** A plain loop: every batch comes by here, and hardly one holds a record. */
function holdsChange({ entries }: Batch): boolean {
  for (const entry of entries) if (isChange(entry)) return true
  return false
}

/** The batch itself, or its parts, each ending with a record but the last. ACKs go with what they speak of. */
export function cutAtRecords(batch: Batch): readonly Batch[] {
  if (!holdsChange(batch)) return [batch]
  const parts: Batch[] = []
  let entries: LiveEntry[] = []
  let acks = batch.acks
  for (const entry of batch.entries) {
    entries.push(entry)
    if (!isChange(entry)) continue
    const [due, later] = splitAcks(acks, entry.seq)
    parts.push(createPart(entries, due))
    entries = []
    acks = later
  }
  if (entries.length > 0 || acks.size > 0) parts.push(createPart(entries, acks))
  return parts
}

type Acks = ReadonlyMap<Subscription, readonly WaitingAck[]>

function splitAcks(acks: Acks, seq: number): readonly [Acks, Acks] {
  const due = new Map<Subscription, readonly WaitingAck[]>()
  const later = new Map<Subscription, readonly WaitingAck[]>()
  for (const [subscription, own] of acks) {
    const count = own.filter(({ through }) => through <= seq).length
    if (count > 0) due.set(subscription, own.slice(0, count))
    if (count < own.length) later.set(subscription, own.slice(count))
  }
  return [due, later]
}

/** Every local author stands among the ACKs, with or without one. */
function createPart(entries: readonly LiveEntry[], due: Acks): Batch {
  const acks = new Map(due)
  for (const { author } of entries) if (author !== null && !acks.has(author)) acks.set(author, [])
  return { entries, acks }
}
