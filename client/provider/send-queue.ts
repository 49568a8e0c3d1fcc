/**
 * Sealed entries on their way: in order, a bounded number in flight, kept until the log has them: an ACK is the relay's word and may be
 * a lie. Rules CL6, FR3, FR9, LO9.
 *
 * @module
 */
import {
  equalBytes,
  KIND,
  MAX_PLAIN_MESSAGE_TO_RELAY,
  MAX_PUSHES_IN_FLIGHT,
  type Bytes,
  type ClientFrame,
  type Envelope,
} from '@y-sealed/protocol'
import type { UpdateContent } from './cut-update.ts'

export interface QueuedEntry {
  readonly envelope: Envelope
  readonly content: Bytes
  /** Local edits that it carries; 0 for a bind and for all but the last part of a group. */
  readonly edits: number
  /** Its place in a group of parts; `null` for an entry that stands alone. [LO9] */
  readonly part: { readonly index: number; readonly count: number } | null
  /** Sealed by an earlier run: this run's document may not have it. */
  readonly restored: boolean
  /** The same under other sessions: a crash came before the first was forgotten. The log may have any of them. */
  readonly copies: readonly Envelope[]
}

interface Item extends QueuedEntry {
  state: 'waiting' | 'sent' | 'acknowledged'
}

export class SendQueue {
  #items: Item[] = []

  get edits(): number {
    let edits = 0
    for (const item of this.#items) edits += item.edits
    return edits
  }

  /** Something waits to be sent. */
  get hasWaiting(): boolean {
    return this.#items.some(({ state }) => state === 'waiting')
  }

  /** Counter of the oldest entry of a session that is not acknowledged; `null` for none. */
  oldestCounter(session: Bytes): number | null {
    const open = this.#items.find((item) => item.state !== 'acknowledged' && equalBytes(item.envelope.session, session))
    return open?.envelope.counter ?? null
  }

  /** The entry, or a copy of it, whose very bytes these are; anybody may copy a session's number. */
  find({ counter, bytes }: Envelope): QueuedEntry | null {
    const isSame = (other: Envelope): boolean => other.counter === counter && equalBytes(other.bytes, bytes)
    return this.#items.find(({ envelope, copies }) => isSame(envelope) || copies.some(isSame)) ?? null
  }

  /** Counter of the first queued entry of a session, whatever its state; `null` for none. */
  firstCounter(session: Bytes): number | null {
    return this.#items.find(({ envelope }) => equalBytes(envelope.session, session))?.envelope.counter ?? null
  }

  /** Is all of the edit that it belongs to queued, up to it? */
  holdsUpTo({ part, envelope }: QueuedEntry): boolean {
    const at = this.#items.findIndex((item) => item.envelope === envelope)
    const before = this.#items[at - 1]
    if (at < 0 || part === null || part.index === 0) return at >= 0
    return before?.part?.index === part.index - 1 && equalBytes(before.envelope.session, envelope.session)
  }

  add(entry: QueuedEntry): void {
    this.#items.push({ ...entry, state: 'waiting' })
  }

  /** What was sent may not have arrived, even what was acknowledged: all that the log does not have goes out again. */
  rewind(): void {
    for (const item of this.#items) item.state = 'waiting'
  }

  /** What was refused goes out again: what was sent of a session, from a counter on. What went before it is still to be answered. */
  retry(session: Bytes, from: number): void {
    for (const item of this.#items) {
      const { counter } = item.envelope
      if (item.state === 'sent' && counter >= from && equalBytes(item.envelope.session, session)) item.state = 'waiting'
    }
  }

  has(judge: (envelope: Envelope) => boolean): boolean {
    return this.#items.some(({ envelope }) => judge(envelope))
  }

  /** Those of which it is so, in order. */
  select(judge: (entry: QueuedEntry) => boolean): readonly QueuedEntry[] {
    return this.#items.filter(judge)
  }

  /** What is to be sealed anew, taken out: all that is not acknowledged or is `lost` in spite of it, but nothing that the log `holds`. */
  drain(lost: (envelope: Envelope) => boolean, holds: (envelope: Envelope) => boolean): QueuedEntry[] {
    const isDrained = ({ envelope, copies, state }: Item): boolean =>
      (state !== 'acknowledged' || lost(envelope)) && ![envelope, ...copies].some(holds)
    const drained = this.#items.filter(isDrained)
    this.#items = this.#items.filter((item) => !drained.includes(item))
    return drained
  }

  /** Entries `from` to `through` of a session that were sent: they are not sent again on this socket, and stay until the log has them. */
  acknowledge(session: Bytes, from: number, through: number): readonly QueuedEntry[] {
    const acknowledged = this.#items.filter(({ envelope, state }) => {
      const isNamed = envelope.counter >= from && envelope.counter <= through && equalBytes(envelope.session, session)
      return isNamed && state === 'sent'
    })
    for (const item of acknowledged) item.state = 'acknowledged'
    return acknowledged
  }

  /** Takes out an entry that {@link find} gave. */
  remove(entry: QueuedEntry): void {
    const at = this.#items.findIndex((item) => item === entry)
    if (at >= 0) this.#items.splice(at, 1)
  }

  /** The entries of the edit to which an entry that was sent belongs; none for what is no edit, and for what is not queued. */
  unitAt(session: Bytes, counter: number): readonly QueuedEntry[] {
    const at = this.#items.findIndex(
      ({ envelope }) => envelope.counter === counter && equalBytes(envelope.session, session),
    )
    const item = this.#items[at]
    if (item === undefined || (item.envelope.kind !== KIND.update && item.envelope.kind !== KIND.part)) return []
    const first = at - (item.part?.index ?? 0)
    const unit = this.#items.slice(first, first + (item.part?.count ?? 1))
    return unit.every(({ part }, index) => part === null || part.index === index) ? unit : []
  }

  /** Puts other contents in the place of an edit that {@link unitAt} gave: it is never sent as it was, and is to be sealed anew. */
  amend(unit: readonly QueuedEntry[], contents: readonly UpdateContent[]): void {
    const [first] = unit
    const at = this.#items.findIndex((item) => item === first)
    if (first === undefined || at === -1) return
    const others = unit.slice(1).flatMap(({ envelope, copies }) => [envelope, ...copies])
    const edits = unit.reduce((sum, entry) => sum + entry.edits, 0)
    const amended = contents.map(({ content, part }, index): Item => {
      const isLast = index === contents.length - 1
      // The one envelope stands for all that was sealed before: it goes from the outbox when these are stored.
      const copies = index === 0 ? [...first.copies, ...others] : []
      return { ...first, content, part, copies, edits: isLast ? edits : 0, state: 'waiting' }
    })
    this.#items.splice(at, unit.length, ...amended)
  }

  /** Sends what fits in flight, oldest first, until `send` says that nothing was sent. */
  pump(send: (frame: ClientFrame) => boolean): void {
    let inFlight = 0
    for (const item of this.#items) if (item.state === 'sent' && !isInnerPart(item)) inFlight += 1
    while (inFlight < MAX_PUSHES_IN_FLIGHT) {
      const batch = this.#nextBatch(MAX_PUSHES_IN_FLIGHT - inFlight)
      const [first] = batch
      if (first === undefined || !send(frameOf(first, batch))) return
      for (const item of batch) item.state = 'sent'
      // Parts are answered together, at the last: only that one is in flight.
      inFlight += isInnerPart(first) ? 0 : batch.length
    }
  }

  #nextBatch(most: number): Item[] {
    const batch: Item[] = []
    let bytes = 1
    for (const item of this.#items) {
      if (item.state !== 'waiting') continue
      const first = batch[0]
      if (item.part) return first ? batch : [item]
      bytes += item.envelope.bytes.length
      if (first && !isSameSession(first.envelope, item.envelope)) break
      if (batch.length === most || (first && bytes > MAX_PLAIN_MESSAGE_TO_RELAY)) break
      batch.push(item)
    }
    return batch
  }
}

function isSameSession(a: Envelope, b: Envelope): boolean {
  return a.epoch === b.epoch && equalBytes(a.session, b.session)
}

function isInnerPart({ part }: Item): boolean {
  return part !== null && part.index < part.count - 1
}

function frameOf(first: Item, batch: readonly Item[]): ClientFrame {
  if (first.part) return { type: 'push-part', ...first.part, envelope: first.envelope }
  return { type: 'push', envelopes: batch.map((item) => item.envelope) }
}
