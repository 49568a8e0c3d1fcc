/**
 * From local edits to acknowledged entries: merges, binds client ids, seals in order, keeps what is not acknowledged and sends it again
 * until it is. Nothing leaves that another client would have to refuse. Rules CL5, CL6, FR9, LO8.
 *
 * @module
 */
import { equalBytes, KIND, type AckFrame, type Bytes, type Envelope, type NackFrame } from '@y-sealed/protocol'
import { randomBytes, type Session } from '@y-sealed/protocol/sealing'
import { encodeStateAsUpdateV2 } from 'yjs'
import { EditBook } from '../drafts/edit-book.ts'
import type { TypedUpdate } from '../drafts/draft.ts'
import type { SetAsideList } from '../drafts/set-aside-list.ts'
import { draftDocument, othersIn } from '../drafts/whole-draft.ts'
import type { LogEntry, LogOutcome } from '../log/document-log.ts'
import { monotonicClock, startTimer, type Cancel } from '../platform.ts'
import type { BoundClient } from '../yjs/log-state.ts'
import { extendedClients } from '../yjs/outgoing.ts'
import { Binds } from './binds.ts'
import { cutUpdate } from './cut-update.ts'
import { FoundDocument } from './found-document.ts'
import { InheritedEntries } from './inherited-entries.ts'
import { OutboxKeeper } from './outbox-keeper.ts'
import { OwnClients } from './own-clients.ts'
import { RefusedPushes } from './refused-pushes.ts'
import { Resealing } from './resealing.ts'
import { SendBrake } from './send-brake.ts'
import { Sealer } from './sealer.ts'
import type { SenderOptions } from './sender-options.ts'
import { SendQueue, type QueuedEntry } from './send-queue.ts'
import { claimedNow, UnsealedEdits } from './unsealed-edits.ts'

/** Edits within this time of one that left are merged with each other. [CL5] */
export const MERGE_WINDOW_MS = 30

export class Sender {
  readonly #options: SenderOptions
  readonly #sealer: Sealer
  readonly #edits: UnsealedEdits
  /** Sealed and not yet in the log, in order. */
  readonly #queue = new SendQueue()
  readonly #inherited: InheritedEntries
  readonly #binds: Binds
  readonly #own: OwnClients
  readonly #found: FoundDocument
  readonly #book: EditBook
  #ready = false
  /** What the device has kept of the log is read: only then is it known how far the log has a client that is another's. */
  #isLoaded = false
  #lastSealedAt = -Infinity
  #mergeTimer: Cancel | null = null
  readonly #brake: SendBrake
  readonly #keeper: OutboxKeeper
  readonly #resealing: Resealing
  readonly #refused: RefusedPushes

  constructor(options: SenderOptions) {
    this.#options = options
    this.#sealer = new Sealer({ ...options, queue: this.#queue, isReady: () => this.#ready })
    this.#brake = new SendBrake(options.refresh)
    this.#own = new OwnClients(options.doc, options.typedClocks)
    this.#keeper = new OutboxKeeper({
      outbox: options.outbox,
      oldest: (session) => this.#queue.firstCounter(session),
      onProblem: options.onProblem,
      onTaken: () => this.#resealing.sessionTaken(),
      onKept: options.onChange,
      whenKept: async () => {
        await options.whenKept()
        await this.#book.whenKept()
      },
      whenAsideKept: () => this.#book.setAside.whenWritten(),
    })
    this.#book = new EditBook({
      ...options,
      onKept: options.onChange,
      onShown: (edit) => this.#takeShown(edit),
      heirOf: (client) => this.#binds.heirOf(client),
      clockOf: (client) => options.log.state.clockOf(client),
    })
    this.#binds = new Binds({
      ...options,
      session: () => this.session,
      ownClient: () => options.doc.clientID,
      maySeal: () => this.#sealer.maySeal,
      seal: (content) => {
        this.#keeper.put(this.#sealer.seal(KIND.bind, content, 0))
        this.#pump()
      },
    })
    this.#edits = new UnsealedEdits({
      doc: options.doc,
      device: options.device.id,
      state: () => options.log.state,
      typedClocks: options.typedClocks,
      bind: (clients) => this.#bindAll(clients),
      onProblem: options.onProblem,
      onSetAside: (code, content) => this.#book.putAside(code, content, claimedNow()),
    })
    this.#found = new FoundDocument({
      ...options,
      session: () => this.session,
      own: this.#own,
      edits: this.#edits,
      book: this.#book,
    })
    this.#inherited = new InheritedEntries({
      ...options,
      queue: this.#queue,
      book: this.#book,
      edits: this.#edits,
      keeper: this.#keeper,
      binds: this.#binds,
      deviceId: options.device.id,
      lookFor: (clients) => {
        this.#own.add(clients)
        this.#edits.startOver(this.#own.has)
      },
      takeBack: (reason, edits) => this.#takeBack(reason, edits),
    })
    this.#resealing = new Resealing({
      ...options,
      sealer: this.#sealer,
      queue: this.#queue,
      inherited: this.#inherited,
      binds: this.#binds,
      keeper: this.#keeper,
      book: this.#book,
      brake: this.#brake,
      pump: () => this.#pump(),
      flush: () => this.flush(),
    })
    this.#refused = new RefusedPushes({
      ...options,
      queue: this.#queue,
      brake: this.#brake,
      book: this.#book,
      isReady: () => this.#ready,
      reseal: () => this.#resealing.reseal(),
      rekey: () => this.rekey(),
      pump: () => this.#pump(),
    })
  }

  /** What can never leave. [CL15] */
  get setAside(): SetAsideList {
    return this.#book.setAside
  }

  get session(): Session {
    return this.#sealer.session
  }

  /** Local edits that are not both acknowledged and counted. [CL6] */
  get unsaved(): number {
    return this.#edits.count + this.#queue.edits + this.#book.hidden
  }

  /** All of it would survive a crash of this device. [CL14] */
  get isKept(): boolean {
    return this.#book.isKept && this.#keeper.isKept
  }

  /** Something of it is on its way to the relay and has not left. */
  get isBusy(): boolean {
    return !this.#edits.isEmpty || this.#queue.hasWaiting
  }

  /** Takes back what an earlier run did not see acknowledged, sealed or not. Call once, before anything is shown. */
  restore(): Promise<void> {
    return this.#inherited.restore()
  }

  /** Takes over what tabs that have gone since have left. */
  async #adopt(): Promise<void> {
    if (!(await this.#inherited.adopt())) return
    this.#book.show()
    this.#options.onChange()
    this.flush()
    this.#pump()
  }

  /** Takes the state that the document had before this run, once what the device has kept of the log is read. */
  takeFound(state: Bytes): void {
    this.#found.take(state)
    this.#options.onChange()
  }

  /** What the device has kept is in the document: own edits that lean on it are shown. */
  loaded(): void {
    this.#isLoaded = true
    this.#inherited.settleTaken()
    this.#book.show()
    this.#options.onChange()
  }

  /** Takes a local edit (Yjs V2). The first after a pause leaves at once, those that follow within 30 ms together. */
  take(update: Bytes): void {
    const edit = { update, authored: claimedNow() }
    this.#edits.take(update, edit.authored)
    this.#book.note(edit)
    this.#options.onChange()
    if (!this.#ready) return this.#book.writeDown()
    if (this.#mergeTimer !== null) return
    const wait = this.#lastSealedAt + MERGE_WINDOW_MS - monotonicClock()
    if (wait <= 0) this.flush()
    else this.#mergeTimer = startTimer(wait, () => this.flush())
  }

  /** Learns that the document changed while nothing may leave: should that ever change, the difference is found by comparing. */
  skip(update: Bytes): void {
    if (this.#edits.skip(update)) this.#options.onChange()
  }

  /** The log is read up to the relay's head and the device may write: everything that waits leaves. */
  opened(): void {
    this.#ready = true
    this.#inherited.settleTaken()
    this.#inherited.settleBehind()
    this.#inherited.settleLost()
    this.#book.show()
    if (this.#book.hidden > 0) {
      const message =
        "edits of an earlier run lean on some that have not come, another tab's say: they are kept until then"
      this.#options.onProblem({ code: 'DEPENDS_ON_UNSENT', message })
    }
    this.#found.opened()
    this.#edits.gather()
    this.#brake.allowed()
    this.#brake.release()
    this.#queue.rewind()
    this.rekey()
    void this.#adopt()
  }

  /**
   * The log has come further, and with it perhaps another epoch: what was sealed under the one before, and did not come into the log, goes
   * out sealed anew, as soon as there is a key to seal under. [CL10] [KM18]
   */
  rekey(): void {
    // A first key may have come.
    this.#book.writeDown()
    if (!this.#sealer.maySeal) return
    this.#resealing.catchUp()
    this.flush()
    this.#pump()
  }

  /** The log has gone back: what is queued, and what the log had of this device, goes out anew, under a session that nothing stands in. [LO14] */
  startOver(): void {
    this.#resealing.logWentBack()
    this.#edits.startOver(this.#own.has)
    this.#keepLost()
    this.#options.onChange()
  }

  /** What waits to be written anew would end with this run. */
  #keepLost(): void {
    const { lost } = this.#edits
    if (lost !== null) this.#book.keep(lost)
  }

  /**
   * The storage was thrown away: what is on its way is stored once more, and, where edits may be made at all, the document with what it shows: until
   * the log is kept again, the next run has nothing else that edits can lean on. Resolves when all of it would survive a crash.
   */
  async storeAnew(mayWrite: boolean): Promise<void> {
    for (const { envelope, copies } of this.#queue.select(() => true)) {
      for (const each of [...copies, envelope]) this.#keeper.put(each)
    }
    if (mayWrite || this.unsaved > 0) {
      const { doc, log, device } = this.#options
      this.#own.learn(log.state.boundClients(), device.id)
      const state = encodeStateAsUpdateV2(doc) as Bytes
      const draft = draftDocument(state, claimedNow(), (client) => !this.#own.mayBe(client))
      // What of others the log does not bring again is not this device's to send.
      this.#edits.holdsOthers(this.#own.mayBe)
      this.#book.keepDocument(draft)
    }
    this.#book.writeAnew()
    await Promise.all([this.#book.whenKept(), this.#keeper.whenPut()])
  }

  /** Others' entries have come: what hung on them may leave. */
  retry(): void {
    if (this.#isLoaded && this.#book.hidden > 0) this.#book.show()
    this.#edits.grown()
    if (this.#book.letGo() && this.#edits.isEmpty) void this.#dropOnceKept(this.#book.release())
    if (this.#ready && !this.#edits.isEmpty && this.#mergeTimer === null) this.flush()
  }

  /** The socket is gone, or may not be written to. What was sent may have arrived: it is sent again. */
  closed(): void {
    this.#ready = false
    this.#clearTimers()
    this.#book.writeDown()
  }

  /** Asks for `client` to be bound to this device. True when it is. [CL2] */
  ensureBound(client: number): boolean {
    return this.#binds.ensure(client)
  }

  /** Seals everything taken so far, if the log allows it now; else it is written down. */
  flush(): void {
    this.#mergeTimer?.()
    this.#mergeTimer = null
    if (!this.#sealer.maySeal || this.#edits.isEmpty) return this.#book.writeDown()
    const released = this.#edits.release()
    if (released === null) {
      // It may have turned out that there was nothing new in them.
      if (this.#edits.isEmpty) this.#book.release()()
      else this.#book.writeDown()
      return this.#options.onChange()
    }
    const { edits } = released
    this.#lastSealedAt = monotonicClock()
    const dropDrafts = this.#book.release()
    this.#keepLost()
    const sealed = cutUpdate(released).map(({ kind, content, part }) => {
      const isLast = part === null || part.index === part.count - 1
      return this.#sealer.seal(kind, content, isLast ? edits : 0, part)
    })
    // Both are only begun here; the letter is on its way to the others before the storage is called, which takes as long as all before it.
    this.#pump()
    for (const envelope of sealed) this.#keeper.put(envelope)
    void this.#dropOnceKept(dropDrafts)
  }

  /** What is sealed may lean on entries that were read a moment ago: until those are kept as well, the next run could not show it. [CL13] */
  async #dropOnceKept(dropDrafts: () => void): Promise<void> {
    const [isStored] = await Promise.all([
      this.#keeper.whenPut(),
      this.#options.whenKept(),
      this.#book.setAside.whenWritten(),
    ])
    if (isStored) dropDrafts()
  }

  /** Resolves when every edit taken so far would survive a crash of this device, with all of the log that it leans on. [CL14] */
  async whenKept(): Promise<void> {
    this.flush()
    const leansOn = this.#options.whenKept()
    await this.#book.whenKept()
    await this.#keeper.whenPut()
    await leansOn
  }

  /** Entries of ours that are in the log by the relay's word, for it to take. [FR8] */
  acknowledge(ack: AckFrame): LogEntry[] {
    const through = ack.counter + ack.count - 1
    const entries = this.#queue.acknowledge(ack.session, ack.counter, through)
    this.#brake.stored()
    this.#refused.stored()
    this.#pump()
    return entries.map(({ envelope, content }) => ({
      seq: ack.seq + envelope.counter - ack.counter,
      envelope,
      content,
    }))
  }

  /** The queued entry that this envelope of the log is, byte for byte; `null` for everybody else's. */
  find(envelope: Envelope): QueuedEntry | null {
    if (!equalBytes(envelope.device, this.#options.device.id)) return null
    return this.#queue.find(envelope) ?? this.#inherited.findFragment(envelope)
  }

  /**
   * The log has bound clients: before it is asked which of its entries are ours, those are given up that cannot
   * count.
   */
  bound(clients: readonly BoundClient[]): void {
    this.#own.learn(clients, this.#options.device.id)
    this.#inherited.settleTaken()
  }

  /** Learns what became of an entry of ours. */
  notice(outcome: LogOutcome, entry: QueuedEntry): void {
    // Where its epoch was over it is not saved, and is to be sealed anew: until then it stays where it is. [CL10]
    if (outcome.kind === 'refused' && outcome.reason === 'epoch' && this.#queue.holdsUpTo(entry)) return
    // The log has it, be it by an ACK or, after a reconnect, before one: only now may it be forgotten.
    this.#queue.remove(entry)
    if (outcome.kind === 'refused') this.#takeBack(outcome.reason, entry.edits)
    this.#keeper.forget([entry.envelope, ...entry.copies])
    if (outcome.kind === 'bind') this.#binds.answered(outcome.client)
    this.#options.onChange()
    if (!this.#edits.isEmpty && this.#mergeTimer === null) this.flush()
  }

  /** The relay refused a PUSH of ours. [FR20] */
  refuse(nack: NackFrame): void {
    if (!equalBytes(nack.session, this.session.id) && this.#queue.oldestCounter(nack.session) === null) return
    this.#refused.take(nack)
  }

  /** A new token is in force: what the old one did not allow goes out once more. */
  refreshed(): void {
    if (!this.#brake.refreshed()) return
    this.#pump()
  }

  /** The relay lacks nothing any more: what it refused for that goes out at once. [LO14] */
  restored(): void {
    if (!this.#ready || !this.#brake.restored()) return
    this.#pump()
  }

  destroy(): void {
    this.closed()
    this.#book.close()
    this.#keeper.close()
  }

  /** An edit of an earlier run is in the document: what of it is this device's leaves. */
  #takeShown(edit: TypedUpdate): void {
    const { update, authored } = edit
    const others = othersIn(edit)
    this.#own.addOthers(others.keys())
    this.#claim(extendedClients(update).filter((client) => !others.has(client)))
    this.#edits.take(update, authored)
    if (others.size > 0) this.#edits.lookForOwn(this.#own.mayBe)
  }

  /** What bears these leaves as this device's own, though the log may go back before it has bound them. */
  #claim(clients: readonly number[]): void {
    this.#own.add(clients.filter((client) => this.#binds.takenAmong([client]) === null))
  }

  #bindAll(clients: readonly number[]): boolean {
    const taken = this.#binds.takenAmong(clients)
    if (taken === null) {
      this.#claim(clients)
      return this.#binds.ensureAll(clients)
    }
    const { doc } = this.#options
    // What is typed from now on is nobody else's; what was typed so is, once the document is opened anew. [CL14]
    if (doc.clientID === taken) doc.clientID = new DataView(randomBytes(4).buffer).getUint32(0)
    const message =
      'an edit bears a Yjs client id of another device: it is kept, and leaves under another id once the document is opened anew'
    this.#options.onProblem({ code: 'CLIENT_ID_TAKEN', message })
    return false
  }

  #pump(): void {
    if (this.#sealer.maySeal && !this.#brake.isOn) this.#queue.pump(this.#options.send)
  }

  /** An edit that does not count is not saved: it is found again by comparing, with the next edit or at the next opening. */
  #takeBack(reason: string, edits: number): void {
    this.#edits.takeBack(edits)
    if (edits > 0) this.#book.keep(this.#edits.compare())
    this.#options.onProblem({
      code: 'NOT_COUNTED',
      message: `the log does not count an edit of this device (${reason})`,
    })
  }

  #clearTimers(): void {
    this.#mergeTimer?.()
    this.#mergeTimer = null
    this.#brake.release()
  }
}
