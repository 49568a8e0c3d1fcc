/**
 * Sealed entries on their way: in order, a bounded number in flight, kept until they are acknowledged. Rules FR3, FR9, LO9.
 *
 * @module
 */
import { bytesToHex, equalBytes, MAX_PLAIN_MESSAGE_TO_RELAY, MAX_PUSHES_IN_FLIGHT, type Bytes, type ClientFrame, type Envelope } from '@y-sealed/protocol'

export interface QueuedEntry {
  readonly envelope: Envelope
  readonly content: Bytes
  /** Local edits that it carries; 0 for a bind and for all but the last part of a group. */
  readonly edits: number
  /** Its place in a group of parts; `null` for an entry that stands alone. [LO9] */
  readonly part: { readonly index: number; readonly count: number } | null
}

interface Item extends QueuedEntry {
  sent: boolean
}

export class SendQueue {
  #items: Item[] = []

  get edits(): number {
    let edits = 0
    for (const item of this.#items) edits += item.edits
    return edits
  }

  /** Counter of the oldest entry of a session that waits; `null` for none. */
  oldestCounter(session: Bytes): number | null {
    return this.#items.find((item) => equalBytes(item.envelope.session, session))?.envelope.counter ?? null
  }

  add(entry: QueuedEntry): void {
    this.#items.push({ ...entry, sent: false })
  }

  /** What was sent may not have arrived: all of it goes out again. */
  rewind(): void {
    for (const item of this.#items) item.sent = false
  }

  /** Everything, taken out. */
  drain(): QueuedEntry[] {
    return this.#items.splice(0)
  }

  /** Entries `from` to `through` of a session, taken out. */
  takeAcknowledged(session: Bytes, from: number, through: number): QueuedEntry[] {
    const ofSession = (item: Item): boolean => equalBytes(item.envelope.session, session) && item.envelope.counter <= through
    const taken = this.#items.filter((item) => ofSession(item) && item.envelope.counter >= from)
    this.#items = this.#items.filter((item) => !ofSession(item))
    return taken
  }

  /** One entry by its name, taken out; false when it is not here. */
  remove(name: string): boolean {
    const at = this.#items.findIndex((item) => entryName(item.envelope) === name)
    if (at >= 0) this.#items.splice(at, 1)
    return at >= 0
  }

  /** Sends what fits in flight, oldest first, until `send` says that nothing was sent. */
  pump(send: (frame: ClientFrame) => boolean): void {
    let inFlight = 0
    for (const item of this.#items) if (item.sent && !isInnerPart(item)) inFlight += 1
    while (inFlight < MAX_PUSHES_IN_FLIGHT) {
      const batch = this.#nextBatch(MAX_PUSHES_IN_FLIGHT - inFlight)
      const [first] = batch
      if (first === undefined || !send(frameOf(first, batch))) return
      for (const item of batch) item.sent = true
      // Parts are answered together, at the last: only that one is in flight.
      inFlight += isInnerPart(first) ? 0 : batch.length
    }
  }

  #nextBatch(most: number): Item[] {
    const batch: Item[] = []
    let bytes = 1
    for (const item of this.#items) {
      if (item.sent) continue
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

/** A text that names an entry of this device: session and counter. */
export function entryName(envelope: Envelope): string {
  return `${bytesToHex(envelope.session)}/${envelope.counter}`
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
