/**
 * The Yjs provider: y-websocket's shape, so that every editor binding takes it, over a relay that can read nothing. It joins one Y.Doc to
 * one document's verified log and outbox. Rules CL5, CL6, FR5–FR9, LO6.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  SyncError,
  type AckFrame,
  type Bytes,
  type ClientFrame,
  type ClosedFrame,
  type EntriesFrame,
  type NackFrame,
  type OpenedFrame,
  type SignedHead,
} from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { ObservableV2 } from 'lib0/observable'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import type { Channel, ChannelPort, DocumentFrame, DownReason, TokenSource } from '../connection/channel.ts'
import type { RelayConnection } from '../connection/relay-connection.ts'
import type { DocumentAccess } from '../document/document-access.ts'
import { Foundation } from '../document/foundation.ts'
import { DocumentLog, type LogEntry, type LogOutcome } from '../log/document-log.ts'
import { HeadMemory } from '../log/head-memory.ts'
import { LogFollower, type LogMismatch } from '../log/follower.ts'
import { MemberDesk, type RecordMismatch } from '../members/member-desk.ts'
import { Membership, type MemberRecord } from '../members/membership.ts'
import type { Intent } from '../members/record-tools.ts'
import { createMemoryOutbox, type Outbox } from '../outbox/outbox.ts'
import { startTimer, type Cancel } from '../platform.ts'
import { awaitEvent } from './await-event.ts'
import { closedError, downReason, judgeRefusal, refusalName, REMOVED } from './down-reason.ts'
import { Presence } from './presence.ts'
import type { IntegrityReport, ProviderEvents, ProviderStatus } from './provider-events.ts'
import type { SealedProviderOptions } from './provider-options.ts'
import { RemoteGate } from './remote-gate.ts'
import type { QueuedEntry } from './send-queue.ts'
import { Sender, type SendProblem } from './sender.ts'
import { Standing } from './standing.ts'

const READ_BYTES = 262_144

type EventMap = { [K in keyof ProviderEvents]: ProviderEvents[K] }

export class SealedProvider extends ObservableV2<EventMap> {
  readonly doc: Y.Doc
  readonly awareness: Awareness
  readonly documentId: Bytes
  readonly #connection: RelayConnection
  readonly #access: DocumentAccess
  readonly #outbox: Outbox
  readonly #token: TokenSource | undefined
  readonly #heads: HeadMemory | null
  readonly #ownsAwareness: boolean
  readonly #gate: RemoteGate
  readonly #log: DocumentLog
  readonly #follower: LogFollower
  #device: Device | null = null
  #sender: Sender | null = null
  #presence: Presence | null = null
  #port: ChannelPort | null = null
  #starting: Promise<void> | null = null
  #early: Bytes[] = []
  #status: ProviderStatus = 'disconnected'
  #synced = false
  /** History is read on this opening, and edits may leave. */
  #live = false
  #shouldConnect = false
  readonly #standing: Standing
  /** As they were told last. */
  #told: { readonly role: string; readonly readOnly: boolean } = { role: 'none', readOnly: true }
  readonly #foundation: Foundation
  readonly #desk: MemberDesk | null
  #toldEpoch: number | null = null
  #halted = false
  #ended: DownReason | null = null
  #reopenTimer: Cancel | null = null
  #lastUnsynced = 0
  readonly #onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) return
    // A reader's document changes by itself too: Yjs tidies formatting after remote edits. None of that can leave.
    if (this.#live && this.readOnly) this.#sender?.skip(update as Bytes)
    else if (this.#sender) this.#sender.take(update as Bytes)
    else {
      this.#early.push(update as Bytes)
      this.#changed()
    }
  }

  constructor(options: SealedProviderOptions) {
    super()
    this.doc = options.doc
    this.awareness = options.awareness ?? new Awareness(options.doc)
    this.#ownsAwareness = options.awareness === undefined
    this.documentId = options.access.documentId
    this.#connection = options.connection
    this.#access = options.access
    this.#outbox = options.outbox ?? createMemoryOutbox()
    this.#token = options.token
    this.#heads = options.heads ? new HeadMemory(options.heads, this.documentId) : null
    this.#gate = new RemoteGate(options.doc, this)
    this.#log = new DocumentLog(options.access)
    this.#standing = new Standing(this.membership)
    this.#foundation = new Foundation(options.access, (frame) => this.#send(frame))
    this.#desk = this.membership && this.#createDesk(this.membership)
    this.#follower = new LogFollower({
      documentId: this.documentId,
      log: this.#log,
      headKey: () => options.connection.headKey,
      read: (after) => this.#send({ type: 'read', document: this.documentId, after, maxBytes: READ_BYTES }),
      onOutcomes: (outcomes) => this.#settle(outcomes),
      onCaughtUp: (isWhole) => this.#caughtUp(isWhole),
      onMismatch: (code, seq) => this.#halt(code, seq),
      onHead: (head) => this.#keepHead(head),
      onWaiting: (seq) => this.#report({ code: 'WAITING', seq, fatal: false }),
      onWithheld: (seq) => this.#report({ code: 'WITHHELD', seq, fatal: false }),
    })
    // What the document holds already may be new to the relay: the log decides when it is known.
    if (options.doc.store.clients.size > 0) this.#early.push(Y.encodeStateAsUpdateV2(options.doc) as Bytes)
    this.doc.on('updateV2', this.#onUpdate)
    this.doc.on('destroy', this.#onDocDestroy)
    if (options.connect ?? true) this.connect()
  }

  /** The Y.Doc under Hocuspocus' name. */
  get document(): Y.Doc {
    return this.doc
  }

  get status(): ProviderStatus {
    return this.#status
  }

  /** The log up to the relay's head at opening is verified, decrypted and applied. [CL6] */
  get synced(): boolean {
    return this.#synced
  }

  /** Connect, and connect again after a loss. */
  get shouldConnect(): boolean {
    return this.#shouldConnect
  }

  /** Who belongs to the document and which keys this device holds; `null` in `shared-key` mode. */
  get membership(): Membership | null {
    return this.#access instanceof Membership ? this.#access : null
  }

  /** What this device may do, by the records: `reader`, `writer`, `admin`, or `none` where roles are not known or not used. */
  get role(): string {
    return this.#standing.role
  }

  /** True when edits would be refused. */
  get readOnly(): boolean {
    return this.#standing.readOnly
  }

  /** Local edits that are not saved: the relay has not acknowledged them from disk, or they do not count yet. [CL6] */
  get unsyncedChanges(): number {
    return this.#sender?.unsaved ?? this.#early.length
  }

  /** Head of the verified log. */
  get head(): { readonly seq: number; readonly transcript: Bytes } {
    return this.#log.head
  }

  /** The newest head that the relay has signed and that fits the verified log; `null` before the first. [LO4] */
  get signedHead(): SignedHead | null {
    return this.#follower.signedHead
  }

  /** Signature checks done for this document so far. */
  get signatureChecks(): number {
    return this.#log.signatureChecks
  }

  connect(): void {
    if (this.#halted || this.#port) return
    this.#ended = null
    this.#shouldConnect = true
    this.#starting ??= this.#start()
    this.#starting
      .then(() => this.#attach())
      .catch((error: unknown) => {
        if (!this.#sender) this.#starting = null
        this.emit('connection-error', [error])
      })
  }

  /** Leaves the relay; edits are kept and sent after the next {@link connect}. */
  disconnect(): void {
    this.#shouldConnect = false
    this.#presence?.dropAll()
    this.#port?.detach()
    this.#port = null
    this.#goDown()
  }

  override destroy(): void {
    this.doc.off('updateV2', this.#onUpdate)
    this.doc.off('destroy', this.#onDocDestroy)
    this.#presence?.destroy()
    // It has a timer of its own, which would keep a process alive.
    if (this.#ownsAwareness) this.awareness.destroy()
    this.disconnect()
    this.#sender?.destroy()
    this.#desk?.end('OFFLINE', 'the provider was destroyed before the members were changed')
    super.destroy()
  }

  /** Sends what waits now instead of within 30 ms, and resolves as {@link whenSaved}. */
  flush(): Promise<void> {
    this.#sender?.flush()
    return this.whenSaved()
  }

  /** Resolves when every edit made so far is saved: acknowledged from disk, and counting. Never rejects: offline, it waits. */
  whenSaved(): Promise<void> {
    if (this.unsyncedChanges === 0) return Promise.resolve()
    return new Promise((resolve) => this.once('saved', resolve))
  }

  /** Resolves when {@link synced} is true; rejects with the reason when the provider is closed for good before. */
  whenSynced(): Promise<void> {
    if (this.#synced) return Promise.resolve()
    return awaitEvent(this, {
      synced: (synced) => synced === true,
      closed: (reason) => closedError(reason as DownReason),
    })
  }

  /** Remote edits wait from now on (an input method composes); local ones still leave. */
  holdRemote(): void {
    this.#gate.hold()
  }

  /** Applies what waited, in one transaction, and goes on. */
  releaseRemote(): void {
    this.#gate.release()
  }

  /**
   * Makes the change that `intent` says, as a record of the member log. Resolves with it once the relay has it on disk and it counts, and
   * with `null` where there was nothing to do; offline it waits. Where somebody else was faster, `intent` is asked again. Rejects with
   * `LAST_ADMIN`, `FORBIDDEN`, `KEY_MISSING` and the like where the change cannot be, with the relay's refusal, with why the document was
   * closed for good, and with `OFFLINE` when the provider is destroyed before. [CL10]
   */
  changeMembers(intent: Intent): Promise<MemberRecord | null> {
    if (this.#desk === null) {
      return Promise.reject(new SyncError('UNSUPPORTED', 'a document with a shared key has no members'))
    }
    return this.#ended === null ? this.#desk.change(intent) : Promise.reject(closedError(this.#ended))
  }

  /** Deletes the document for everybody, for ever. Resolves when the relay has; rejects with the refusal, or `OFFLINE`. */
  deleteDocument(): Promise<void> {
    if (!this.#send({ type: 'delete', document: this.documentId })) {
      return Promise.reject(new SyncError('OFFLINE', 'the document is not open at the relay'))
    }
    return awaitEvent(this, {
      deleted: () => true,
      requestRefused: (refusal) => new SyncError((refusal as SendProblem).code, (refusal as SendProblem).message),
    })
  }

  readonly #onDocDestroy = (): void => this.destroy()

  async #start(): Promise<void> {
    const device = await this.#connection.device
    this.#device = device
    const sender = new Sender({
      doc: this.doc,
      access: this.#access,
      device,
      log: this.#log,
      outbox: this.#outbox,
      send: (frame) => this.#send(frame),
      reopen: () => this.#port?.reopen(),
      onChange: () => this.#changed(),
      onProblem: (problem) => this.emit('problem', [problem]),
    })
    await sender.restore()
    const known = (await this.#heads?.recall()) ?? null
    if (known !== null) this.#follower.remember(known)
    this.#sender = sender
    for (const update of this.#early.splice(0)) sender.take(update)
    this.#presence = this.#createPresence(device, sender)
  }

  #createDesk(membership: Membership): MemberDesk {
    return new MemberDesk({
      membership,
      seen: () => this.#log.head,
      send: (frame) => this.#send(frame),
      reopen: () => this.#port?.reopen(),
      refresh: () => this.#port?.refresh(),
      mayChange: () => this.#standing.permits('members'),
      onRefused: ({ seq, reason }) =>
        this.#report({ code: 'ENTRY_REFUSED', seq, reason: 'record', record: reason, fatal: false }),
      onMismatch: (code) => this.#halt(code, membership.recordSeq),
      onMissingKeys: (epochs) =>
        this.emit('problem', [
          {
            code: 'KEY_MISSING',
            message: `no usable key for epochs ${epochs.join(', ')}: a member has to give it again`,
          },
        ]),
      onStoreFailed: (error) => this.emit('connection-error', [error]),
    })
  }

  #createPresence(device: Device, sender: Sender): Presence {
    return new Presence({
      awareness: this.awareness,
      access: this.#access,
      device,
      log: this.#log,
      session: () => sender.session,
      send: (frame) => this.#live && this.#standing.permits('awareness') && this.#send(frame),
      mayShow: (client) => this.#live && (this.readOnly || sender.ensureBound(client)),
      signedHead: () => this.#follower.signedHead,
      onHead: (head) => this.#follower.learnHead(head, 'peer'),
      onProblem: (problem) => this.emit('problem', [problem]),
      origin: this,
    })
  }

  #keepHead(head: SignedHead): void {
    this.#heads?.keep(head).catch((error: unknown) => this.emit('connection-error', [error]))
  }

  #attach(): void {
    if (!this.#shouldConnect || this.#port || this.#halted) return
    const channel: Channel = {
      documentId: this.documentId,
      token: this.#token,
      cursor: () => ({ ...this.#log.head, recordHead: this.membership?.recordHead ?? this.#log.genesisId }),
      receive: (frame) => this.#receive(frame),
      dialling: () => this.#setStatus('connecting'),
      down: (reason) => this.#down(reason),
    }
    this.#port = this.#connection.attach(channel)
  }

  #send(frame: ClientFrame): boolean {
    return this.#port?.send(frame) ?? false
  }

  #receive(frame: DocumentFrame): void {
    switch (frame.type) {
      case 'opened':
        return this.#opened(frame)
      case 'entries':
        return this.#follower.offer(entriesOf(frame))
      case 'read-done':
        return this.#follower.readDone(frame.through >= frame.headSeq)
      case 'lagged':
        return this.#follower.lagged()
      case 'ack':
        return this.#acknowledged(frame)
      case 'nack':
        return this.#refused(frame)
      case 'awareness':
        return this.#presence?.receive(frame.envelope)
      case 'gone':
        return this.#presence?.drop(frame)
      case 'head':
        return this.#follower.learnHead(frame.head, 'relay')
      case 'refreshed':
        this.#standing.grant(frame)
        this.#desk?.refreshed()
        return this.#updateRights()
      case 'closed':
        return this.#closedByRelay(frame)
      case 'records':
        this.#desk?.take(frame)
        return this.#followMembers()
      case 'ids':
      case 'snapshot-chunk':
      case 'snapshot-taken':
      case 'restored':
        return
    }
  }

  #opened(frame: OpenedFrame): void {
    this.#pause()
    this.#standing.grant(frame)
    this.#updateRights()
    this.#setStatus('connected')
    this.#follower.opened(frame)
    if (frame.present || this.#halted || (this.#device && this.#foundation.lay(this.#device))) return
    this.#down(downReason('UNKNOWN_DOCUMENT', 'the relay knows no such document'))
  }

  #settle(outcomes: readonly LogOutcome[]): void {
    const updates: Bytes[] = []
    const own: (readonly [LogOutcome, QueuedEntry])[] = []
    for (const outcome of outcomes) {
      const entry = this.#sender?.find(outcome.envelope) ?? null
      // What this run sealed is in the document already.
      if (outcome.kind === 'update' && (entry === null || entry.restored)) updates.push(outcome.update)
      if (outcome.kind === 'refused') {
        const { seq, reason, record } = outcome
        this.#report({ code: 'ENTRY_REFUSED', seq, reason, ...(record ? { record } : {}), fatal: false })
      }
      if (entry) own.push([outcome, entry])
    }
    this.#gate.apply(updates)
    for (const [outcome, entry] of own) this.#sender?.notice(outcome, entry)
    if (own.some(([outcome]) => outcome.kind === 'bind')) this.#presence?.announce()
    this.#followMembers()
  }

  /** Records have come, ahead of the log or in it: who may do what, and under which key, may be different now. */
  #followMembers(): void {
    const membership = this.membership
    if (membership === null || this.#desk === null || this.#halted) return
    this.#desk.advance()
    if (membership.isRemoved) return this.#down(REMOVED)
    this.#updateRights()
    if (!this.#live) return
    if ([...this.#log.lackedEpochs].some((epoch) => membership.keyOf(epoch) !== null)) return this.#readAgain()
    const epoch = membership.current?.epoch ?? null
    if (epoch === this.#toldEpoch) return
    this.#toldEpoch = epoch
    this.#sender?.rekey()
    this.#presence?.dropStrangers((device) => membership.roleOf(device) !== 'none')
    this.#presence?.announce()
  }

  /** A key has come without which entries were passed over: from the first on, for what they say decides what counts after them. */
  #readAgain(): void {
    this.#pause()
    this.#log.restart()
    this.#port?.reopen()
  }

  /** What was sent on an earlier opening may have been lost: everything unacknowledged goes out again, once history is read. */
  #caughtUp(isWhole: boolean): void {
    if (this.#status !== 'connected') return
    if (isWhole && !this.#synced) {
      this.#synced = true
      this.emit('sync', [true])
      this.emit('synced', [true])
    }
    // An entry that waits for its signature must not keep others from writing: what they write ends the wait. [EN13]
    if (this.#live || this.#desk?.opened() === false) return
    this.#live = true
    this.#toldEpoch = this.membership?.current?.epoch ?? null
    if (!this.readOnly) this.#sender?.opened()
    this.#presence?.announce()
    this.#changed()
  }

  #acknowledged(frame: AckFrame): void {
    // The document is laid down: opening it again gives its first head, signed, and its genesis as the relay has it.
    if (this.#foundation.takeAnswer(frame)) return this.#port?.reopen()
    const record = this.#desk?.acknowledge(frame) ?? null
    this.#follower.offer(record ? [record] : (this.#sender?.acknowledge(frame) ?? []))
  }

  #refused(frame: NackFrame): void {
    if (this.#foundation.takeAnswer(frame)) return this.#obey(judgeRefusal(frame.code, frame.retryAfterMs, 'create'))
    if (frame.refused === CLIENT_FRAME.push && this.#desk?.refuse(frame)) return
    switch (frame.refused) {
      case CLIENT_FRAME.push:
      case CLIENT_FRAME['push-part']:
        return this.#sender?.refuse(frame)
      case CLIENT_FRAME.open:
        return this.#obey(judgeRefusal(frame.code, frame.retryAfterMs, 'open'))
      case CLIENT_FRAME.read:
        return this.#follower.readRefused(frame.retryAfterMs)
      default:
        this.emit('requestRefused', [{ code: refusalName(frame.code), message: 'the relay refused the request' }])
    }
  }

  #closedByRelay({ code, retryAfterMs }: ClosedFrame): void {
    if (refusalName(code) === 'DELETED') this.emit('deleted', [])
    this.#obey(judgeRefusal(code, retryAfterMs, 'live'))
  }

  #obey(verdict: number | DownReason): void {
    if (typeof verdict !== 'number') return this.#down(verdict)
    this.#pause()
    this.#reopenTimer?.()
    this.#reopenTimer = startTimer(verdict, () => this.#port?.reopen())
  }

  #updateRights(): void {
    const { role, readOnly } = this.#standing
    const told = this.#told
    this.#told = { role, readOnly }
    if (role !== told.role) {
      this.emit('role', [role])
      // The token was made for what this device might do before.
      if (this.#live && this.membership !== null && role !== 'none') this.#port?.refresh()
    }
    if (!this.#live || readOnly === told.readOnly) return
    if (readOnly) this.#sender?.closed()
    else this.#sender?.opened()
  }

  #report(report: IntegrityReport): void {
    this.emit('integrity', [report])
  }

  /** Stops for good: nothing of what the relay says is taken any more, nothing local is given up. [LO6] */
  #halt(code: LogMismatch | RecordMismatch, seq: number): void {
    if (this.#halted) return
    this.#halted = true
    this.#report({ code, seq, fatal: true })
    this.#down({
      transient: false,
      code,
      closeCode: 4409,
      reason: "the relay's log does not fit what this device has verified",
    })
  }

  #down(told: DownReason): void {
    // What the relay calls forbidden, the records explain.
    const isRefusal = told.code === 'FORBIDDEN' || told.code === 'NOT_A_MEMBER'
    const reason = isRefusal && this.membership?.isRemoved ? REMOVED : told
    this.#goDown()
    this.emit('connection-close', [reason])
    if (reason.transient) return
    this.#shouldConnect = false
    this.#ended = reason
    this.#port?.detach()
    this.#port = null
    this.#desk?.end(reason.code, closedError(reason).message)
    if (reason.closeCode === 4401) this.emit('authenticationFailed', [reason])
    this.emit('closed', [reason])
  }

  #goDown(): void {
    this.#reopenTimer?.()
    this.#pause()
    this.#follower.closed()
    this.#presence?.dropAll()
    this.#setStatus('disconnected')
    if (!this.#synced) return
    this.#synced = false
    this.emit('sync', [false])
    this.emit('synced', [false])
  }

  #pause(): void {
    this.#live = false
    this.#foundation.forget()
    this.#desk?.closed()
    this.#sender?.closed()
  }

  #setStatus(status: ProviderStatus): void {
    if (this.#status === status) return
    this.#status = status
    this.emit('status', [{ status }])
  }

  #changed(): void {
    const count = this.unsyncedChanges
    if (count === this.#lastUnsynced) return
    const before = this.#lastUnsynced
    this.#lastUnsynced = count
    this.emit('unsyncedChanges', [count])
    if (count === 0 && before > 0) this.emit('saved', [])
  }
}

function entriesOf(frame: EntriesFrame): LogEntry[] {
  return frame.envelopes.map((envelope, index) => ({ seq: frame.seq + index, envelope }))
}
