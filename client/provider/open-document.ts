/**
 * One document that a relay has open: frames in, frames out. It joins a Y.Doc to the verified log, the outbox, presence and, where there
 * are members, the member log, and says what happens. Rules CL5, CL6, CL10, FR5–FR9, LO6.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  SyncError,
  type AckFrame,
  type Bytes,
  type ClosedFrame,
  type NackFrame,
  type OpenedFrame,
  type RecordsFrame,
  type SignedHead,
} from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import type { DocumentFrame } from '../connection/channel.ts'
import { createHealer } from '../healing/create-healer.ts'
import type { Healer } from '../healing/healer.ts'
import type { SetAsideEdit } from '../drafts/set-aside-list.ts'
import { Foundation } from '../document/foundation.ts'
import { entriesOf, type DocumentLog, type LogOutcome } from '../log/document-log.ts'
import { History } from '../log/history.ts'
import { startInputGate } from '../input/input-gate.ts'
import { MemberDesk } from '../members/member-desk.ts'
import { Membership, type MemberRecord } from '../members/membership.ts'
import type { Intent } from '../members/record-tools.ts'
import { SnapshotSide } from '../snapshots/snapshot-side.ts'
import { createMemoryDocumentStore } from '../stores/document-store.ts'
import { closedError, downReason, explainRemoval, judgeRefusal, refusalName, REMOVED } from './down-reason.ts'
import { Lifeline } from './lifeline.ts'
import { OwnSide } from './own-side.ts'
import type { Presence } from './presence.ts'
import type { Emit } from './provider-events.ts'
import type { OpenDocumentOptions } from './open-document-options.ts'
import { RemoteGate } from './remote-gate.ts'
import { storeProblem } from './send-problem.ts'
import type { Sender } from './sender.ts'
import { Standing } from './standing.ts'
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
  #device: Device | null = null
  #snapshots: SnapshotSide | null = null
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
    this.#stopWatching = [
      startInputGate(options.inputGate ?? true, this.gate),
      watchView(connection, (isHidden) => {
        if (isHidden) this.flush()
        this.#presence?.setHidden(isHidden)
      }),
    ]
    // Otherwise the line asks for it, and says what is wrong.
    if (options.connect === false) this.#start().catch((error: unknown) => this.#emit('connection-error', [error]))
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
    this.#sender?.destroy()
    this.#snapshots?.desk.destroy()
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
        receive: (frame) => this.#receive(frame),
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
      onMismatch: (code, seq, heads) =>
        this.#snapshots?.opening.contradicted() || this.healer.stopped(code, seq, heads),
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
      onMismatch: (code) => line.halt(code, membership.recordSeq),
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
      onMismatch: (code, seq) => this.line.halt(code, seq),
      emit: this.#emit,
      onTrouble: (error) => this.#emit('problem', [storeProblem(error)]),
    })
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
      // Behind a record that is not answered nothing is sent. [CL10]
      sendEdits: (frame) => !this.#desk?.isWaiting && this.line.send(frame),
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

  #receive(frame: DocumentFrame): void {
    if (this.#history.past.receive(frame) || this.#snapshots?.receive(frame)) return
    switch (frame.type) {
      case 'opened':
        return this.#opened(frame)
      case 'entries':
        return this.#history.follower.offer(entriesOf(frame))
      case 'read-done':
        return this.#history.follower.readDone(frame.through >= frame.headSeq)
      case 'lagged':
        return this.#history.follower.lagged()
      case 'ack':
        return this.#acknowledged(frame)
      case 'nack':
        return this.#refused(frame)
      case 'awareness':
        return this.#presence?.receive(frame.envelope)
      case 'gone':
        return this.#presence?.drop(frame)
      case 'head':
        return this.#history.follower.learnHead(frame.head, 'relay')
      case 'refreshed':
        this.standing.grant(frame)
        this.#desk?.refreshed()
        this.#updateRights()
        return this.#sender?.refreshed()
      case 'closed':
        return this.#closedByRelay(frame)
      case 'records':
        return this.#recordsTold(frame)
      case 'restored':
        return this.healer.restored(frame)
      case 'ids':
        return this.healer.ids(frame)
      case 'snapshot-chunk':
      case 'snapshot-taken':
        return
    }
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
    this.standing.grant(frame)
    this.#updateRights()
    this.line.opened()
    this.#hasRecords = false
    this.#history.follower.opened(frame, this.#snapshots?.opening.begin(frame))
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

  /** What was sent on an earlier opening may have been lost: everything unacknowledged goes out again, once history is read. */
  async #caughtUp(isWhole: boolean): Promise<void> {
    if (this.#snapshots?.opening.isOnTrial && !(await this.#snapshots.opening.judge())) return
    if (this.line.status !== 'connected') return
    // Nothing is called read, and nothing leaves, upon less than this device has accepted before, or than its keys open. [CL11]
    if (!this.#live && this.#desk?.opened() === false) return
    if (!this.#live && this.log.opensMore) return this.#readAgain()
    if (isWhole) this.line.setSynced()
    // An entry that waits for its signature must not keep others from writing: what they write ends the wait. [EN13]
    if (this.#live) return
    this.#live = true
    this.#shownEpoch = this.log.openEpoch
    if (!this.standing.readOnly) this.#sender?.opened()
    else if (this.standing.isOutdated) this.line.refresh()
    this.#snapshots?.desk.opened()
    this.#presence?.announce()
    this.#own.changed()
  }

  #acknowledged(frame: AckFrame): void {
    // The document is laid down: opening it again gives its first head, signed, and its genesis as the relay has it.
    if (this.#foundation.takeAnswer(frame)) return this.line.reopen()
    const record = this.#desk?.acknowledge(frame) ?? null
    const ofSnapshots = record ? null : (this.#snapshots?.desk.acknowledge(frame) ?? null)
    if (ofSnapshots !== null) return this.#history.follower.offer(ofSnapshots)
    this.#history.follower.offer(record ? [record] : (this.#sender?.acknowledge(frame) ?? []))
  }

  #refused(frame: NackFrame): void {
    const { code, retryAfterMs } = frame
    if (this.#foundation.takeAnswer(frame)) return this.line.obey(judgeRefusal(code, retryAfterMs, 'create'))
    if (this.healer.refused(frame)) return
    if (frame.refused === CLIENT_FRAME.push && this.#desk?.refuse(frame)) return
    if (this.#snapshots?.refuse(frame)) return
    switch (frame.refused) {
      case CLIENT_FRAME.push:
      case CLIENT_FRAME['push-part']:
        return this.#sender?.refuse(frame)
      case CLIENT_FRAME.open:
        return this.line.obey(judgeRefusal(code, retryAfterMs, 'open'))
      case CLIENT_FRAME.read:
        return this.#history.follower.readRefused(retryAfterMs)
      default:
        this.#emit('requestRefused', [{ code: refusalName(code), message: 'the relay refused the request' }])
    }
  }

  #closedByRelay({ code, retryAfterMs }: ClosedFrame): void {
    if (refusalName(code) === 'DELETED') this.#emit('deleted', [])
    this.line.obey(judgeRefusal(code, retryAfterMs, 'live'))
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
  }
}
