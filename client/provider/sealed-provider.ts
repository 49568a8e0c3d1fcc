/**
 * The Yjs provider: y-websocket's shape, so that every editor binding takes it, over a relay that can read nothing. What it does, an
 * {@link OpenDocument} does. Rules CL5, CL6.
 *
 * @module
 */
import { SyncError, type Bytes, type PublishedSnapshot, type SignedHead } from '@y-sealed/protocol'
import { ObservableV2 } from 'lib0/observable'
import { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { DownReason } from '../connection/channel.ts'
import type { DocumentExport } from '../export/export-document.ts'
import type { SealedHistory } from '../history/sealed-history.ts'
import type { MemberRecord, Membership } from '../members/membership.ts'
import type { Intent } from '../members/record-tools.ts'
import { StatusTracker } from '../status/status-tracker.ts'
import type { StorageState, SyncStatus } from '../status/sync-status.ts'
import type { SetAsideEdit } from '../drafts/set-aside-list.ts'
import { awaitEvent } from './await-event.ts'
import { closedError } from './down-reason.ts'
import { createHistory, exportPast, type PastSource } from './document-past.ts'
import { OpenDocument } from './open-document.ts'
import type { ProviderEvents, ProviderStatus } from './provider-events.ts'
import type { SealedProviderOptions } from './provider-options.ts'
import type { SendProblem } from './send-problem.ts'

type EventMap = { [K in keyof ProviderEvents]: ProviderEvents[K] }

export class SealedProvider extends ObservableV2<EventMap> {
  readonly doc: Y.Doc
  readonly awareness: Awareness
  /** 16 bytes. */
  readonly documentId: Bytes
  readonly #ownsAwareness: boolean
  readonly #document: OpenDocument
  readonly #tracker: StatusTracker
  readonly #past: PastSource
  #history: SealedHistory | null = null
  #isDestroyed = false
  readonly #onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin !== this) this.#document.take(update as Bytes)
  }

  constructor(options: SealedProviderOptions) {
    super()
    this.doc = options.doc
    this.awareness = options.awareness ?? new Awareness(options.doc)
    this.#ownsAwareness = options.awareness === undefined
    this.documentId = options.access.documentId
    this.#document = new OpenDocument({
      ...options,
      awareness: this.awareness,
      emit: (name, args) => this.emit(name, args),
      origin: this,
    })
    const storage = options.storage ?? (options.outbox === undefined ? 'off' : 'kept')
    this.#tracker = new StatusTracker(this, storage, (status) => this.emit('syncStatus', [status]))
    const { access, connection } = options
    this.#past = { access, connection, doc: this.doc, document: this.#document }
    this.doc.on('updateV2', this.#onUpdate)
    this.doc.on('destroy', this.#onDocDestroy)
    if (options.connect ?? true) this.connect()
  }

  /** The Y.Doc under Hocuspocus' name. */
  get document(): Y.Doc {
    return this.doc
  }

  get status(): ProviderStatus {
    return this.#document.line.status
  }

  /** What this device has kept of the document is shown, with or without a relay. [CL13] */
  get loaded(): boolean {
    return this.#document.isLoaded
  }

  /** The log up to the relay's head at opening is verified, decrypted and applied. [CL6] */
  get synced(): boolean {
    return this.#document.line.synced
  }

  /** Seq up to which the log went, as the relay said, when this run first opened it; `null` before. */
  get openedAt(): number | null {
    return this.#document.line.openedAt
  }

  /** Connect, and connect again after a loss. */
  get shouldConnect(): boolean {
    return this.#document.line.shouldConnect
  }

  /** Who belongs to the document and which keys this device holds; `null` in `shared-key` mode. */
  get membership(): Membership | null {
    return this.#document.membership
  }

  /** What this device may do, by the records: `reader`, `writer`, `admin`, or `none` where roles are not known or not used. */
  get role(): string {
    return this.#document.standing.role
  }

  /** True when edits would be refused. */
  get readOnly(): boolean {
    return this.#document.standing.readOnly
  }

  /** Local edits that are not saved: the relay has not acknowledged them from disk, or they do not count yet. [CL6] */
  get unsyncedChanges(): number {
    return this.#document.own.unsaved
  }

  /** Local edits that are not saved would survive a crash of this device, so far as its storage keeps anything. [CL14] */
  get isKept(): boolean {
    return this.#document.own.isKept
  }

  /** What a person may honestly be told; the same object until `on('syncStatus')`. [CL22] */
  get syncStatus(): SyncStatus {
    return this.#tracker.status
  }

  /** Tells {@link syncStatus} where edits stand that no relay has. A device with more than one document says it once: `SealedDocuments.setStorage`. */
  setStorage(storage: StorageState): void {
    this.#tracker.setStorage(storage)
  }

  /** The person has read of tampering, or of what was set aside: {@link syncStatus} goes on to what is now. */
  dismissAlert(): void {
    this.#tracker.dismiss()
  }

  /**
   * Content that can never leave, of this run and of earlier ones: too large, too deep, refused by the relay. What was typed after it goes on
   * without it. Let the person save it, or make it anew otherwise. [CL15]
   */
  get setAside(): readonly SetAsideEdit[] {
    return this.#document.own.setAside
  }

  /** Head of the verified log. */
  get head(): { readonly seq: number; readonly transcript: Bytes } {
    return this.#document.history.log.head
  }

  /** The newest head that the relay has signed and that fits the verified log; `null` before the first. [LO4] */
  get signedHead(): SignedHead | null {
    return this.#document.history.signedHead
  }

  /**
   * When (Unix ms, by this device's clock) the relay last signed a head that fits the verified log; `null` in a run in which it has not yet. That
   * nothing was added since nobody can know: a relay that keeps the newest entries from everybody is not found out before somebody else's come.
   */
  get confirmedAt(): number | null {
    return this.#document.history.follower.confirmedAt
  }

  /**
   * The device (16 bytes) whose signature the presence under this client id bears; `null` where there is none. What a state says of its author,
   * a name above all, is that author's own word. [CL7]
   */
  presentDevice(clientId: number): Bytes | null {
    return this.#document.presentDevice(clientId)
  }

  /** The published snapshots, oldest first: the newest that others vouch for, and what came after it. [LO11] [LO13] */
  get snapshots(): readonly PublishedSnapshot[] {
    return this.#document.history.log.snapshots.all
  }

  /**
   * Gives up what the relay has lost and nobody has any more, or a history that the relay left for another one (`integrity`: `FORK`, `ROLLBACK`): an
   * admin's decision, for everybody; in `shared-key` mode anybody's. The log goes on from what the relay has, and each device writes anew what it
   * lacks of its own edits. Resolves when it does; offline it waits. Rejects with `FORBIDDEN`, with why the relay was left again (`FORK` where it would give up a
   * change of members, which never is, or where the relay goes another way still), or the document closed for good, and with `OFFLINE` when the provider
   * is destroyed before; it may be called again. [LO14]
   */
  restartLog(): Promise<void> {
    if (this.#isDestroyed) return Promise.reject(this.#endedError())
    return this.#document.healer.restart()
  }

  /** Signature checks done for this document so far. */
  get signatureChecks(): number {
    return this.#document.history.log.signatureChecks
  }

  /** The document's versions: who wrote them and when, each to read, compare, name and bring back. */
  history(): SealedHistory {
    this.#history ??= createHistory(this.#past)
    return this.#history
  }

  /**
   * All of the document in one sealed file, and the key that opens it: what the relay has taken and this device has verified, with its history.
   * Rejects with `NOT_LOADED` where nothing of it is on this device yet. [EX1]
   */
  exportDocument(): Promise<DocumentExport> {
    return exportPast(this.#past)
  }

  connect(): void {
    this.#document.line.connect()
  }

  /** Leaves the relay; edits are kept and sent after the next {@link connect}. */
  disconnect(): void {
    this.#document.disconnect()
  }

  override destroy(): void {
    this.doc.off('updateV2', this.#onUpdate)
    this.doc.off('destroy', this.#onDocDestroy)
    this.#document.destroy()
    this.#isDestroyed = true
    this.emit('destroy', [])
    // It has a timer of its own, which would keep a process alive.
    if (this.#ownsAwareness) this.awareness.destroy()
    super.destroy()
  }

  /** Sends what waits now instead of within 30 ms, and resolves as {@link whenSaved}. */
  flush(): Promise<void> {
    this.#document.flush()
    return this.whenSaved()
  }

  /** Resolves when every edit made so far is saved: acknowledged from disk, and counting. Never rejects: offline, it waits. */
  async whenSaved(): Promise<void> {
    // An earlier run may have left some.
    if (!this.loaded) await new Promise<void>((resolve) => this.once('loaded', resolve))
    if (this.unsyncedChanges > 0) await new Promise<void>((resolve) => this.once('saved', resolve))
  }

  /**
   * Resolves when every edit made so far is stored on this device, where `outbox` stores: it survives a closed tab, a crash, a dead battery, and
   * leaves once a relay is reached. [CL14]
   */
  whenKept(): Promise<void> {
    return this.#document.whenKept()
  }

  /** Resolves when {@link loaded} is true; rejects with `OFFLINE` when the provider is destroyed before. */
  whenLoaded(): Promise<void> {
    if (this.loaded) return Promise.resolve()
    if (this.#isDestroyed) return Promise.reject(this.#endedError())
    return awaitEvent(this, { loaded: () => true, destroy: () => this.#endedError() })
  }

  /** Resolves when {@link synced} is true; rejects with the reason when the provider is closed for good before, and with `OFFLINE` when destroyed. */
  whenSynced(): Promise<void> {
    if (this.synced) return Promise.resolve()
    if (this.#isDestroyed) return Promise.reject(this.#endedError())
    return awaitEvent(this, {
      synced: (synced) => synced === true,
      closed: (reason) => closedError(reason as DownReason),
      destroy: () => this.#endedError(),
    })
  }

  /** Forgets one of {@link setAside}, for good. */
  dismissSetAside(id: string): void {
    this.#document.own.sender?.setAside.dismiss(id)
  }

  /** Remote edits wait from now on (an input method composes); local ones still leave. */
  holdRemote(): void {
    this.#document.gate.hold()
  }

  /** Applies what waited, in one transaction, and goes on. */
  releaseRemote(): void {
    this.#document.gate.release()
  }

  /**
   * Makes the change that `intent` says, as a record of the member log. Resolves with it once the relay has it on disk and it counts, and
   * with `null` where there was nothing to do; offline it waits. Where somebody else was faster, `intent` is asked again. Rejects with
   * `LAST_ADMIN`, `FORBIDDEN`, `KEY_MISSING` and the like where the change cannot be, with the relay's refusal, with why the document was
   * closed for good, and with `OFFLINE` when the provider is destroyed before. [CL10]
   */
  changeMembers(intent: Intent): Promise<MemberRecord | null> {
    return this.#document.changeMembers(intent)
  }

  /** Deletes the document for everybody, for ever. Resolves when the relay has; rejects with the refusal, or `OFFLINE`. */
  deleteDocument(): Promise<void> {
    if (!this.#document.line.send({ type: 'delete', document: this.documentId })) {
      return Promise.reject(new SyncError('OFFLINE', 'the document is not open at the relay'))
    }
    return awaitEvent(this, {
      deleted: () => true,
      requestRefused: (refusal) => new SyncError((refusal as SendProblem).code, (refusal as SendProblem).message),
    })
  }

  /** Why nothing will come any more. */
  #endedError(): SyncError {
    const { ended } = this.#document.line
    return ended === null ? new SyncError('OFFLINE', 'the provider was destroyed before') : closedError(ended)
  }

  readonly #onDocDestroy = (): void => this.destroy()
}
