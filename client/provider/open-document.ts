/**
 * One document that a relay has open. It joins a Y.Doc to the verified log, the outbox, presence and, where there
 * are members, the member log, and says what happens. Rules CL5, CL6, CL10, FR5–FR9, LO6.
 *
 * @module
 */
import { SyncError, type Bytes, type ClientFrame } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { createHealer } from '../healing/create-healer.ts'
import type { Healer } from '../healing/healer.ts'
import { spoilOf } from '../healing/spoils.ts'
import { Foundation } from '../document/foundation.ts'
import type { LogOutcome } from '../log/document-log.ts'
import { History } from '../log/history.ts'
import { startInputGate } from '../input/input-gate.ts'
import { MemberDesk } from '../members/member-desk.ts'
import { Membership, type MemberRecord } from '../members/membership.ts'
import type { Intent } from '../members/record-tools.ts'
import { Quoter } from '../quotes/quoter.ts'
import { SnapshotSide } from '../snapshots/snapshot-side.ts'
import { createMemoryDocumentStore } from '../stores/document-store.ts'
import type { DocumentParts } from './document-parts.ts'
import { closedError, explainRemoval } from './down-reason.ts'
import { FramePost } from './frame-post.ts'
import { Lifeline } from './lifeline.ts'
import { Opening } from './opening.ts'
import { OwnSide } from './own-side.ts'
import type { Presence } from './presence.ts'
import type { Emit } from './provider-events.ts'
import type { OpenDocumentOptions } from './open-document-options.ts'
import { RemoteGate } from './remote-gate.ts'
import { storeProblem } from './send-problem.ts'
import type { Sender } from './sender.ts'
import { Standing } from './standing.ts'
import { followStorageLoss } from './storage-loss.ts'
import { watchView } from './watch-view.ts'

const READ_BYTES = 262_144
/** A storage in which the log is gone each time is not filled again for ever: each time the log is asked for. */
const MOST_WIPES = 3

export class OpenDocument {
  readonly membership: Membership | null
  readonly standing: Standing
  readonly gate: RemoteGate
  readonly line: Lifeline
  /** The verified log, and what is kept of it. */
  readonly history: History
  readonly healer: Healer
  readonly own: OwnSide
  readonly #options: OpenDocumentOptions
  readonly #emit: Emit
  readonly #desk: MemberDesk | null
  readonly #opening: Opening
  readonly #post: FramePost
  #device: Device | null = null
  /** Another tab has wiped what was kept of the log, and it is not read again yet. */
  #isWiped = false
  #wipes = 0
  #snapshots: SnapshotSide | null = null
  #quoter: Quoter | null = null
  #starting: Promise<void> | null = null
  #isLoaded = false
  readonly #stopWatching: (() => void)[]

  constructor(options: OpenDocumentOptions) {
    const { access, doc, connection } = options
    this.#options = options
    this.#emit = options.emit
    this.membership = access instanceof Membership ? access : null
    this.standing = new Standing(this.membership)
    this.gate = new RemoteGate(doc, options.editOrigin ?? (() => options.origin))
    this.history = this.#createHistory()
    this.healer = createHealer({
      ...options,
      history: this.history,
      line: () => this.line,
      pause: () => this.#opening.pause(),
      sender: () => this.#sender,
      device: () => this.#device,
    })
    this.line = this.#createLine()
    this.#desk = this.membership && this.#createDesk(this.membership)
    this.own = this.#createOwnSide()
    const parts = this.#bringTogether()
    this.#opening = new Opening({ ...parts, standing: this.standing, isLoaded: () => this.#isLoaded })
    this.#post = new FramePost({ ...parts, opening: this.#opening })
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

  /** Of this device, 16 bytes; `null` before it is known. */
  get deviceId(): Bytes | null {
    return this.#device?.id ?? null
  }

  /** What this device has kept of the document is shown. [CL13] */
  get isLoaded(): boolean {
    return this.#isLoaded
  }

  get #sender(): Sender | null {
    return this.own.sender
  }

  get #presence(): Presence | null {
    return this.own.presence
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
    this.own.destroy()
    this.#snapshots?.desk.destroy()
    this.#quoter?.closed()
    this.#desk?.destroy()
    this.history.close()
  }

  /** Takes an edit of the document, made here. */
  take(update: Bytes): void {
    this.own.take(update, this.#opening.isLive && this.standing.readOnly)
  }

  flush(): void {
    this.#sender?.flush()
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
        cursor: () => {
          const { head, recordHead } = this.history.log
          return { ...head, recordHead: this.membership?.recordHead ?? recordHead }
        },
        receive: (frame) => this.#post.deliver(frame),
      },
      emit,
      start: () => this.#start(),
      onPause: () => this.#opening.pause(),
      onGone: () => {
        this.history.follower.closed()
        this.healer.closed()
        this.#presence?.dropAll()
      },
      onEnded: (reason) => {
        this.#desk?.end(reason.code, closedError(reason).message)
        this.healer.ended(closedError(reason))
      },
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
      askForSign: (onSign) => this.line.askForSign(onSign),
      takeRecords: (records) => void this.membership?.takeRecords(records, 0),
      onBase: ({ state }) => this.#takeBase(state),
      onOutcomes: (outcomes) => this.#settle(outcomes),
      onCaughtUp: (isWhole) => void this.#opening.caughtUp(isWhole),
      onForked: (heads) => this.#snapshots?.opening.contradicted() || this.healer.forked(heads),
      onSpoilt: (spoilt) =>
        (spoilt.code !== 'BAD_HEAD' && this.#snapshots?.opening.contradicted()) || this.healer.spoilt(spoilOf(spoilt)),
      onFallen: (frame, code) => this.healer.fallen(frame, code),
      onHeld: (frame) => {
        this.healer.well(frame)
        void Promise.resolve().then(() => this.#keepAgain())
      },
      onWaiting: (seq) => this.#emit('integrity', [{ code: 'WAITING', seq, fatal: false }]),
      onWithheld: (seq) => this.healer.withheld(seq),
      onMadeGood: (seq) => this.#emit('integrity', [{ code: 'RESTORED', seq, since: seq, fatal: false }]),
      onDoubt: () => this.line.reopen(),
      onTrouble: (error) => this.#emit('problem', [storeProblem(error)]),
      onWiped: () => {
        this.#isWiped = true
        this.#keepAgain()
      },
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
    await this.own.start(device, () => this.#options.connection.isHidden)
    await this.history.load()
    this.own.loaded()
    this.#isLoaded = true
    this.#emit('loaded', [])
  }

  #createDesk(membership: Membership): MemberDesk {
    const { line } = this
    return new MemberDesk({
      membership,
      seen: () => this.history.log.head,
      send: (frame) => line.send(frame),
      reopen: () => line.reopen(),
      refresh: () => line.refresh(),
      mayChange: () => this.standing.permits('members'),
      onMismatch: (code) => this.healer.spoilt({ code, seq: membership.recordSeq, of: 'records' }),
      onAnswered: () => this.#sender?.rekey(),
      onStored: () => this.#opening.followMembers(),
      emit: this.#emit,
    })
  }

  #createSnapshots(device: Device): SnapshotSide {
    const { access, doc, store, keepLog = store !== undefined, compaction = 'soon', snapshotPace = {} } = this.#options
    return new SnapshotSide({
      access,
      device,
      history: this.history,
      trims: !keepLog,
      compaction,
      pace: snapshotPace,
      clientId: () => doc.clientID,
      send: (frame) => this.line.send(frame),
      askForSign: (onSign) => this.line.askForSign(onSign),
      reopen: () => this.line.reopen(),
      isBusy: () => this.#sender?.isBusy ?? false,
      mayWrite: () => !this.standing.readOnly && this.standing.permits('snapshot'),
      hasRecords: () => this.#opening.hasRecords,
      onMismatch: (code, seq) => this.healer.spoilt({ code, seq, of: 'snapshot' }),
      onForked: (seq) => {
        this.#opening.pause()
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
      log: this.history.log,
      lost: this.history.lost,
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
      log: this.history.log,
      sendEdits: (frame) => this.#sendEdits(frame),
      sendPresence: (frame) => this.#opening.isLive && this.standing.permits('awareness') && this.line.send(frame),
      mayShow: () => (this.#opening.isLive ? (this.standing.readOnly ? 'unbound' : 'bound') : 'no'),
      reopen: () => this.line.reopen(),
      refresh: () => this.membership !== null && !this.standing.readOnly && this.line.refresh(),
      show: (update) => this.gate.show(update),
      whenKept: () => this.history.whenKept(),
      signedHead: () => this.history.follower.signedHead,
      onHead: (head) => this.history.follower.learnHead(head, 'peer'),
    })
  }

  #bringTogether(): DocumentParts {
    return {
      history: this.history,
      healer: this.healer,
      foundation: new Foundation(this.#options.access, (frame) => this.line.send(frame)),
      desk: this.#desk,
      own: this.own,
      line: this.line,
      device: () => this.#device,
      snapshots: () => this.#snapshots,
      quoter: () => this.#quoter,
      emit: this.#emit,
    }
  }

  #takeBase(state: Bytes): void {
    this.own.based()
    this.gate.applyState(state)
  }

  /** The log has decided of entries. */
  #settle(outcomes: readonly LogOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.kind !== 'refused') continue
      const { seq, reason, record } = outcome
      this.#emit('integrity', [{ code: 'ENTRY_REFUSED', seq, reason, ...(record ? { record } : {}), fatal: false }])
    }
    this.own.settle(outcomes, (updates) => this.gate.apply(updates))
    this.#snapshots?.desk.note(outcomes)
    this.#opening.followMembers()
  }

  /** What the browser has thrown away is stored anew: own edits from memory, and the log as the relay has it. [CL13] */
  async #storeAnew(): Promise<void> {
    await this.#start()
    const stored = this.#sender?.storeAnew(!this.standing.readOnly)
    await this.#keepAnew()
    await stored
  }

  /** What another tab has wiped, at a relay that gives it again: a log that goes back is begun anew by itself. [CL16] */
  #keepAgain(): void {
    if (!this.#isWiped || this.line.status !== 'connected' || this.healer.isFallen || this.#wipes === MOST_WIPES) return
    this.#wipes += 1
    void this.#keepAnew()
  }

  /** As the relay has it. Nothing that is on its way, nor a draft, has anything to do with that. */
  async #keepAnew(): Promise<void> {
    this.#isWiped = false
    this.#opening.pause()
    await this.history.keepAnew()
    this.line.reopen()
  }
}
