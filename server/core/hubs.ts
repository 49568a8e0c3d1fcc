/**
 * The documents open on this relay, and what the bus says about them. A hub lives while somebody listens or something of it
 * is under way. Rules BU1, BU2.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import { decodeBusMessage } from './bus-message.ts'
import type { Context } from './context.ts'
import { Hub } from './hub.ts'
import type { BusEvents, DocumentStatus } from './ports.ts'

/** Heads compared with the store in one question. */
const COMPARE_BATCH = 1000

/** A hub in use: {@link Hubs.release} gives it back. */
export interface HeldHub {
  readonly hub: Hub
  /** The row read when the hub began, for whoever made it begin; `null` for those who came later. */
  readonly started: Promise<DocumentStatus | null>
  readonly isFirst: boolean
}

export class Hubs implements BusEvents {
  readonly #context: Context
  readonly #hubsByDocument = new Map<string, HeldHub>()
  #settled: Hub[] = []
  #sweptAtMs = 0
  #isComparing = false

  constructor(context: Context) {
    this.#context = context
  }

  get size(): number {
    return this.#hubsByDocument.size
  }

  /** The hub of a document, begun if need be, and held until {@link Hubs.release}. */
  acquire(document: Bytes): HeldHub {
    const key = this.#context.keyOf(document)
    const known = this.#hubsByDocument.get(key)
    if (known !== undefined && !known.hub.isEnded) {
      known.hub.holds++
      return { ...known, isFirst: false }
    }
    const hub = new Hub(document.slice(), key, this.#context)
    hub.holds = 1
    const held: HeldHub = { hub, started: hub.start(), isFirst: true }
    // Everybody who awaits it sees the rejection; this only keeps it from being nobody's.
    held.started.catch(() => this.#forget(hub))
    this.#hubsByDocument.set(key, held)
    return held
  }

  /** Ends one use. The last one lets the hub go. */
  release(hub: Hub): void {
    hub.holds--
    this.tidy(hub)
  }

  /** Lets a hub go that nobody uses any more. */
  tidy(hub: Hub): void {
    if (hub.holds <= 0 && hub.subscribers.size === 0) this.#forget(hub)
  }

  /** An append of this hub has its verdict: what it releases is sent, and the hub let go, when the turn's verdicts are in. */
  settled(hub: Hub): void {
    this.#settled.push(hub)
  }

  /** Sends what the verdicts of this turn released, each document's at once, and before anything that has arrived meanwhile is looked at. */
  deliverSettled(): void {
    const hubs = this.#settled
    this.#settled = []
    for (const hub of hubs) hub.deliver()
    for (const hub of new Set(hubs)) hub.subscribers.flush()
    for (const hub of hubs) this.release(hub)
  }

  #forget(hub: Hub): void {
    if (this.#hubsByDocument.get(hub.key)?.hub !== hub) return
    this.#hubsByDocument.delete(hub.key)
    hub.isEnded = true
    this.#context.bus.unsubscribe(hub.id)
  }

  /** Takes what another relay says. [BU1] */
  message(document: Bytes, bytes: Bytes): void {
    const hub = this.#hubsByDocument.get(this.#context.keyOf(document))?.hub
    if (hub === undefined) return
    const message = decodeBusMessage(bytes)
    if (message === null) this.#context.metrics.count('bus_messages_refused')
    else hub.receive(message)
  }

  /** Messages may have been missed: heads are compared with the store. [BU2] */
  lost(documents: readonly Bytes[] | 'all'): void {
    const hubs: Hub[] = []
    if (documents === 'all') for (const { hub } of this.#hubsByDocument.values()) hubs.push(hub)
    else {
      for (const document of documents) {
        const hub = this.#hubsByDocument.get(this.#context.keyOf(document))?.hub
        if (hub !== undefined) hubs.push(hub)
      }
    }
    void this.#compare(hubs)
  }

  async #compare(hubs: readonly Hub[]): Promise<void> {
    try {
      for (let at = 0; at < hubs.length; at += COMPARE_BATCH) {
        const batch = hubs.slice(at, at + COMPARE_BATCH)
        const rows = await this.#context.store.status(batch.map((hub) => hub.id))
        for (let i = 0; i < batch.length; i++) await (batch[i] as Hub).compare(rows[i] ?? null)
      }
    } catch {
      this.#context.metrics.count('compares_failed')
    }
  }

  /** The log of a document holds less than before. */
  remeasure(document: Bytes): void {
    void this.#hubsByDocument.get(this.#context.keyOf(document))?.hub.remeasure()
  }

  /** {@link Hub.tellHead} of all. */
  async tellHeads(): Promise<void> {
    await Promise.all([...this.#hubsByDocument.values()].map(({ hub }) => hub.tellHead()))
  }

  tick(nowMs: number): void {
    for (const { hub } of this.#hubsByDocument.values()) hub.tick(nowMs)
    if (this.#context.bus.isAlone === true || this.#isComparing) return
    if (nowMs < this.#sweptAtMs + this.#context.limits.sweepMs) return
    this.#sweptAtMs = nowMs
    this.#isComparing = true
    const hubs = [...this.#hubsByDocument.values()].map(({ hub }) => hub)
    void this.#compare(hubs).finally(() => (this.#isComparing = false))
  }
}
