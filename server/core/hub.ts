/**
 * One open document on this relay: who listens, what has been delivered, and in which order it goes out. Entries come from this
 * relay's appends, from the bus and, when there is a gap, from the store; each leaves once, in the order of the log.
 * Rules FR8, FR11, BU2.
 *
 * @module
 */
import { encodeRelayFrame, REFUSALS, type Bytes, type Envelope, type RefusalCode } from '@y-sealed/protocol'

import {
  awarenessMessage,
  deletedMessage,
  entriesMessage,
  goneMessage,
  headMessage,
  type BusMessage,
} from './bus-message.ts'
import type { Context } from './context.ts'
import type { Creation, DocumentStatus, Head } from './ports.ts'
import { Presence, type GoneSession } from './presence.ts'
import { signHead } from './signed-head.ts'
import { entriesToFrames, type LiveEntry, type Run, type Subscription } from './subscription.ts'

/** What a hub remembers of the document's row between reads. */
export interface OpenDocument {
  readonly mode: 'members' | 'shared-key'
  readonly epoch: number
  /** Of the epoch in force. */
  readonly commitment: Bytes
}

/** An ACK that waits until everything up to `through` has been delivered. */
export interface WaitingAck {
  readonly subscription: Subscription
  readonly through: number
  readonly frame: Bytes
}

const REPAIR_ENTRIES = 512

export class Hub {
  readonly id: Bytes
  readonly key: string
  readonly subscriptions: Set<Subscription> = new Set()
  readonly presence: Presence
  /** `null` while the document does not exist. */
  document: OpenDocument | null = null
  /** Appends under way, openings included: while there are any, the hub stays. */
  holds = 0
  isEnded = false
  /** Why it ended, for openings that were under way. */
  endedWith: RefusalCode = 'UNAVAILABLE'
  readonly #context: Context
  /** Last seq delivered, and T there when it is known without reading. */
  #last = 0
  #transcript: Bytes | null = null
  /** Contiguous entries from `#last + 1` on that await {@link Hub.deliver}. */
  #ready: LiveEntry[] = []
  /** Entries beyond a gap. */
  readonly #ahead = new Map<number, LiveEntry>()
  #acks: WaitingAck[] = []
  #isStarted = false
  #repair: 'none' | 'waiting' | 'running' | 'again' = 'none'
  #headSentAtMs: number
  #headSentSeq = 0
  #nextFadeMs = 0

  constructor(id: Bytes, key: string, context: Context) {
    this.id = id
    this.key = key
    this.#context = context
    this.presence = new Presence(context.limits.awarenessTtlMs)
    this.#headSentAtMs = context.clock.monotonic()
  }

  get pageBytes(): number {
    return this.#context.limits.pageBytes
  }

  get heldBytes(): number {
    return this.#context.limits.heldBytes
  }

  /** Last seq delivered, and T there if known. */
  get head(): { readonly seq: number; readonly transcript: Bytes | null } {
    return { seq: this.#last, transcript: this.#transcript }
  }

  /**
   * Subscribes to the bus, then reads the row, so that nothing falls between. Gives the row for the first opening.
   * Rejects when the store or the bus does.
   */
  async start(): Promise<DocumentStatus | null> {
    await this.#context.bus.subscribe(this.id)
    const status = await this.readStatus()
    this.#isStarted = true
    if (status !== null) this.observe(status)
    this.#advance(status?.head ?? { seq: 0, transcript: null })
    this.deliver()
    return status
  }

  async readStatus(): Promise<DocumentStatus | null> {
    return (await this.#context.store.status([this.id]))[0] ?? null
  }

  /** Takes note of a row read from the store; a head beyond what was delivered starts a repair. */
  observe(status: DocumentStatus): void {
    if (status.deleted) return
    this.document = { mode: status.mode, epoch: status.epoch, commitment: status.commitment }
    if (this.#isStarted && status.head.seq > this.#lastReady()) this.#planRepair()
  }

  /** Everything up to the head of a row counts as delivered: nobody was here before. */
  #advance(head: { readonly seq: number; readonly transcript: Bytes | null }): void {
    this.#last = head.seq
    this.#transcript = head.transcript
    this.#headSentSeq = head.seq
    for (const seq of this.#ahead.keys()) if (seq <= head.seq) this.#ahead.delete(seq)
    this.#closeGaps()
  }

  /** The document came into being here. */
  created(creation: Creation): void {
    this.document = { mode: creation.mode, epoch: 1, commitment: creation.commitment }
    for (const subscription of this.subscriptions) {
      const device = this.#context.keyOf(subscription.peer.device)
      subscription.role = creation.roles.find((entry) => this.#context.keyOf(entry.device) === device)?.role ?? 'none'
    }
  }

  /** Takes an entry that is in the log. Nothing is sent before {@link Hub.deliver}. */
  offer(seq: number, envelope: Bytes, author: Subscription | null): void {
    const next = this.#lastReady() + 1
    if (this.isEnded || seq < next) return
    if (this.#isStarted && seq === next) {
      this.#ready.push({ seq, envelope, author })
      this.#transcript = null
      if (this.#ahead.size > 0) this.#closeGaps()
      return
    }
    this.#ahead.set(seq, { seq, envelope, author })
    if (this.#isStarted) this.#planRepair()
  }

  /** An ACK to be sent when delivery has come so far. */
  acknowledge(ack: WaitingAck): void {
    if (this.isEnded) {
      ack.subscription.peer.send(ack.frame)
      return
    }
    this.#acks.push(ack)
    if (ack.through > this.#lastReady()) this.#planRepair()
  }

  /** Something may have been stored of which nobody told: it is looked for. */
  expectMore(): void {
    if (!this.isEnded) this.#planRepair()
  }

  /** T at the newest entry offered, as the store computed it. */
  noteHead(head: Head): void {
    if (head.seq === this.#lastReady()) this.#transcript = head.transcript
  }

  #lastReady(): number {
    return this.#last + this.#ready.length
  }

  #closeGaps(): void {
    for (;;) {
      const next = this.#ahead.get(this.#lastReady() + 1)
      if (next === undefined) break
      this.#ahead.delete(next.seq)
      this.#ready.push(next)
      this.#transcript = null
    }
    if (this.#ahead.size > 0 && this.#isStarted) this.#planRepair()
  }

  /** Sends what is ready, once, in order: ENTRIES to everybody else, ACKs to the authors. [FR8] */
  deliver(): void {
    const entries = this.#ready
    if (entries.length === 0 && this.#acks.length === 0) return
    const now = this.#context.clock.now()
    this.#ready = []
    this.#last += entries.length
    const run = entries.length === 0 ? null : createRun(entries, this.pageBytes)
    const acks = this.#takeAcks(entries)
    if (run !== null) {
      for (const subscription of this.subscriptions) {
        const own = acks.get(subscription)
        if (own === undefined) subscription.deliver(run, now)
        else subscription.deliverMixed(run, own, now)
      }
      this.#publish(run)
      this.#context.metrics.count('entries_delivered', undefined, entries.length)
    }
    // Acknowledged all the same: the socket closed the document in between, or the entry was there before.
    for (const [subscription, own] of acks) {
      if (run === null || !this.subscriptions.has(subscription)) subscription.deliverMixed(null, own, now)
    }
  }

  /** ACKs that are due, by subscription; authors of these entries are in it even when theirs are not. */
  #takeAcks(entries: readonly LiveEntry[]): Map<Subscription, WaitingAck[]> {
    const due = new Map<Subscription, WaitingAck[]>()
    for (const entry of entries) if (entry.author !== null && !due.has(entry.author)) due.set(entry.author, [])
    if (this.#acks.length === 0) return due
    const waiting: WaitingAck[] = []
    for (const ack of this.#acks) {
      if (ack.through > this.#last) waiting.push(ack)
      else if (due.has(ack.subscription)) due.get(ack.subscription)?.push(ack)
      else due.set(ack.subscription, [ack])
    }
    this.#acks = waiting
    for (const own of due.values()) own.sort((a, b) => a.through - b.through)
    return due
  }

  /** Tells the other relays what this one has committed. [BU3] */
  #publish(run: Run): void {
    const { bus, limits } = this.#context
    if (bus.isAlone === true) return
    let own: LiveEntry[] = []
    const flush = (): void => {
      for (const frame of entriesToFrames(own, limits.busBytes)) {
        const last = own.at(-1) as LiveEntry
        bus.publish(this.id, frame.length <= limits.busBytes + 9 ? entriesMessage(frame) : headMessage(last.seq))
      }
      own = []
    }
    for (const entry of run.entries) {
      if (entry.author === null) flush()
      else own.push(entry)
    }
    flush()
  }

  #planRepair(): void {
    if (this.#repair === 'running') this.#repair = 'again'
    if (this.#repair !== 'none') return
    this.#repair = 'waiting'
    this.#context.clock.after(this.#context.limits.repairDelayMs, () => void this.#runRepair())
  }

  /** Reads what is missing from the store; one at a time. [BU2] */
  async #runRepair(): Promise<void> {
    this.#repair = 'running'
    try {
      while (!this.isEnded) {
        const after = this.#lastReady()
        const max = { entries: REPAIR_ENTRIES, bytes: this.pageBytes }
        const entries = await this.#context.store.read(this.id, after, max)
        for (const { seq, envelope } of entries) {
          this.offer(seq, envelope, this.#ahead.get(seq)?.author ?? null)
        }
        if (this.document === null && entries.length > 0) await this.refresh()
        this.deliver()
        if (entries.length === 0) break
        this.#context.metrics.count('entries_repaired', undefined, entries.length)
      }
    } catch {
      // The store is not to be had: the next entry, the bus or the sweep asks again.
      this.#context.metrics.count('repairs_failed')
    }
    const isWanted = (this.#repair as string) === 'again'
    this.#repair = 'none'
    if (isWanted && (this.#ahead.size > 0 || this.#acks.length > 0)) this.#planRepair()
  }

  /** Reads row and roles anew: the document may have come into being, or have changed, on another relay. */
  async refresh(): Promise<void> {
    const status = await this.readStatus()
    if (status === null) return
    if (status.deleted) {
      this.end('DELETED')
      return
    }
    this.observe(status)
    if (status.mode === 'shared-key') return
    for (const subscription of this.subscriptions) {
      subscription.role = await this.#context.store.roleOf(this.id, subscription.peer.device)
    }
  }

  /** Compares with the store what may have been missed; a log that lost what was delivered ends every subscription. */
  async compare(status: DocumentStatus | null): Promise<void> {
    if (this.isEnded || !this.#isStarted) return
    if (status === null) {
      if (this.document !== null) this.end('UNAVAILABLE')
    } else if (status.deleted) this.end('DELETED')
    else if (status.head.seq < this.#last) this.end('UNAVAILABLE')
    else if (this.document === null) {
      await this.refresh()
      this.#planRepair()
    } else this.observe(status)
  }

  /** Takes a message of another relay. */
  receive(message: BusMessage): void {
    const now = this.#context.clock.monotonic()
    switch (message.kind) {
      case 'entries':
        if (this.document === null) this.#planRepair()
        else {
          for (let i = 0; i < message.envelopes.length; i++) {
            this.offer(message.seq + i, (message.envelopes[i] as Envelope).bytes, null)
          }
        }
        break
      case 'head':
        if (message.seq > this.#lastReady()) this.#planRepair()
        break
      case 'awareness':
        if (message.envelope.counter > this.presence.counterOf(message.envelope)) {
          const frame = new Uint8Array(1 + message.envelope.bytes.length)
          frame[0] = AWARENESS_TYPE
          frame.set(message.envelope.bytes, 1)
          this.presence.show(message.envelope, frame, null, now)
          this.#broadcast(frame, null)
        }
        break
      case 'gone':
        if (this.presence.remove(message.device, message.session)) this.#sendGone(message, null)
        break
      case 'deleted':
      case 'access':
        void this.refresh().catch(() => this.#context.metrics.count('repairs_failed'))
        break
    }
    this.deliver()
  }

  /** Shows an awareness state to the document's other readers, as it came. [FR10] */
  showAwareness(envelope: Envelope, frame: Bytes, from: Subscription): void {
    this.presence.show(envelope, frame, from, this.#context.clock.monotonic())
    this.#broadcast(frame, from)
    if (this.#context.bus.isAlone !== true) this.#context.bus.publish(this.id, awarenessMessage(frame))
  }

  #broadcast(frame: Bytes, except: Subscription | null): void {
    const now = this.#context.clock.now()
    for (const subscription of this.subscriptions) {
      if (subscription !== except && subscription.state === 'live' && subscription.mayRead(now))
        subscription.peer.send(frame)
    }
  }

  #sendGone({ device, session }: GoneSession, except: Subscription | null): void {
    this.#broadcast(encodeRelayFrame({ type: 'gone', document: this.id, device, session }), except)
  }

  /** Takes a subscription off and tells the others which sessions went with it. */
  remove(subscription: Subscription): void {
    if (!this.subscriptions.delete(subscription)) return
    subscription.state = 'ended'
    for (const gone of this.presence.leave(subscription)) {
      this.#sendGone(gone, subscription)
      if (this.#context.bus.isAlone !== true) this.#context.bus.publish(this.id, goneMessage(gone.device, gone.session))
    }
  }

  /** Ends the hub: every subscriber is told CLOSED. [FR12] */
  end(code: RefusalCode): void {
    if (this.isEnded) return
    this.isEnded = true
    this.endedWith = code
    const retryAfterMs = code === 'UNAVAILABLE' ? this.#context.limits.retryAfterMs : 0
    const frame = encodeRelayFrame({ type: 'closed', document: this.id, code: REFUSALS[code].number, retryAfterMs })
    for (const subscription of this.subscriptions) {
      const isLive = subscription.state === 'live'
      subscription.state = 'ended'
      // An opening under way is answered by itself.
      if (!isLive) continue
      subscription.peer.send(frame)
      subscription.peer.dropped(subscription, code)
    }
    this.subscriptions.clear()
    // Committed before the end, so acknowledged after it.
    for (const ack of this.#acks) ack.subscription.peer.send(ack.frame)
    this.#acks = []
  }

  /** This relay deleted the document. */
  deleted(): void {
    this.end('DELETED')
    if (this.#context.bus.isAlone !== true) this.#context.bus.publish(this.id, deletedMessage())
  }

  /** What falls due with time: HEAD while the document changes, fading presence. */
  tick(nowMs: number): void {
    const { limits } = this.#context
    if (nowMs >= this.#nextFadeMs && !this.presence.isEmpty) {
      this.#nextFadeMs = nowMs + 1000
      this.presence.fade(nowMs)
    }
    if (this.#last <= this.#headSentSeq || nowMs < this.#headSentAtMs + limits.headIntervalMs) return
    this.#headSentAtMs = nowMs
    this.#headSentSeq = this.#last
    void this.#sendHead()
  }

  /** Sends a signed head to all who read. [FR11] */
  async #sendHead(): Promise<void> {
    const { seq } = this.head
    let { transcript } = this.head
    if (transcript === null) {
      transcript = await this.#context.store.transcriptAt(this.id, seq).catch(() => null)
      if (transcript === null) return
      if (seq === this.#last) this.#transcript = transcript
    }
    const head = signHead(this.#context.headKey, this.id, { seq, transcript })
    this.#broadcast(encodeRelayFrame({ type: 'head', document: this.id, head }), null)
  }
}

const AWARENESS_TYPE = 0x08

function createRun(entries: readonly LiveEntry[], pageBytes: number): Run {
  let frames: readonly Bytes[] | null = null
  return {
    entries,
    first: (entries[0] as LiveEntry).seq,
    last: (entries.at(-1) as LiveEntry).seq,
    frames: () => (frames ??= entriesToFrames(entries, pageBytes)),
  }
}
