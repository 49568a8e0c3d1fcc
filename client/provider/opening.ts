/**
 * How far a document has come with its relay: opened, its records told, its history read. Then it is live, and what is ours may leave, until
 * the line is down or the document has to be opened anew. Rules CL10, CL11, FR5, LO6.
 *
 * @module
 */
import type { OpenedFrame, RecordsFrame, RefreshedFrame } from '@y-sealed/protocol'
import type { DocumentParts } from './document-parts.ts'
import { downReason, REMOVED } from './down-reason.ts'
import type { Standing } from './standing.ts'
import { ToldRights } from './told-rights.ts'

export interface OpeningOptions extends DocumentParts {
  readonly standing: Standing
  /** What was kept is read. */
  readonly isLoaded: () => boolean
}

export class Opening {
  readonly #options: OpeningOptions
  readonly #told: ToldRights
  #isLive = false
  #hasRecords = false
  /** The epoch under which presence was shown last. */
  #shownEpoch: number | null = null

  constructor(options: OpeningOptions) {
    this.#options = options
    this.#told = new ToldRights(options.standing, options.emit)
  }

  /** History is read on this opening, and edits may leave. */
  get isLive(): boolean {
    return this.#isLive
  }

  /** RECORDS of this opening has come to its end. */
  get hasRecords(): boolean {
    return this.#hasRecords
  }

  /** OPENED: history is read on from where this device is, or from a snapshot; or the document is laid down. */
  opened(frame: OpenedFrame): void {
    const { history, healer, line, standing, foundation } = this.#options
    this.pause()
    // It asked from within a trial that the last socket took with it, and of which nothing is shown. [CL41]
    if (history.isAdrift) return this.#readAgain()
    standing.grant(frame)
    this.#followRights()
    line.opened(frame.present ? frame.head.seq : 0)
    this.#hasRecords = false
    const snapshots = this.#options.snapshots()
    history.follower.opened(frame, snapshots?.begin(frame))
    if (healer.isFallen) snapshots?.opening.closed()
    const device = this.#options.device()
    const isSettled = frame.present || line.halted || healer.isFallen
    if (isSettled || (device && foundation.lay(device))) return
    line.down(downReason('UNKNOWN_DOCUMENT', 'the relay knows no such document'))
  }

  /** RECORDS, ahead of the entries. */
  recordsTold(frame: RecordsFrame): void {
    const { healer, desk, snapshots } = this.#options
    // Those of a log that is not the one verified here say nothing yet.
    if (healer.isFallen) return healer.records(frame)
    desk?.take(frame)
    if (frame.more) return
    this.#hasRecords = true
    this.followMembers()
    snapshots()?.opening.recordsCame()
  }

  /** REFRESHED: a new token, or a new role, is in force. */
  refreshed(frame: RefreshedFrame): void {
    const { standing, desk, own } = this.#options
    standing.grant(frame)
    desk?.refreshed()
    this.#followRights()
    own.sender?.refreshed()
  }

  /**
   * The log has come to the relay's head: the document is live. What was sent on an earlier opening may have been lost: everything unacknowledged
   * goes out again.
   */
  async caughtUp(isWhole: boolean): Promise<void> {
    const { history, healer, desk, own, line, standing } = this.#options
    const snapshots = this.#options.snapshots()
    if (snapshots?.opening.isOnTrial && !(await snapshots.opening.judge())) return
    if (line.status !== 'connected') return
    // Nothing is called read, and nothing leaves, upon less than this device has accepted before, or than its keys open. [CL11]
    if (!this.#isLive && desk?.opened() === false) return
    if (!this.#isLive && history.log.opensMore) return this.#readAgain()
    healer.caughtUp()
    if (isWhole) line.setSynced()
    // An entry that waits for its signature must not keep others from writing: what they write ends the wait. [EN13]
    if (this.#isLive) return
    this.#isLive = true
    this.#shownEpoch = history.log.openEpoch
    if (!standing.readOnly) own.sender?.opened()
    else if (standing.isOutdated) line.refresh()
    snapshots?.desk.opened()
    this.#options.quoter()?.opened()
    own.presence?.announce()
    own.changed()
  }

  /** Records have come, ahead of the log or in it: who may do what, and under which key, may be different now. */
  followMembers(): void {
    const { history, desk, own, line, isLoaded } = this.#options
    if (desk === null || line.ended !== null) return
    const { membership } = desk
    desk.advance()
    this.#followRights()
    // What is kept may be of a time before it came back: the relay is asked first.
    if (membership.isRemoved && isLoaded()) return line.down(REMOVED)
    if (!this.#isLive) return
    if (history.log.opensMore) return this.#readAgain()
    const epoch = history.log.openEpoch
    if (epoch === this.#shownEpoch) return
    this.#shownEpoch = epoch
    own.sender?.rekey()
    own.presence?.dropStrangers((device) => membership.roleOf(device) !== 'none')
    own.presence?.announce()
  }

  /** Nothing leaves until the document has been opened again. */
  pause(): void {
    const { foundation, desk, own, snapshots, quoter } = this.#options
    this.#isLive = false
    foundation.forget()
    desk?.closed()
    own.sender?.closed()
    snapshots()?.closed()
    quoter()?.closed()
  }

  /** A key has come without which entries were passed over: from the first on, for what they say decides what counts after them. */
  #readAgain(): void {
    const { history, line } = this.#options
    this.pause()
    void history.restart().then(() => line.reopen())
  }

  /** Role, and right to write, may be others: the app is told, and edits leave or no longer do. */
  #followRights(): void {
    const { desk, own, line, standing } = this.#options
    const changed = this.#told.update()
    const { role, readOnly } = standing
    // The token was made for what this device might do before.
    if (changed.role && this.#isLive && desk !== null && role !== 'none') line.refresh()
    if (!this.#isLive || !changed.readOnly) return
    if (readOnly) own.sender?.closed()
    else own.sender?.opened()
  }
}
