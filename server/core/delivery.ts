/**
 * The order in which a document's entries leave this relay: each once, by seq, without a gap, and an ACK never before what stands in
 * front of it. Knows nobody but the entries' authors. Rules FR8, BU2.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import type { LiveEntry } from './entry-frames.ts'
import type { Head } from './ports.ts'
import type { Subscription } from './subscription.ts'

/** An ACK that waits until everything up to `through` has been delivered. */
export interface WaitingAck {
  readonly subscription: Subscription
  readonly through: number
  readonly frame: Bytes
}

/** What may leave now. */
export interface Batch {
  /** Contiguous; empty when there are only ACKs. */
  readonly entries: readonly LiveEntry[]
  /** ACKs that are due, ascending, by subscription. Every local author of `entries` is in it, with or without an ACK. */
  readonly acks: ReadonlyMap<Subscription, readonly WaitingAck[]>
}

/** Entries beyond a gap that are kept: more are read again from the store. */
const MAX_AHEAD = 1024

export class Delivery {
  #isStarted = false
  /** Seq of the newest entry that was taken or is ready to be, and T there when the store has told it. */
  #last = 0
  #transcript: Bytes | null = null
  #ready: LiveEntry[] = []
  readonly #ahead = new Map<number, LiveEntry>()
  #acks: WaitingAck[] = []

  /** Seq of the newest entry before which nothing is missing. */
  get last(): number {
    return this.#last
  }

  /** T at {@link Delivery.last}, or `null` when it would have to be read. */
  get transcript(): Bytes | null {
    return this.#transcript
  }

  /** True when something waits for entries that have not come. */
  get isBehind(): boolean {
    return this.#isStarted && (this.#ahead.size > 0 || this.#acks.some((ack) => ack.through > this.#last))
  }

  /** Everything up to `head` counts as delivered: nobody was listening before. */
  start(head: Head | null): void {
    this.#isStarted = true
    this.#last = head?.seq ?? 0
    this.#transcript = head?.transcript ?? null
    for (const seq of this.#ahead.keys()) if (seq <= this.#last) this.#ahead.delete(seq)
    this.#closeGaps()
  }

  /** Takes an entry that is in the log; again, or out of order, as it comes. */
  offer(entry: LiveEntry): void {
    if (this.#isStarted && entry.seq <= this.#last) return
    if (this.#isStarted && entry.seq === this.#last + 1) {
      this.#append(entry)
      this.#closeGaps()
    } else if (this.#ahead.size < MAX_AHEAD || entry.author !== null) {
      // What came by the bus does not replace what was pushed here: its author is to be told ACK, not ENTRIES.
      if ((this.#ahead.get(entry.seq)?.author ?? null) === null) this.#ahead.set(entry.seq, entry)
    }
  }

  /** T at the newest entry, as the store computed it. */
  noteHead(head: Head): void {
    if (head.seq === this.#last) this.#transcript = head.transcript
  }

  acknowledge(ack: WaitingAck): void {
    this.#acks.push(ack)
  }

  /** Everything that may leave now, or `null`. */
  take(): Batch | null {
    if (this.#ready.length === 0 && this.#acks.length === 0) return null
    const entries = this.#ready
    this.#ready = []
    const acks = this.#takeAcks(entries)
    return entries.length === 0 && acks.size === 0 ? null : { entries, acks }
  }

  /** ACKs that nothing will come before any more, since the document ends here. */
  takeAllAcks(): readonly WaitingAck[] {
    const acks = this.#acks
    this.#acks = []
    return acks
  }

  #append(entry: LiveEntry): void {
    this.#ready.push(entry.author === null ? (this.#ahead.get(entry.seq) ?? entry) : entry)
    this.#ahead.delete(entry.seq)
    this.#last = entry.seq
    this.#transcript = null
  }

  #closeGaps(): void {
    if (this.#ahead.size === 0) return
    for (;;) {
      const next = this.#ahead.get(this.#last + 1)
      if (next === undefined) return
      this.#append(next)
    }
  }

  #takeAcks(entries: readonly LiveEntry[]): Map<Subscription, WaitingAck[]> {
    const due = new Map<Subscription, WaitingAck[]>()
    for (const { author } of entries) if (author !== null && !due.has(author)) due.set(author, [])
    if (this.#acks.length === 0) return due
    const waiting: WaitingAck[] = []
    for (const ack of this.#acks) {
      const own = due.get(ack.subscription)
      if (ack.through > this.#last) waiting.push(ack)
      else if (own === undefined) due.set(ack.subscription, [ack])
      else own.push(ack)
    }
    this.#acks = waiting
    for (const own of due.values()) if (own.length > 1) own.sort((a, b) => a.through - b.through)
    return due
  }
}
