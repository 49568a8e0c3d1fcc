/**
 * One open document on this relay: who listens to it, and what goes out to them. Entries come from this relay's appends, from the bus
 * and, where something is missing, from the store. Rules FR8, FR10–FR12, BU1–BU3.
 *
 * @module
 */
import { encodeRelayFrame, equalBytes, REFUSALS, type Bytes, type Envelope, type RefusalCode } from '@y-sealed/protocol'

import { Access } from './access.ts'
import { accessMessage, deletedMessage, type BusMessage } from './bus-message.ts'
import { CompactionHints } from './compaction.ts'
import type { Context } from './context.ts'
import { Delivery, type Batch, type WaitingAck } from './delivery.ts'
import { DocumentMembers } from './document-members.ts'
import { createRun, type LiveEntry } from './entry-frames.ts'
import { HeadNews } from './head-news.ts'
import type { RelayLimits } from './limits.ts'
import { LogSize } from './log-size.ts'
import { documentAfter, documentMade, readDocument, type OpenDocument } from './open-document.ts'
import { isSameId } from './open-documents.ts'
import type { Creation, DocumentStatus, Head, RecordEffect } from './ports.ts'
import { PresenceNews } from './presence-news.ts'
import { Presence } from './presence.ts'
import { publishRun } from './publish-run.ts'
import { cutAtRecords, isChange } from './record-cuts.ts'
import { effectOfStored } from './record-effect.ts'
import { Repair } from './repair.ts'
import { RestoreTurns } from './restore-turns.ts'
import { Subscribers } from './subscribers.ts'
import type { Subscription } from './subscription.ts'
import { tellRelays } from './tell-relays.ts'

export class Hub {
  readonly id: Bytes
  /** As maps have it. */
  readonly key: string
  readonly subscribers: Subscribers
  readonly presence: Presence
  readonly presenceNews: PresenceNews
  readonly access: Access
  readonly members: DocumentMembers
  readonly compaction: CompactionHints
  readonly logSize: LogSize
  readonly restores: RestoreTurns = new RestoreTurns()
  /** `null` while the document does not exist. */
  document: OpenDocument | null = null
  /** Openings and appends under way: while there are any, the hub stays. */
  holds = 0
  /** Seq up to which every record has done its work: {@link Hub.lastSeq}, but for what is about to be sent. */
  lastSent = 0
  isEnded = false
  /** Why it ended, for openings that were under way. */
  endedWith: RefusalCode = 'UNAVAILABLE'
  readonly #context: Context
  readonly #delivery = new Delivery()
  readonly #repair: Repair
  /** Of records that this relay appended and has not delivered yet, by seq. */
  readonly #effects = new Map<number, RecordEffect>()
  #refreshing: Promise<void> | null = null
  #isStale = false
  #isStarted = false
  readonly #heads: HeadNews

  constructor(id: Bytes, key: string, context: Context) {
    this.id = id
    this.key = key
    this.#context = context
    this.subscribers = new Subscribers(context.clock)
    this.presence = new Presence(context.limits.awarenessTtlMs)
    this.presenceNews = new PresenceNews(context, id, this.presence, this.subscribers)
    this.members = new DocumentMembers(context, id)
    this.compaction = new CompactionHints(context.limits)
    this.logSize = new LogSize(context.limits)
    this.access = new Access(context, id, this.subscribers, (subscription) => this.#dismiss(subscription))
    this.#repair = new Repair({
      context,
      document: id,
      delivery: this.#delivery,
      prepare: async () => {
        if (this.document === null) await this.refresh()
      },
      deliver: () => this.deliver(),
      isEnded: () => this.isEnded,
    })
    this.#heads = new HeadNews(context, id, this.#delivery, (frame) => this.subscribers.tell(frame))
  }

  get limits(): RelayLimits {
    return this.#context.limits
  }

  /** Seq of the newest entry that this relay has delivered. */
  get lastSeq(): number {
    return this.#delivery.last
  }

  /**
   * Subscribes to the bus, then reads the row, so that nothing falls between. Gives the row, for the first opening.
   * Rejects when the store or the bus does.
   */
  async start(): Promise<DocumentStatus | null> {
    await this.#context.bus.subscribe(this.id)
    const status = await this.readStatus()
    if (status !== null && !status.deleted) await this.#note(status)
    if (status !== null) this.#measure(status)
    this.#isStarted = true
    this.#delivery.start(status?.head ?? null)
    this.#heads.begin()
    this.lastSent = this.#delivery.last
    this.deliver()
    return status
  }

  async readStatus(): Promise<DocumentStatus | null> {
    return (await this.#context.store.status([this.id]))[0] ?? null
  }

  /** Takes note of a row just read. What it has beyond what was delivered is looked for. */
  async observe(status: DocumentStatus): Promise<void> {
    if (status.deleted) {
      this.end('DELETED')
      return
    }
    // Roles before the document: from then on it is delivered to whoever may read.
    if (this.document === null && status.mode === 'members') await this.access.read()
    await this.#note(status)
    this.#measure(status)
    if (status.head.seq > this.#delivery.last) this.#planRepair()
  }

  #measure(status: DocumentStatus): void {
    this.logSize.measure(status)
    this.compaction.reset(status.snapshots)
  }

  /** A snapshot was published here, or bodies were trimmed: how much the log holds is asked anew. Never rejects. */
  async remeasure(): Promise<void> {
    try {
      const status = await this.readStatus()
      if (status !== null && !status.deleted) this.#measure(status)
    } catch {
      this.#context.metrics.count('refreshes_failed')
    }
  }

  /** Keeps a row, unless what is known is newer. */
  async #note(status: DocumentStatus): Promise<void> {
    const known = this.document
    if (known !== null && known.recordSeq >= status.recordSeq) return
    const read = await readDocument(this.#context.store, this.id, status)
    if ((this.document?.recordSeq ?? 0) < status.recordSeq) this.document = read
  }

  /** Reads row and roles anew: something has changed on another relay. Never rejects. */
  async refresh(): Promise<void> {
    this.#isStale = true
    this.#refreshing ??= this.#refreshAll().finally(() => (this.#refreshing = null))
    return this.#refreshing
  }

  async #refreshAll(): Promise<void> {
    while (this.#isStale && !this.isEnded) {
      this.#isStale = false
      try {
        const status = await this.readStatus()
        if (status === null) return
        await this.observe(status)
        if (status.mode === 'members') await this.access.recheck(() => this.#repair.catchUp())
      } catch {
        this.#context.metrics.count('refreshes_failed')
      }
    }
  }

  /** The document came into being here. */
  created(creation: Creation): void {
    this.document = documentMade(creation)
    for (const subscription of this.subscribers) {
      const own = creation.roles.find(({ device }) => isSameId(device, subscription.peer.device))
      subscription.role = own?.role ?? 'none'
    }
  }

  /** Takes entries that this relay has appended, a record with its effect. Nothing is sent before {@link Hub.deliver}. */
  appended(entries: readonly LiveEntry[], head: Head, effect?: RecordEffect): void {
    const [first] = entries
    if (effect !== undefined && first !== undefined && first.seq > this.#delivery.last) {
      this.#effects.set(first.seq, effect)
    }
    for (const entry of entries) {
      this.logSize.grow(entry.envelope.length)
      this.compaction.grow(entry.envelope.length)
      this.#delivery.offer(entry)
    }
    this.#delivery.noteHead(head)
    if (this.#delivery.isBehind) this.#planRepair()
  }

  /** Takes an ACK, to be sent when delivery has come so far. */
  acknowledge(ack: WaitingAck): void {
    if (this.isEnded) {
      ack.subscription.peer.send(ack.frame)
      return
    }
    this.#delivery.acknowledge(ack)
    if (ack.through > this.#delivery.last) this.#planRepair()
  }

  /** Something may have been stored of which nobody told: it is looked for. */
  expectMore(): void {
    this.#planRepair()
  }

  /** Sends what is ready, once, in order: ENTRIES to everybody else, ACKs to the authors. [FR8] */
  deliver(): void {
    const batch = this.isEnded ? null : this.#delivery.take()
    if (batch === null) return
    for (const part of cutAtRecords(batch)) {
      this.#send(part)
      const last = part.entries.at(-1)
      if (last === undefined) continue
      this.lastSent = last.seq
      if (isChange(last)) this.#takeRecord(last)
    }
  }

  #send(batch: Batch): void {
    const now = this.#context.clock.now()
    const run = batch.entries.length === 0 ? null : createRun(batch.entries, this.limits.pageBytes)
    if (run !== null) {
      for (const subscription of this.subscribers) {
        if (!batch.acks.has(subscription)) subscription.deliver(run, now)
      }
      publishRun(this.#context, this.id, run)
      this.#context.metrics.count('entries_delivered', undefined, run.entries.length)
    }
    for (const [subscription, acks] of batch.acks) subscription.deliverMixed(run, acks, now)
  }

  /** A record has gone out: from here on it is in force for whoever listens. [AU13] */
  #takeRecord({ seq, envelope }: LiveEntry): void {
    const { document } = this
    if (document === null) return
    const own = this.#effects.get(seq)
    this.#effects.delete(seq)
    const effect = own ?? effectOfStored(this.#context.sha512, envelope, document.epoch)
    if (effect === null) return
    this.document = documentAfter(document, effect, seq)
    this.access.apply(effect)
    // What another relay stored says less than what was judged here.
    if (own === undefined) void this.refresh()
    const one = own?.roles[0]?.device ?? own?.links?.[0]?.link
    if (one !== undefined) tellRelays(this.#context, this.id, () => accessMessage(one))
  }

  #planRepair(): void {
    if (this.#isStarted && !this.isEnded) this.#repair.plan()
  }

  /** Compares with the store what may have been missed; a log that lost what was delivered ends every subscription. */
  async compare(status: DocumentStatus | null): Promise<void> {
    if (this.isEnded || !this.#isStarted) return
    if (this.#isLost(status)) this.end('UNAVAILABLE')
    else if (status !== null) await this.observe(status)
  }

  #isLost(status: DocumentStatus | null): boolean {
    if (status === null) return this.document !== null
    if (status.deleted) return false
    const { last, transcript } = this.#delivery
    if (status.head.seq !== last) return status.head.seq < last
    return last > 0 && transcript !== null && !equalBytes(transcript, status.head.transcript)
  }

  /** Takes a message of another relay. */
  receive(message: BusMessage): void {
    switch (message.kind) {
      case 'entries':
        this.#receiveEntries(message.seq, message.envelopes)
        break
      case 'head':
        if (message.seq > this.#delivery.last) this.#planRepair()
        break
      case 'awareness':
        this.presenceNews.receive(message.envelope)
        break
      case 'gone':
        this.presenceNews.receiveGone(message)
        break
      case 'deleted':
      case 'access':
        void this.refresh()
        break
    }
  }

  #receiveEntries(seq: number, envelopes: readonly Envelope[]): void {
    if (envelopes.some((envelope) => !isSameId(envelope.document, this.id))) return
    if (this.document === null) {
      this.#planRepair()
      return
    }
    for (let i = 0; i < envelopes.length; i++) {
      this.#delivery.offer({ seq: seq + i, envelope: (envelopes[i] as Envelope).bytes, author: null })
    }
    if (this.#delivery.isBehind) this.#planRepair()
    this.deliver()
  }

  /** Takes a subscription off and tells the others which sessions went with it. */
  remove(subscription: Subscription): void {
    if (this.subscribers.remove(subscription)) this.presenceNews.withdraw(subscription)
  }

  /** A device or a link that is nobody's any more. [AU13] */
  #dismiss(subscription: Subscription): void {
    this.remove(subscription)
    const code = REFUSALS.FORBIDDEN.number
    subscription.peer.send(encodeRelayFrame({ type: 'closed', document: this.id, code, retryAfterMs: 0 }))
    subscription.peer.dropped(subscription, 'FORBIDDEN')
  }

  /** Ends the hub: every subscriber is told CLOSED; an OPEN under way is answered by itself. [FR12] */
  end(code: RefusalCode): void {
    if (this.isEnded) return
    this.isEnded = true
    this.endedWith = code
    const subscriptions = this.subscribers.takeAll()
    // Committed before the end, so acknowledged before it.
    for (const ack of this.#delivery.takeAllAcks()) ack.subscription.peer.send(ack.frame)
    const retryAfterMs = code === 'UNAVAILABLE' ? this.#context.limits.retryAfterMs : 0
    const frame = encodeRelayFrame({ type: 'closed', document: this.id, code: REFUSALS[code].number, retryAfterMs })
    for (const subscription of subscriptions) {
      const isLive = subscription.state === 'live'
      subscription.end()
      if (!isLive) continue
      subscription.peer.send(frame)
      subscription.peer.dropped(subscription, code)
    }
  }

  /** Signs for everything that was delivered: this relay is about to go. */
  async tellHead(): Promise<void> {
    if (!this.isEnded) await this.#heads.tell()
  }

  /** This relay deleted the document. */
  deleted(): void {
    this.end('DELETED')
    tellRelays(this.#context, this.id, deletedMessage)
  }

  /** What falls due with time (monotonic): HEAD while the document changes, fading presence, groups left unfinished. */
  tick(nowMs: number): void {
    this.access.expire()
    for (const { parts } of this.subscribers) parts.expire(nowMs - this.#context.limits.groupIdleMs)
    this.presence.tick(nowMs)
    this.#heads.tick(nowMs)
  }
}
