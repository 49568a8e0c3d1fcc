/**
 * One document that a relay has open. It joins a Y.Doc to the verified log, the outbox, presence and, where there
 * are members, the member log, and says what happens. Rules CL5, CL6, CL10, FR5–FR9, LO6.
 *
 * @module
 */
import {
  SyncError,
  type Bytes,
  type ClientFrame,
  type OpenedFrame,
  type RecordsFrame,
  type RefreshedFrame,
  type SignedHead,
} from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { createHealer } from '../healing/create-healer.ts'
import type { Healer } from '../healing/healer.ts'
import { spoilOf } from '../healing/spoils.ts'
import type { SetAsideEdit } from '../drafts/set-aside-list.ts'
import { Foundation } from '../document/foundation.ts'
import type { DocumentLog, LogOutcome } from '../log/document-log.ts'
import { History } from '../log/history.ts'
import { startInputGate } from '../input/input-gate.ts'
import { MemberDesk } from '../members/member-desk.ts'
import { Membership, type MemberRecord } from '../members/membership.ts'
import type { Intent } from '../members/record-tools.ts'
import { Quoter } from '../quotes/quoter.ts'
import { SnapshotSide } from '../snapshots/snapshot-side.ts'
import { createMemoryDocumentStore } from '../stores/document-store.ts'
import { closedError, downReason, explainRemoval, REMOVED } from './down-reason.ts'
import { FramePost } from './frame-post.ts'
import { Lifeline } from './lifeline.ts'
import { OwnSide } from './own-side.ts'
import type { Presence } from './presence.ts'
import type { Emit } from './provider-events.ts'
import type { OpenDocumentOptions } from './open-document-options.ts'
import { RemoteGate } from './remote-gate.ts'
import { storeProblem } from './send-problem.ts'
import type { Sender } from './sender.ts'
import { Standing } from './standing.ts'
import { followStorageLoss } from './storage-loss.ts'
import { ToldRights } from './told-rights.ts'
import { watchView } from './watch-view.ts'

const READ_BYTES = 262_144

export class OpenDocument {
  readonly membership: Membership | null
  readonly standing: Standing
  readonly gate: RemoteGate
  readonly line: Lifeline
  readonly #options: OpenDocumentOptions
  readonly #emit: Emit
  readonly #history: History
  readonly healer: Healer
  readonly #foundation: Foundation
  readonly #desk: MemberDesk | null
  readonly #own: OwnSide
  readonly #post: FramePost
  #device: Device | null = null
  #snapshots: SnapshotSide | null = null
  #quoter: Quoter | null = null
  #starting: Promise<void> | null = null
  /** What was kept is read. */
  #isLoaded = false
  /** History is read on this opening, and edits may leave. */
  #live = false
  /** RECORDS of this opening has come to its end. */
  #hasRecords = false
  readonly #told: ToldRights
  /** The epoch under which presence was shown last. */
  #shownEpoch: number | null = null
  readonly #stopWatching: (() => void)[]

  constructor(options: OpenDocumentOptions) {
    const { access, doc, connection } = options
    this.#options = options
    this.#emit = options.emit
    this.membership = access instanceof Membership ? access : null
    this.standing = new Standing(this.membership)
    this.#told = new ToldRights(this.standing, options.emit)
    this.gate = new RemoteGate(doc, options.editOrigin ?? (() => options.origin))
    this.#history = this.#createHistory()
    this.healer = createHealer({
      ...options,
      history: this.#history,
      line: () => this.line,
      pause: () => this.#pause(),
      sender: () => this.#sender,
      device: () => this.#device,
    })
    this.line = this.#createLine()
    this.#foundation = new Foundation(access, (frame) => this.line.send(frame))
    this.#desk = this.membership && this.#createDesk(this.membership)
    this.#own = this.#createOwnSide()
    this.#post = this.#createPost()
    this.#stopWatching = [
      startInputGate(options.inputGate ?? true, this.gate),
      watchView(connection, (isHidden) => {
        if (isHidden) this.flush()
        this.#presence?.setHidden(isHidden)
      }),
      followStorageLoss({
        store: options.store,
        storeAnew: () => this.#storeAnew(),
        emit: options.emit,
        onTrouble: (error) => options.emit('problem', [storeProblem(error)]),
      }),
    ]
    // Otherwise the line asks for it, and says what is wrong.
    if (options.connect === false) this.#start().catch((error: unknown) => this.#emit('connection-error', [error]))
  }

  /** Whose presence stands under this client id (16 bytes); `null` for nobody's. [CL7] */
  presentDevice(client: number): Bytes | null {
    return client === this.#options.doc.clientID ? this.deviceId : (this.#presence?.deviceOf(client) ?? null)
  }

  get log(): DocumentLog {
    return this.#history.log
  }

  /** The verified log, and what is kept of it. */
  get history(): History {
    return this.#history
  }

  /** Of this device, 16 bytes; `null` before it is known. */
  get deviceId(): Bytes | null {
    return this.#device?.id ?? null
  }

  /** What this device has kept of the document is shown. [CL13] */
  get isLoaded(): boolean {
    return this.#isLoaded
  }

  /** Local edits that are not saved. [CL6] */
  get unsaved(): number {
    return this.#own.unsaved
  }

  /** They would survive a crash of this device. [CL14] */
  get isKept(): boolean {
    return this.#own.isKept
  }

  get #sender(): Sender | null {
    return this.#own.sender
  }

  get #presence(): Presence | null {
    return this.#own.presence
  }

  get signedHead(): SignedHead | null {
    return this.#history.signedHead
  }

  get confirmedAt(): number | null {
    return this.#history.follower.confirmedAt
  }

  disconnect(): void {
    this.#presence?.dropAll()
    this.line.disconnect()
  }

  destroy(): void {
    for (const stop of this.#stopWatching) stop()
    // It says good-bye to those who see it.
    this.#presence?.destroy()
    this.disconnect()
    this.healer.destroy()
    this.#own.destroy()
    this.#snapshots?.desk.destroy()
    this.#quoter?.closed()
    this.#desk?.destroy()
    this.#history.close()
  }

  /** Takes an edit of the document, made here. */
  take(update: Bytes): void {
    this.#own.take(update, this.#live && this.standing.readOnly)
  }

  flush(): void {
    this.#sender?.flush()
  }

  /** What can never leave. [CL40] */
  get setAside(): readonly SetAsideEdit[] {
    return this.#own.setAside
  }

  dismissSetAside(id: string): void {
    this.#sender?.setAside.dismiss(id)
  }

  /** Resolves when every edit made so far would survive a crash of this device. [CL14] */
  async whenKept(): Promise<void> {
    await this.#start()
    await this.#sender?.whenKept()
  }

  changeMembers(intent: Intent): Promise<MemberRecord | null> {
    if (this.#desk === null) {
      return Promise.reject(new SyncError('UNSUPPORTED', 'a document with a shared key has no members'))
    }
    const { ended } = this.line
    return ended === null ? this.#desk.change(intent) : Promise.reject(closedError(ended))
  }

  #createLine(): Lifeline {
    const { access, connection, token, emit } = this.#options
    return new Lifeline({
      connection,
      channel: {
        documentId: access.documentId,
        token,
        cursor: () => ({ ...this.log.head, recordHead: this.membership?.recordHead ?? this.log.recordHead }),
        receive: (frame) => this.#post.deliver(frame),
      },
      emit,
      start: () => this.#start(),
      onPause: () => this.#pause(),
      onGone: () => {
        this.#history.follower.closed()
        this.healer.closed()
        this.#presence?.dropAll()
      },
      onEnded: (reason) => this.#desk?.end(reason.code, closedError(reason).message),
      explain: (told) => (this.membership?.hasBelonged ? explainRemoval(told, this.membership.isRemoved) : told),
    })
  }

  #createHistory(): History {
    const { access, connection, store, tabs } = this.#options
    return new History({
      access,
      tabs,
      store: store ?? createMemoryDocumentStore(),
      headKey: () => connection.headKey,
      read: (after) => this.line.send({ type: 'read', document: access.documentId, after, maxBytes: READ_BYTES }),
      takeRecords: (records) => void this.membership?.takeRecords(records, 0),
      onBase: ({ state }) => this.gate.applyState(state),
      onOutcomes: (outcomes) => this.#settle(outcomes),
      onCaughtUp: (isWhole) => void this.#caughtUp(isWhole),
      onForked: (heads) => this.#snapshots?.opening.contradicted() || this.healer.forked(heads),
      onSpoilt: (spoilt) =>
        (spoilt.code !== 'BAD_HEAD' && this.#snapshots?.opening.contradicted()) || this.healer.spoilt(spoilOf(spoilt)),
      onFallen: (frame, code) => this.healer.fallen(frame, code),
      onHeld: (frame) => this.healer.well(frame),
      onWaiting: (seq) => this.#emit('integrity', [{ code: 'WAITING', seq, fatal: false }]),
      onWithheld: (seq) => this.healer.withheld(seq),
      onMadeGood: (seq) => this.#emit('integrity', [{ code: 'RESTORED', seq, since: seq, fatal: false }]),
      onDoubt: () => this.line.reopen(),
      onTrouble: (error) => this.#emit('problem', [storeProblem(error)]),
    })
  }

  /** What an earlier run has kept, shown before the relay is asked for anything. */
  #start(): Promise<void> {
    this.#starting ??= this.#prepare().catch((error: unknown) => {
      this.#starting = null
      throw error
    })
    return this.#starting
  }

  async #prepare(): Promise<void> {
    const device = await this.#options.connection.device
    this.#device = device
    this.#snapshots = this.#createSnapshots(device)
    this.#quoter = this.#createQuoter(device)
    await this.#own.start(device, () => this.#options.connection.isHidden)
    await this.#history.load()
    this.#own.loaded()
    this.#isLoaded = true
    this.#emit('loaded', [])
  }

  #createDesk(membership: Membership): MemberDesk {
    const { line } = this
    return new MemberDesk({
      membership,
      seen: () => this.log.head,
      send: (frame) => line.send(frame),
      reopen: () => line.reopen(),
      refresh: () => line.refresh(),
      mayChange: () => this.standing.permits('members'),
      onMismatch: (code) => this.healer.spoilt({ code, seq: membership.recordSeq, of: 'records' }),
      onAnswered: () => this.#sender?.rekey(),
      onStored: () => this.#followMembers(),
      emit: this.#emit,
    })
  }

  #createSnapshots(device: Device): SnapshotSide {
    const { access, doc, store, keepLog = store !== undefined, compaction = 'soon', snapshotPace = {} } = this.#options
    return new SnapshotSide({
      access,
      device,
      history: this.#history,
      trims: !keepLog,
      compaction,
      pace: snapshotPace,
      clientId: () => doc.clientID,
      send: (frame) => this.line.send(frame),
      reopen: () => this.line.reopen(),
      isBusy: () => this.#sender?.isBusy ?? false,
      mayWrite: () => !this.standing.readOnly && this.standing.permits('snapshot'),
      hasRecords: () => this.#hasRecords,
      onMismatch: (code, seq) => this.healer.spoilt({ code, seq, of: 'snapshot' }),
      onForked: (seq) => {
        this.#pause()
        this.healer.forkedBehind(seq)
      },
      emit: this.#emit,
      onTrouble: (error) => this.#emit('problem', [storeProblem(error)]),
    })
  }

  #createQuoter(device: Device): Quoter {
    const { access, doc, emit } = this.#options
    return new Quoter({
      access,
      device,
      doc,
      log: this.log,
      lost: this.#history.lost,
      send: (frame) => this.#sendEdits(frame),
      mayWrite: () => !this.standing.readOnly,
      onTrouble: (error) => emit('problem', [storeProblem(error)]),
    })
  }

  /** Behind a record that is not answered nothing is sent. [CL10] */
  #sendEdits(frame: ClientFrame): boolean {
    return !this.#desk?.isWaiting && this.line.send(frame)
  }

  #createOwnSide(): OwnSide {
    const { doc, access, awareness, origin, outbox, emit } = this.#options
    return new OwnSide({
      doc,
      access,
      awareness,
      origin,
      outbox,
      emit,
      log: this.log,
      sendEdits: (frame) => this.#sendEdits(frame),
      sendPresence: (frame) => this.#live && this.standing.permits('awareness') && this.line.send(frame),
      mayShow: () => (this.#live ? (this.standing.readOnly ? 'unbound' : 'bound') : 'no'),
      reopen: () => this.line.reopen(),
      refresh: () => this.membership !== null && !this.standing.readOnly && this.line.refresh(),
      show: (update) => this.gate.show(update),
      whenKept: () => this.#history.whenKept(),
      signedHead: () => this.#history.follower.signedHead,
      onHead: (head) => this.#history.follower.learnHead(head, 'peer'),
    })
  }

  #refreshed(frame: RefreshedFrame): void {
    this.standing.grant(frame)
    this.#desk?.refreshed()
    this.#updateRights()
    this.#sender?.refreshed()
  }

  #createPost(): FramePost {
    return new FramePost({
      history: this.#history,
      healer: this.healer,
      foundation: this.#foundation,
      desk: this.#desk,
      own: this.#own,
      line: this.line,
      snapshots: () => this.#snapshots,
      quoter: () => this.#quoter,
      emit: this.#emit,
      onOpened: (frame) => this.#opened(frame),
      onRecords: (frame) => this.#recordsTold(frame),
      onRefreshed: (frame) => this.#refreshed(frame),
    })
  }

  #recordsTold(frame: RecordsFrame): void {
    // Those of a log that is not the one verified here say nothing yet.
    if (this.healer.isFallen) return this.healer.records(frame)
    this.#desk?.take(frame)
    if (frame.more) return
    this.#hasRecords = true
    this.#followMembers()
    this.#snapshots?.opening.recordsCame()
  }

  #opened(frame: OpenedFrame): void {
    this.#pause()
    // It asked from within a trial that the last socket took with it, and of which nothing is shown. [CL41]
    if (this.#history.isAdrift) return this.#readAgain()
    this.standing.grant(frame)
    this.#updateRights()
    this.line.opened(frame.present ? frame.head.seq : 0)
    this.#hasRecords = false
    this.#history.follower.opened(frame, this.#snapshots?.begin(frame))
    if (this.healer.isFallen) this.#snapshots?.opening.closed()
    const isSettled = frame.present || this.line.halted || this.healer.isFallen
    if (isSettled || (this.#device && this.#foundation.lay(this.#device))) return
    this.line.down(downReason('UNKNOWN_DOCUMENT', 'the relay knows no such document'))
  }

  #settle(outcomes: readonly LogOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.kind !== 'refused') continue
      const { seq, reason, record } = outcome
      this.#emit('integrity', [{ code: 'ENTRY_REFUSED', seq, reason, ...(record ? { record } : {}), fatal: false }])
    }
    this.#own.settle(outcomes, (updates) => this.gate.apply(updates))
    this.#snapshots?.desk.note(outcomes)
    this.#followMembers()
  }

  /** Records have come, ahead of the log or in it: who may do what, and under which key, may be different now. */
  #followMembers(): void {
    const membership = this.membership
    if (membership === null || this.#desk === null || this.line.ended !== null) return
    this.#desk.advance()
    this.#updateRights()
    // What is kept may be of a time before it came back: the relay is asked first.
    if (membership.isRemoved && this.#isLoaded) return this.line.down(REMOVED)
    if (!this.#live) return
    if (this.log.opensMore) return this.#readAgain()
    const epoch = this.log.openEpoch
    if (epoch === this.#shownEpoch) return
    this.#shownEpoch = epoch
    this.#sender?.rekey()
    this.#presence?.dropStrangers((device) => membership.roleOf(device) !== 'none')
    this.#presence?.announce()
  }

  /** A key has come without which entries were passed over: from the first on, for what they say decides what counts after them. */
  #readAgain(): void {
    this.#pause()
    void this.#history.restart().then(() => this.line.reopen())
  }

  /** What the browser has thrown away is stored anew: own edits from memory, and the log as the relay has it. [CL13] */
  async #storeAnew(): Promise<void> {
    await this.#start()
    const stored = this.#sender?.storeAnew(!this.standing.readOnly)
    this.#pause()
    await this.#history.keepAnew()
    this.line.reopen()
    await stored
  }

  /** What was sent on an earlier opening may have been lost: everything unacknowledged goes out again, once history is read. */
  async #caughtUp(isWhole: boolean): Promise<void> {
    if (this.#snapshots?.opening.isOnTrial && !(await this.#snapshots.opening.judge())) return
    if (this.line.status !== 'connected') return
    // Nothing is called read, and nothing leaves, upon less than this device has accepted before, or than its keys open. [CL11]
    if (!this.#live && this.#desk?.opened() === false) return
    if (!this.#live && this.log.opensMore) return this.#readAgain()
    this.healer.caughtUp()
    if (isWhole) this.line.setSynced()
    // An entry that waits for its signature must not keep others from writing: what they write ends the wait. [EN13]
    if (this.#live) return
    this.#live = true
    this.#shownEpoch = this.log.openEpoch
    if (!this.standing.readOnly) this.#sender?.opened()
    else if (this.standing.isOutdated) this.line.refresh()
    this.#snapshots?.desk.opened()
    this.#quoter?.opened()
    this.#presence?.announce()
    this.#own.changed()
  }

  #updateRights(): void {
    const changed = this.#told.update()
    const { role, readOnly } = this.standing
    // The token was made for what this device might do before.
    if (changed.role && this.#live && this.membership !== null && role !== 'none') this.line.refresh()
    if (!this.#live || !changed.readOnly) return
    if (readOnly) this.#sender?.closed()
    else this.#sender?.opened()
  }

  #pause(): void {
    this.#live = false
    this.#foundation.forget()
    this.#desk?.closed()
    this.#sender?.closed()
    this.#snapshots?.closed()
    this.#quoter?.closed()
  }
}
