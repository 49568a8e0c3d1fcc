/**
 * A relay that shows less than this device has verified: it is shown its own signature, and given back what the device has kept of what it
 * lost. Nothing is overwritten, and nothing else leaves, until it shows all of it again. Rules LO6, LO14, CL30, FR16.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  SyncError,
  MARK_BYTES,
  type Bytes,
  type ClientFrame,
  type IdsFrame,
  type NackFrame,
  type OpenedFrame,
  type PlacedRecord,
  type RecordsFrame,
  type RestoredFrame,
  type SignedHead,
} from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import type { LogMismatch } from '../log/follower.ts'
import type { History } from '../log/history.ts'
import { startTimer, type Cancel } from '../platform.ts'
import { proveFork } from '../evidence/prove-fork.ts'
import { isGivenUp, readOtherRecords, type OtherRecords } from './find-restart.ts'
import { sealRestart } from './seal-restart.ts'
import { copyEnvelope } from '../members/copy-envelope.ts'
import { marksToFrames, readMarks, restoreFrames } from './give-back.ts'

/** Frames on their way: the relay works off a few at a time. */
const WINDOW = 4
/** What somebody else may have to give back is asked for again after so long. */
const PATIENCE_MS = 10_000
/** A relay that says that it lacks nothing, and shows less all the same, is not asked a fourth time. */
const MAX_DENIALS = 3
/** More marks of a relay's log are not asked for to prove something. */
const MAX_ASKED_MARKS = 262_144

export interface HealerOptions {
  readonly access: DocumentAccess
  readonly history: History
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
  readonly reopen: () => void
  /** The log goes back to this seq, beyond which nothing was signed: own edits behind it go out anew. */
  readonly rewind: (toSeq: number) => Promise<void>
  /** All of the log is given up: own edits that the other one lacks go out anew. */
  readonly abandon: () => Promise<void>
  /** Connects again, whatever has stopped it. */
  readonly resume: () => void
  /** May this device give up what was lost? */
  readonly mayRestart: () => boolean
  readonly device: () => Device | null
  /** The relay's log does not hold what was verified: it is being healed. */
  readonly onFallen: (code: LogMismatch, seq: number) => void
  /** It holds it again; what stands from `since` on was read anew. */
  readonly onHealed: (seq: number, since?: number) => void
  readonly onWithheld: (seq: number) => void
  /** The relay lacks nothing any more: what it refused meanwhile may go out. */
  readonly onWhole: () => void
  /** It cannot be healed by giving back. */
  readonly onMismatch: (code: LogMismatch, seq: number) => void
  /** The relay's head key, once it is known. */
  readonly headKey: () => Bytes | null
  /** The relay's own signatures prove that it has shown two histories. */
  readonly onProof: (seq: number, proof: Bytes) => void
}

export class Healer {
  readonly #options: HealerOptions
  #opened: OpenedFrame | null = null
  #isFallen = false
  /** Where the log is read anew. */
  #since: number | undefined
  #code: LogMismatch = 'ROLLBACK'
  #denials = 0
  #records: PlacedRecord[] = []
  /** Who waits for a restart that they asked for. */
  readonly #onRestarted: (() => void)[] = []
  /** Counts openings: work of an earlier one stops. */
  #turn = 0
  #outstanding = 0
  #told: RestoredFrame | null = null
  #isRefused = false
  #ids: Bytes | null = null
  #wake: (() => void) | null = null
  #timer: Cancel | null = null

  constructor(options: HealerOptions) {
    this.#options = options
  }

  /** The relay has shown less than was verified, and has not made up for it yet. */
  get isFallen(): boolean {
    return this.#isFallen
  }

  /** OPENED does not hold what this device has verified. What is to be done is decided when the records have come. */
  fallen(frame: OpenedFrame, code: LogMismatch): void {
    this.closed()
    this.#opened = frame
    this.#code = code
    if (!this.#isFallen) this.#options.onFallen(code, frame.head.seq)
    this.#isFallen = true
    // Of a document that is not there no records come.
    if (!frame.present) this.recordsTold()
  }

  /** OPENED holds all that was verified. */
  well(frame: OpenedFrame): void {
    this.closed()
    if (this.#isFallen) this.#options.onHealed(frame.head.seq, this.#since)
    this.#isFallen = false
    this.#since = undefined
    this.#denials = 0
    for (const resolve of this.#onRestarted.splice(0)) resolve()
  }

  /** The app gives up what the relay lacks, if that is how it is: an admin's word, in `shared-key` mode anybody's. Resolves when the log goes on. */
  restart(): Promise<void> {
    const { mayRestart, history, resume } = this.#options
    if (!mayRestart()) return Promise.reject(new SyncError('FORBIDDEN', 'only an admin gives up what was lost'))
    if (!this.#isFallen) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onRestarted.push(resolve)
      history.follower.resume()
      resume()
    })
  }

  /** Records of a log that is not the one verified here. */
  records({ records, more }: RecordsFrame): void {
    this.#records.push(...records.map(({ seq, envelope }) => ({ seq, envelope: copyEnvelope(envelope) })))
    if (!more) this.recordsTold()
  }

  /** All records of this opening have come. */
  recordsTold(): void {
    const frame = this.#opened
    this.#opened = null
    if (frame !== null) void this.#heal(frame, this.#turn)
  }

  /** RESTORED: an answer, or word that nothing is lacking any more. */
  restored(frame: RestoredFrame): void {
    this.#told = frame
    this.#outstanding = Math.max(0, this.#outstanding - 1)
    this.#wake?.()
    if (!this.#isFallen && frame.lost.seq === 0) this.#options.onWhole()
  }

  /** True when it was a frame of this one's that the relay refused. */
  refused({ refused }: NackFrame): boolean {
    const isOurs = (
      [CLIENT_FRAME['show-head'], CLIENT_FRAME['show-ids'], CLIENT_FRAME.restore, CLIENT_FRAME['read-ids']] as number[]
    ).includes(refused)
    if (!isOurs || (refused === CLIENT_FRAME['read-ids'] && !this.#isFallen)) return false
    this.#isRefused = true
    this.#wake?.()
    return true
  }

  /** The relay does not hand over this seq. If it has signed for it, it may have lost it: it is to know so, for others may have it. */
  withheld(seq: number): void {
    const { history, onWithheld } = this.#options
    onWithheld(seq)
    const { furthest } = history.follower
    if (furthest !== null && furthest.seq >= seq && !this.#isFallen) this.#showHead(furthest)
  }

  /** The socket is gone, or the document is opened anew. */
  closed(): void {
    this.#turn += 1
    this.#opened = null
    this.#records = []
    this.#outstanding = 0
    this.#told = null
    this.#isRefused = false
    this.#timer?.()
    this.#timer = null
    this.#wake?.()
    this.#wake = null
  }

  /** Nothing of the relay is believed any more; what it has signed may prove why. `heads`: what cannot be true together, or with the log. */
  stopped(code: LogMismatch, seq: number, heads: readonly SignedHead[] = []): void {
    this.#options.onMismatch(code, seq)
    const [one, other] = [heads[0] ?? null, heads[1] ?? this.#options.history.follower.signedHead]
    if (one !== null && other !== null) void this.#prove(one, other, (later) => this.#ownMarks(later.seq))
  }

  /** Marks of the relay's log, as it was asked for them. */
  ids({ ids }: IdsFrame): void {
    this.#ids = ids
    this.#wake?.()
  }

  /** Its history is another one: asked for its marks while it answers, so that this can be proven, and then left. */
  async #stopForked(head: SignedHead, turn: number): Promise<void> {
    const { history, onMismatch } = this.#options
    const { furthest, signedHead } = history.follower
    const ours = furthest ?? signedHead
    const isTheirsLater = ours !== null && head.seq > ours.seq
    const marks = isTheirsLater ? await this.#relayMarks(head.seq, turn) : null
    onMismatch('FORK', head.seq)
    if (ours === null) return
    await this.#prove(head, ours, (later) => (isTheirsLater ? Promise.resolve(marks) : this.#ownMarks(later.seq)))
  }

  async #prove(
    one: SignedHead,
    other: SignedHead,
    marksOfLater: (later: SignedHead) => Promise<readonly Bytes[] | null>,
  ): Promise<void> {
    const { access, headKey, onProof } = this.#options
    const key = headKey()
    if (key === null) return
    const evidence = { genesisHash: access.genesisHash, headKey: key, one, other, marksOfLater }
    const proof = await proveFork(evidence).catch(() => null)
    if (proof !== null) onProof(Math.min(one.seq, other.seq), proof)
  }

  #ownMarks(throughSeq: number): Promise<readonly Bytes[]> {
    const { history } = this.#options
    return readMarks(history.readKept, (epoch) => history.log.authority.commitmentOf(epoch), 1, throughSeq)
  }

  async #relayMarks(throughSeq: number, turn: number): Promise<readonly Bytes[] | null> {
    const { access, send } = this.#options
    const marks: Bytes[] = []
    while (marks.length < Math.min(throughSeq, MAX_ASKED_MARKS)) {
      this.#ids = null
      if (!send({ type: 'read-ids', document: access.documentId, after: marks.length, through: throughSeq }))
        return null
      while (turn === this.#turn && this.#ids === null && !this.#isRefused) if (!(await this.#pause())) return null
      const page = this.#takeIds()
      if (page.length === 0) return null
      for (let at = 0; at < page.length; at += MARK_BYTES) marks.push(page.slice(at, at + MARK_BYTES))
    }
    return marks
  }

  #takeIds(): Bytes {
    const page = this.#ids ?? new Uint8Array(0)
    this.#ids = null
    return page
  }

  #showHead(head: SignedHead): boolean {
    const { access, send } = this.#options
    return send({ type: 'show-head', genesisHash: access.genesisHash, head })
  }

  async #heal(frame: OpenedFrame, turn: number): Promise<void> {
    const { history, reopen, rewind } = this.#options
    const { log, follower } = history
    const furthest = follower.furthest
    const kept = follower.signedHead?.seq ?? 0
    const relaySeq = frame.present ? frame.head.seq : 0
    const others = readOtherRecords(this.#options.access, this.#records, log.recordHead)
    // What this device has was given up: it goes on with the others, and writes anew what is its own.
    if (others?.holdsOurs === true && furthest !== null && isGivenUp(others.given, furthest)) {
      this.#since = 1
      await this.#options.abandon()
      return turn === this.#turn ? reopen() : undefined
    }
    if (furthest === null || (relaySeq >= furthest.seq && log.head.seq > kept)) {
      // Nobody has a signature for what follows: it is offered, or written anew by those who wrote it.
      const isOffered = frame.present && this.#isOurs(frame.head) && (await this.#give(relaySeq, log.head.seq, turn))
      if (turn !== this.#turn) return
      if (!isOffered) {
        this.#since = kept + 1
        await rewind(kept)
      }
      return reopen()
    }
    if (!this.#showHead(furthest)) return
    const told = await this.#nextTold(turn)
    if (told === null) return this.#wait(turn)
    if (told.lost.seq === 0) return this.#deny(relaySeq)
    // Its log has gone on without them, or is another one: nothing that is given back would follow it.
    const isElsewhere = told.head.seq >= told.lost.seq || this.#isForeign(told.head)
    const isAsked = this.#onRestarted.length > 0
    if (isAsked && (isElsewhere || kept <= told.head.seq)) return await this.#restartAt(told, others, turn)
    if (isElsewhere) {
      return await this.#stopForked(told.head, turn)
    }
    if (kept > told.head.seq && !(await this.#giveSigned(told.head.seq, kept, turn))) return this.#wait(turn)
    if (turn !== this.#turn) return
    await this.#give(kept, log.head.seq, turn)
    return this.#wait(turn)
  }

  /** Gives up what the relay lacks, upon its own head. Whether it took that is seen at the next opening. */
  async #restartAt(told: RestoredFrame, others: OtherRecords | null, turn: number): Promise<void> {
    const { access, device, onMismatch, send } = this.#options
    const author = device()
    // A record that this device has accepted is never undone.
    if (others?.holdsOurs !== true || author === null) return onMismatch('FORK', told.head.seq)
    send({ type: 'push', envelopes: [sealRestart(access, author, others, told)] })
    await this.#nextTold(turn)
    return this.#wait(turn)
  }

  /** Is this a place of the log that was verified here? */
  #isOurs({ seq, transcript }: SignedHead): boolean {
    return seq === 0 || this.#options.history.log.compareTranscript(seq, transcript) === 'same'
  }

  /** Has another entry been verified at this place? */
  #isForeign({ seq, transcript }: SignedHead): boolean {
    return seq > 0 && this.#options.history.log.compareTranscript(seq, transcript) === 'different'
  }

  /** The relay says that it lacks nothing: another opening will show it, but for a relay that lies. */
  #deny(relaySeq: number): void {
    this.#denials += 1
    if (this.#denials > MAX_DENIALS) return this.#options.onMismatch(this.#code, relaySeq)
    this.#options.reopen()
  }

  /** Shows the marks up to a signed head, and gives the entries. False where the relay does not take them, or not all are kept. */
  async #giveSigned(relaySeq: number, throughSeq: number, turn: number): Promise<boolean> {
    const { history, access } = this.#options
    const head = history.follower.signedHead
    const commitmentOf = (epoch: number): ReturnType<typeof history.log.authority.commitmentOf> =>
      history.log.authority.commitmentOf(epoch)
    const marks = await readMarks(history.readKept, commitmentOf, relaySeq + 1, throughSeq)
    if (head === null || marks.length < throughSeq - relaySeq || turn !== this.#turn) return false
    // What others hold further on is theirs to give.
    if (!(await this.#post({ type: 'show-head', genesisHash: access.genesisHash, head }, turn))) return false
    for (const show of marksToFrames(access.documentId, relaySeq + 1, marks)) {
      if (!(await this.#post(show, turn))) return false
    }
    return await this.#give(relaySeq, throughSeq, turn)
  }

  /** Gives kept entries back; false where the relay does not take them. */
  async #give(afterSeq: number, throughSeq: number, turn: number): Promise<boolean> {
    if (afterSeq >= throughSeq) return true
    for await (const frame of restoreFrames(this.#options.history.readKept, afterSeq + 1, throughSeq)) {
      if (!(await this.#post(frame, turn))) return false
    }
    while (turn === this.#turn && this.#outstanding > 0 && !this.#isRefused) if (!(await this.#pause())) return false
    return turn === this.#turn && !this.#isRefused && (this.#told?.head.seq ?? 0) >= throughSeq
  }

  /** Sends a frame once few enough are unanswered. */
  async #post(frame: ClientFrame, turn: number): Promise<boolean> {
    while (turn === this.#turn && this.#outstanding >= WINDOW && !this.#isRefused)
      if (!(await this.#pause())) return false
    if (turn !== this.#turn || this.#isRefused || !this.#options.send(frame)) return false
    this.#outstanding += 1
    return true
  }

  async #nextTold(turn: number): Promise<RestoredFrame | null> {
    this.#told = null
    this.#outstanding += 1
    while (turn === this.#turn && this.#told === null && !this.#isRefused) if (!(await this.#pause())) return null
    return turn === this.#turn ? this.#told : null
  }

  /** Until the relay says something; false when it has said nothing for too long. */
  #pause(): Promise<boolean> {
    return new Promise((resolve) => {
      const stop = startTimer(PATIENCE_MS, () => end(false))
      const end = (isAnswered: boolean): void => {
        stop()
        this.#wake = null
        resolve(isAnswered)
      }
      this.#wake = () => end(true)
    })
  }

  /** Until all is there, by whomever it comes; asked for again now and then. */
  #wait(turn: number): void {
    if (turn !== this.#turn) return
    const { reopen } = this.#options
    if (this.#told?.lost.seq === 0) return reopen()
    this.#wake = () => {
      if (this.#told?.lost.seq === 0) reopen()
    }
    this.#timer = startTimer(PATIENCE_MS, reopen)
  }
}
