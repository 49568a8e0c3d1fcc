/**
 * A relay that shows less than this device has verified: it is shown its own signature, and given back what the device has kept of what it
 * lost. Nothing is overwritten, and nothing else leaves, until it shows all of it again. Rules LO6, LO14, CL30, FR16.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  SyncError,
  verifySignedHead,
  type IdsFrame,
  type NackFrame,
  type OpenedFrame,
  type PlacedRecord,
  type RecordsFrame,
  type RestoredFrame,
  type SignedHead,
} from '@y-sealed/protocol'
import type { LogMismatch } from '../log/follower.ts'
import { isGivenUp } from '../log/given-up.ts'
import { copyEnvelope } from '../members/copy-envelope.ts'
import { startTimer, type Cancel } from '../platform.ts'
import { Exchange, type Turn } from './exchange.ts'
import { readOtherRecords, type OtherRecords } from './find-restart.ts'
import { ForkWitness } from './fork-witness.ts'
import { Giver } from './giver.ts'
import type { HealerOptions } from './healer-options.ts'
import { LeftRelay, type LeftFor, type Mismatch } from './left-relay.ts'
import { LogRestart } from './log-restart.ts'
import { RelayLack } from './relay-lack.ts'
import { Spoils, type Spoil } from './spoils.ts'

/** Frames of this one's. */
const OWN_FRAMES: ReadonlySet<number> = new Set([
  CLIENT_FRAME['show-head'],
  CLIENT_FRAME['show-ids'],
  CLIENT_FRAME.restore,
  CLIENT_FRAME['read-ids'],
])
/** What somebody else may have to give back is asked for again after so long. */
const PATIENCE_MS = 10_000
/** A relay that says that it lacks nothing, and shows less all the same, is not asked a fourth time. */
const MAX_DENIALS = 3

export class Healer {
  readonly #options: HealerOptions
  #opened: OpenedFrame | null = null
  #isFallen = false
  /** A relay that was left shows what was verified: its records are to tell whether what it was left for is given up. */
  #isAsking = false
  /** Where the log is read anew. */
  #since: number | undefined
  #code: Mismatch = 'ROLLBACK'
  #denials = 0
  readonly #spoils = new Spoils()
  /** That it is made good is said once the log is read: OPENED alone does not show it. */
  #isUntold = false
  /** It went another way behind where its marks begin, by what stands in a snapshot: only a restart explains that. */
  #isBehind = false
  /** For what it has left: the relay has signed them, and they do not fit the log that was verified here. */
  #beside: readonly SignedHead[] = []
  #records: PlacedRecord[] = []
  readonly #exchange: Exchange
  readonly #restart: LogRestart
  readonly #giver: Giver
  readonly #witness: ForkWitness
  readonly #left: LeftRelay
  readonly #lack: RelayLack
  /** What was under way then ends without a word. */
  #isDestroyed = false
  /** Runs while others may have what this device has not. */
  #timer: Cancel | null = null

  constructor(options: HealerOptions) {
    this.#options = options
    const { access, history, headKey, onProof, send } = options
    const exchange = new Exchange(send)
    this.#exchange = exchange
    this.#restart = new LogRestart({ ...options, exchange })
    this.#giver = new Giver({ access, history, exchange })
    this.#witness = new ForkWitness({
      access,
      history,
      exchange,
      headKey,
      onProof: (seq, proof) => {
        this.#left.proven()
        onProof(seq, proof)
      },
    })
    this.#left = new LeftRelay(options, () => history.follower.resume())
    this.#lack = new RelayLack({
      isSigned: ({ lost, head }) => this.#isSigned(lost) && this.#isSigned(head),
      ask: () => history.follower.furthest !== null && this.#giver.showHead(history.follower.furthest),
      onLasting: (seq) => options.onFallen('ROLLBACK', seq),
      onOver: (seq) => options.onHealed(seq),
    })
  }

  /** The relay has shown less than was verified, and has not made up for it yet. */
  get isFallen(): boolean {
    return this.#isFallen || this.#isAsking
  }

  /** OPENED does not hold what this device has verified. What is to be done is decided when the records have come. */
  fallen(frame: OpenedFrame, code: LogMismatch): void {
    this.closed()
    this.#lack.forget()
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
    if (this.#isBehind) {
      // Where it parts from what was verified nobody can show any more: its records decide.
      this.#opened = frame
      return
    }
    if (this.#options.isLooking()) {
      if (this.#left.mayGoOn) return this.#options.goOn()
      // It shows this history again, which proves nothing against another one that it has shown: that is given up by a restart alone.
      this.#options.history.follower.passOver()
      this.#opened = frame
      this.#isAsking = true
      return
    }
    // What was left for being spoilt is over once the log has come to what is signed.
    if (this.#spoils.isPast(this.#signedSeq)) this.#left.endLooks()
    if (this.#isFallen && !this.#isUntold) this.#tellHealed(frame.head.seq)
    this.#isFallen = false
    this.#denials = 0
    if (!this.#lack.isInsisted) this.#restart.done()
    this.#lack.opened()
  }

  /** The relay refuses what is sent to it, for it lacks something. */
  lacks(): void {
    if (!this.#isFallen) this.#lack.refuses()
  }

  /** The log is read to the head of OPENED, and believed. */
  caughtUp(): void {
    if (!this.#isUntold) return
    this.#isUntold = false
    this.#tellHealed(this.#options.history.log.head.seq)
  }

  /**
   * The app gives up what the relay lacks, if that is how it is: an admin's word, in `shared-key` mode anybody's. Resolves when the log goes on; rejects
   * with `FORBIDDEN`, and with why the relay was left, or closed the document for good, before. Offline it waits.
   */
  restart(): Promise<void> {
    const { history, resume } = this.#options
    const { refusal } = this.#restart
    if (refusal !== null) return Promise.reject(refusal)
    if (!this.#isFallen && !this.#lack.isKnown) return Promise.resolve()
    const restarted = this.#restart.ask()
    if (this.#isFallen) history.follower.resume()
    else this.#lack.insist()
    if (this.#isFallen || this.#lack.told === null) resume()
    else if (!this.#restart.isSent(this.#exchange.turn)) void this.#restartFor(this.#lack.told)
    return restarted
  }

  /** The document was closed for good: by the relay, or because that was left. */
  ended(error: SyncError): void {
    this.#failRestart(error)
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
    if (frame !== null) void this.#heal(frame, this.#exchange.turn)
  }

  /** RESTORED: an answer, or word that nothing is lacking any more. */
  restored(frame: RestoredFrame): void {
    this.#exchange.restored(frame)
    if (!this.#isFallen) this.#lack.hear(frame)
    if (frame.lost.seq > 0) {
      const { told, isInsisted } = this.#lack
      if (isInsisted && told !== null && !this.#restart.isSent(this.#exchange.turn)) void this.#restartFor(told)
      return
    }
    if (this.#isFallen) {
      if (this.#timer !== null) this.#options.reopen()
      return
    }
    this.#options.onWhole()
    this.#restart.done()
  }

  /** True when it was a frame of this one's that the relay refused. */
  refused({ refused }: NackFrame): boolean {
    if (!OWN_FRAMES.has(refused) || (refused === CLIENT_FRAME['read-ids'] && !this.#isFallen)) return false
    this.#exchange.refused()
    return true
  }

  /** The relay does not hand over this seq. If it has signed for it, it may have lost it: it is to know so, for others may have it. */
  withheld(seq: number): void {
    const { history, onWithheld } = this.#options
    onWithheld(seq)
    const { furthest } = history.follower
    if (furthest !== null && furthest.seq >= seq && !this.#isFallen) this.#giver.showHead(furthest)
  }

  /** The socket is gone, or the document is opened anew. */
  closed(): void {
    this.#exchange.begin()
    this.#lack.closed()
    this.#opened = null
    this.#isAsking = false
    this.#records = []
    this.#timer?.()
    this.#timer = null
  }

  /** Looks no more. */
  destroy(): void {
    this.#isDestroyed = true
    this.closed()
    this.#lack.forget()
    this.#left.endLooks()
    this.#failRestart(new SyncError('OFFLINE', 'the provider was destroyed before the log was restarted'))
  }

  /** The relay has signed what cannot be true together, or with the log: it is left, and that is proven where it can be. */
  forked(heads: readonly [SignedHead, ...SignedHead[]]): void {
    this.#beside = heads
    this.#leave('FORK', heads[0].seq, 'foreign')
    this.#prove(heads)
  }

  /**
   * What was handed over is nobody's word. It is asked for anew, from the newest place on for which the relay has signed; a relay that hands over
   * something else each time is left, and looked at now and then.
   */
  spoilt(spoil: Spoil): void {
    const kept = this.#signedSeq
    const againAfterMs = this.#spoils.add(spoil, kept)
    const isLeft = againAfterMs === null || this.#options.isLooking()
    if (spoil.of !== 'log') this.#options.history.follower.passOver()
    // Records are judged from the first on.
    this.#since = spoil.of === 'records' ? 1 : kept + 1
    const placed = { ...spoil, seq: Math.max(spoil.seq, kept + 1) }
    // Of what led to it people have heard already.
    if (!isLeft && !this.#isFallen && !this.#isUntold) this.#options.onFallen(placed.code, placed.seq)
    this.#isUntold ||= spoil.of !== 'head'
    void (isLeft ? this.#leaveSpoilt(placed, kept) : this.#readAnew(placed, kept, againAfterMs))
  }

  /**
   * A snapshot says, or the marks before it do, that the log went another way than this device has verified, and there is no place left at which
   * the two could be compared. What was verified stands, and the records are asked for: a restart may have given that up. [CL41]
   */
  forkedBehind(seq: number): void {
    const { onFallen, recall, reopen } = this.#options
    this.closed()
    this.#code = 'FORK'
    this.#isBehind = true
    if (!this.#isFallen) onFallen('FORK', seq)
    this.#isFallen = true
    void recall().then(reopen)
  }

  /** Marks of the relay's log, as it was asked for them. */
  ids({ ids }: IdsFrame): void {
    this.#exchange.ids(ids)
  }

  #tellHealed(seq: number): void {
    this.#options.onHealed(seq, this.#since)
    this.#since = undefined
  }

  /** The newest place that fits for which the relay has signed. */
  get #signedSeq(): number {
    return this.#options.history.follower.signedHead?.seq ?? 0
  }

  async #readAnew(spoil: Spoil, kept: number, afterMs: number): Promise<void> {
    const { reopen } = this.#options
    this.closed()
    this.#code = spoil.code
    this.#isFallen = true
    await this.#goBack(spoil, kept)
    // Whatever has come meanwhile was passed over.
    if (afterMs === 0) reopen()
    else this.#timer = startTimer(afterMs, reopen)
  }

  async #leaveSpoilt(spoil: Spoil, kept: number): Promise<void> {
    this.#isFallen = true
    // What is kept is what the next opening, or the next run, goes on from.
    await this.#goBack(spoil, kept)
    this.#leave(spoil.code, spoil.seq, 'spoilt')
    this.#prove(spoil.heads ?? [])
  }

  async #goBack({ of }: Spoil, kept: number): Promise<void> {
    const { rewind, rewindRecords, recall, pause } = this.#options
    switch (of) {
      case 'log':
        return await rewind(kept)
      case 'records':
        return await rewindRecords(kept)
      case 'snapshot':
        return await recall()
      case 'head':
        return pause()
    }
  }

  /** What the relay has signed may prove that it has shown two histories: two heads, or one and the newest that fits. */
  #prove([one, other = this.#options.history.follower.signedHead ?? undefined]: readonly SignedHead[]): void {
    if (one !== undefined && other !== undefined) void this.#witness.prove(one, other)
  }

  /** Its history is another one: asked for its marks while it answers, so that this can be proven, and then left. */
  async #stopForked(head: SignedHead, turn: Turn): Promise<void> {
    const { furthest, signedHead } = this.#options.history.follower
    const ours = furthest ?? signedHead
    const isTheirsLater = ours !== null && head.seq > ours.seq
    const marks = isTheirsLater ? await this.#witness.relayMarks(head.seq, turn) : null
    this.#leave('FORK', head.seq, 'foreign')
    if (ours === null) return
    await (isTheirsLater
      ? this.#witness.prove(head, ours, () => Promise.resolve(marks))
      : this.#witness.prove(head, ours))
  }

  /** Who was told that it will not be has withdrawn the wish: it is not sent at a later opening. */
  #failRestart(error: SyncError): void {
    this.#lack.relent()
    this.#restart.fail(error)
  }

  #leave(code: Mismatch, seq: number, why: LeftFor): void {
    // It would be looked at for ever.
    if (this.#isDestroyed) return
    this.#code = code
    this.#left.leave(code, seq, why)
  }

  async #heal(frame: OpenedFrame, turn: Turn): Promise<void> {
    const { history, reopen, rewind } = this.#options
    const { log, follower } = history
    const furthest = follower.furthest
    const kept = follower.signedHead?.seq ?? 0
    const relaySeq = frame.present ? frame.head.seq : 0
    const others = readOtherRecords(this.#options.access, this.#records, log.recordHead)
    // What this device has was given up: it goes on with the others, and writes anew what is its own. Where the relay keeps nothing by which a
    // restart could name it, who may decide that decides for this device.
    // A relay that has nothing has no restart either.
    const given = frame.present ? (others?.given ?? []) : []
    const isGiven = [...this.#beside, ...(furthest === null ? [] : [furthest])].some((head) => isGivenUp(given, head))
    const { isAsked } = this.#restart
    if (others?.holdsOurs === true && (isGiven || (this.#isBehind && isAsked))) {
      return await this.#follow(turn)
    }
    if (this.#options.isLooking() || this.#isBehind) return this.#leave(this.#code, relaySeq, 'foreign')
    if (furthest === null || (relaySeq >= furthest.seq && log.head.seq > kept)) {
      // Nobody has a signature for what follows: it is offered, or written anew by those who wrote it.
      const isOffered =
        frame.present && this.#isOurs(frame.head) && (await this.#giver.give(relaySeq, log.head.seq, turn))
      if (turn !== this.#exchange.turn) return
      if (!isOffered) {
        this.#since = kept + 1
        await rewind(kept)
      }
      return reopen()
    }
    if (!this.#giver.showHead(furthest)) return
    const told = await this.#exchange.nextTold(turn)
    if (told === null) return this.#wait(turn)
    // By a head the relay cannot tell what a restart gave up from what it has lost since, of the log that went on, before the place that it names.
    if (told.lost.seq === 0 && others?.holdsOurs === true && isGivenUp(log.givenUp, furthest))
      return await this.#follow(turn)
    if (told.lost.seq === 0 || !this.#isSigned(told.lost) || !this.#isSigned(told.head)) return this.#deny(relaySeq)
    // Its log has gone on without them, or is another one: nothing that is given back would follow it.
    const isForeign = this.#isForeign(told.head)
    const isElsewhere = told.head.seq >= told.lost.seq || (isForeign && told.head.seq <= kept)
    if (isAsked && (isElsewhere || kept <= told.head.seq)) return await this.#restartAt(told, others, turn)
    if (isElsewhere) return await this.#stopForked(told.head, turn)
    if (isForeign) {
      // What this device has there nobody has signed.
      this.#since = kept + 1
      await rewind(kept)
      return reopen()
    }
    if (kept > told.head.seq && !(await this.#giver.giveSigned(told.head.seq, kept, turn))) {
      // It has not kept them itself, for others vouch for a snapshot in their place.
      const isLacking = turn === this.#exchange.turn && !(await this.#giver.keeps(told.head.seq, kept))
      if (isAsked && isLacking && turn === this.#exchange.turn) return await this.#restartAt(told, others, turn)
      return this.#wait(turn)
    }
    if (turn !== this.#exchange.turn) return
    await this.#giver.give(kept, log.head.seq, turn)
    return this.#wait(turn)
  }

  /** What this device has was given up by a restart: it reads the log anew that goes on. */
  async #follow(turn: Turn): Promise<void> {
    this.#since = 1
    this.#isBehind = false
    this.#beside = []
    this.#isFallen = true
    await this.#options.abandon()
    if (turn !== this.#exchange.turn) return
    this.#left.endLooks()
    this.#options.goOn()
  }

  async #restartAt(told: RestoredFrame, others: OtherRecords | null, turn: Turn): Promise<void> {
    const { refusal } = this.#restart
    if (refusal !== null) this.#failRestart(refusal)
    // A record that this device has accepted is never undone.
    else if (!(await this.#restart.send(told, others))) return this.#leave('FORK', told.head.seq, 'foreign')
    return this.#wait(turn)
  }

  /** The same where this device misses nothing: others were shown what the relay lacks, and the log that goes on is this device's own. */
  async #restartFor(told: RestoredFrame): Promise<void> {
    const { access, history } = this.#options
    await this.#restartAt(told, readOtherRecords(access, [], history.log.recordHead), this.#exchange.turn)
  }

  /** Is this a place of the log that was verified here? */
  #isOurs({ seq, transcript }: SignedHead): boolean {
    return seq === 0 || this.#options.history.log.compareTranscript(seq, transcript) === 'same'
  }

  /** Has another entry been verified at this place? */
  #isForeign({ seq, transcript }: SignedHead): boolean {
    return seq > 0 && this.#options.history.log.compareTranscript(seq, transcript) === 'different'
  }

  /** Has the relay signed it? */
  #isSigned(head: SignedHead): boolean {
    const key = this.#options.headKey()
    const isStart = head.seq === 0
    return isStart || (key !== null && verifySignedHead(this.#options.access.documentId, head, key))
  }

  /** The relay says that it lacks nothing, or what it has not signed: another opening will show it, but for a relay that lies. */
  #deny(relaySeq: number): void {
    this.#denials += 1
    if (this.#denials > MAX_DENIALS) return this.#leave(this.#code, relaySeq, 'denial')
    this.#options.reopen()
  }

  /** Until all is there, by whomever it comes; asked for again now and then. */
  #wait(turn: Turn): void {
    if (turn !== this.#exchange.turn) return
    const { reopen } = this.#options
    if (this.#exchange.told?.lost.seq === 0) return reopen()
    this.#timer = startTimer(PATIENCE_MS, reopen)
  }
}
