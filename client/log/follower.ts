/**
 * Follows the relay's log: takes entries without a gap, asks for those that are missing, and holds every head that the relay signs
 * against its own. It stops at the first that does not fit. Rules FR5–FR8, LO4, LO6.
 *
 * @module
 */
import { equalBytes, SyncError, type OpenedFrame, type SignedHead } from '@y-sealed/protocol'
import type { AskForSign } from '../connection/answer-watch.ts'
import { wallClock } from '../platform.ts'
import type { LogEntry, LogOutcome } from './document-log.ts'
import { isGivenUp } from './given-up.ts'
import { Reads } from './reads.ts'
import { Sequencer } from './sequencer.ts'
import { SignedHeads, type SignedHeadsOptions } from './signed-heads.ts'

/** Why the relay's log cannot be that of this document as this device knows it. [LO6] */
export type LogMismatch = 'ROLLBACK' | 'FORK' | 'LOG_INVALID' | 'BAD_HEAD'

/** Something was handed over that is nobody's word, and may have been spoilt on its way. */
export interface SpoiltHandover {
  /** `FORK`: it does not come to a head that the relay has signed. `LOG_INVALID`: no log of this document has it. `BAD_HEAD`: not signed. */
  readonly code: 'FORK' | 'LOG_INVALID' | 'BAD_HEAD'
  readonly seq: number
  /** What the relay has signed for that place. */
  readonly heads?: readonly SignedHead[]
}

const MAX_DOUBTED = 16

export interface FollowerOptions extends SignedHeadsOptions {
  /** Asks for entries after a seq; false when it could not be sent. */
  readonly read: (after: number) => boolean
  readonly askForSign: AskForSign
  /** Entries that are decided now, in log order. */
  readonly onOutcomes: (outcomes: readonly LogOutcome[]) => void
  /** The log has reached the head of OPENED; `isWhole` when nothing in it waits for a signature. */
  readonly onCaughtUp: (isWhole: boolean) => void
  /** What the relay has signed cannot be true together, or with the log up to where it has signed for it. Nothing more is taken. */
  readonly onForked: (heads: readonly [SignedHead, ...SignedHead[]]) => void
  /** Nothing more is taken until the log was begun anew ({@link LogFollower.restart}); after a bad head, until another OPENED. */
  readonly onSpoilt: (spoilt: SpoiltHandover) => void
  /** OPENED does not hold what was verified: until another one does, nothing of the relay is taken. */
  readonly onFallen: (frame: OpenedFrame, code: 'ROLLBACK' | 'FORK') => void
  /** OPENED holds all of it. */
  readonly onHeld: (frame: OpenedFrame) => void
  /** Entries were verified and follow what was there. */
  readonly onTaken?: (entries: readonly LogEntry[]) => void
  /** Everything after this seq waits for a signature. [EN13] */
  readonly onWaiting: (seq: number) => void
  /** The relay does not hand over this seq, though it has signed a head at or beyond it or shown an entry after it. */
  readonly onWithheld: (seq: number) => void
  /** What waited or was withheld from this seq on is there. */
  readonly onMadeGood: (seq: number) => void
  /** A head that the relay signed is not that of the log behind the newest signed one, which is nobody's word: an opening has to tell. */
  readonly onDoubt: () => void
}

export class LogFollower {
  readonly #options: FollowerOptions
  readonly #sequencer = new Sequencer()
  #target: SignedHead | null = null
  #confirmedAt: number | null = null
  readonly #heads: SignedHeads
  /** Signed heads that wait for an opening to be held against what is the log then. */
  #doubted: SignedHead[] = []
  readonly #reads: Reads
  /** The relay sends nothing live until a READ has reached its head. [FR14] */
  #lagging = false
  #reportedWaiting = 0
  #reportedWithheld = 0
  #stopped = false
  #isFallen = false
  /** Where to read from is being decided. [CL41] */
  #held = false

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#heads = new SignedHeads(options)
    this.#reads = new Reads({
      read: options.read,
      askForSign: options.askForSign,
      onOverdue: () => this.#reportWithheld(),
      onReady: () => this.#advance(),
    })
  }

  /** The newest head that the relay signed and that fits. */
  get signedHead(): SignedHead | null {
    return this.#heads.newest
  }

  /** When (Unix ms) the relay last showed a head, signed, that fits; `null` in a run in which it has shown none. */
  get confirmedAt(): number | null {
    return this.#confirmedAt
  }

  /** A socket has the document open. */
  get isOpen(): boolean {
    return this.#target !== null
  }

  /** At the relay's head by all that is known, and no READ is unanswered. */
  get isIdle(): boolean {
    return this.isOpen && this.#reads.isIdle && !this.#held && !this.#isBehind()
  }

  /** A READ may leave that could not before. */
  nudge(): void {
    this.#advance()
  }

  /** The furthest head that the relay has signed, reached or not. */
  get furthest(): SignedHead | null {
    return this.#heads.furthest
  }

  /** A socket opened the document: its head is where history ends and live begins. Held, nothing is taken or read until {@link release}. */
  opened(frame: OpenedFrame, isHeld = false): void {
    this.closed()
    this.#isFallen = false
    if (this.#stopped) return
    this.#held = isHeld
    const { log } = this.#options
    const { seq } = log.head
    if (!frame.present) return seq > 0 || this.#heads.promises.furthest > 0 ? this.#fall(frame, 'ROLLBACK') : undefined
    if (!this.#heads.isSigned(frame.head)) return this.#refuse({ code: 'BAD_HEAD', seq: frame.head.seq })
    // By its own signature, shown here, to a peer, or in an earlier run, it had come further.
    if (frame.head.seq < Math.max(seq, this.#heads.promises.furthest)) return this.#fall(frame, 'ROLLBACK')
    if (frame.through < seq || this.#heads.contradicts(frame.head)) return this.#fall(frame, 'FORK')
    if (!this.#heads.add(frame.head)) return this.#stopForked(frame.head)
    this.#options.onHeld(frame)
    // Its records are to tell first.
    if (this.#isFallen) return
    // It has vouched for the log as far as it goes.
    for (const head of this.#doubted.splice(0)) {
      if (this.#isOfThePast(head)) continue
      if (this.#heads.contradicts(head) || !this.#heads.add(head)) return this.#stopForked(head)
    }
    this.#confirmedAt = wallClock()
    this.#target = frame.head
    this.#reads.expectInline(frame.through)
    this.#advance()
  }

  /** The socket is gone: what lies ahead of a gap will be read again. */
  closed(): void {
    this.#held = false
    this.#target = null
    this.#lagging = false
    this.#reads.closed()
    this.#sequencer.clear()
  }

  /** What the relay says is passed over until it opens the document anew. */
  passOver(): void {
    this.closed()
    this.#isFallen = true
  }

  offer(entries: readonly LogEntry[]): void {
    if (this.#isFallen) return
    const { seq } = this.#options.log.head
    this.#sequencer.offer(entries, seq)
    this.#advance()
    if (this.#options.log.head.seq > seq) this.#reads.brought()
  }

  /** It is decided: the log goes on from its head, wherever that is by now. */
  release(): void {
    this.#held = false
    this.#advance()
  }

  /** What comes by itself does not follow the log's head: that is asked for. */
  skipInline(): void {
    this.#reads.expectInline(0)
    this.#advance()
  }

  /** Says once more that the log has reached the head of OPENED, if it has. */
  caughtUpAgain(): void {
    this.#advance()
  }

  /** The newest head up to `seq` that the relay has signed and this device not passed. */
  promiseUpTo(seq: number): SignedHead | null {
    return this.#heads.promises.upTo(seq)
  }

  /** The log begins behind a snapshot that ends at `seq`: what was promised before, marks have to prove; what was for that very place fits, or not. */
  rebased(seq: number): void {
    const promise = this.#heads.promises.at(seq)
    this.#heads.promises.forget(seq)
    if (promise !== null && this.#heads.fits(promise)) this.#heads.fit(promise)
  }

  /** What an earlier run has kept of this relay's heads. */
  remember(head: SignedHead): void {
    this.#heads.promises.add(head)
  }

  /** Takes entries that an earlier run has kept. False when they are not what it has verified: they prove nothing but damage here. */
  load(entries: readonly LogEntry[]): boolean {
    this.#sequencer.offer(entries, this.#options.log.head.seq)
    return this.#takeRun() === null
  }

  /** What follows this seq is forgotten, and with it what was reported of it. */
  rewound(toSeq: number): void {
    if (this.#reportedWaiting > toSeq) this.#reportedWaiting = 0
    if (this.#reportedWithheld > toSeq) this.#reportedWithheld = 0
  }

  /** The log is read again from its start. What the relay has signed for, it must show once more. */
  restart(): void {
    this.#options.log.restart()
    this.#heads.restart()
    this.#stopped = false
    this.closed()
  }

  /** The log is read anew, and nothing of what the relay has signed before stands against it. */
  abandon(): void {
    this.#heads.clear()
    this.#doubted = []
    this.rewound(0)
    this.restart()
    this.resume()
  }

  /** What has stopped it is judged anew at the next opening. */
  resume(): void {
    this.#stopped = false
  }

  /** The relay has stopped live delivery: what is to come has to be asked for, up to its head. [FR14] */
  lagged(): void {
    this.#lagging = true
    this.#advance()
  }

  /**
   * READ was answered; `reachedHead` as the relay says. If it brought nothing, the next one waits a while: a relay that withholds is not to
   * be asked without end.
   */
  readDone(reachedHead: boolean): void {
    // One that was asked for before the log was begun anew says nothing of it.
    if (!this.#reads.isUnanswered) return
    if (reachedHead) this.#lagging = false
    if (this.#reads.done(this.#options.log.head.seq)) return this.#advance()
    if (!this.#isBehind()) return
    this.#reportWithheld()
    this.#reads.retryLater()
  }

  /** What was asked for in its stead, to find where to read from, does not come: the relay is said to withhold what follows. [CL41] */
  overdue(): void {
    this.#reportWithheld()
  }

  /** READ was refused. */
  readRefused(retryAfterMs: number): void {
    this.#reads.refused(retryAfterMs)
  }

  /** A head that the relay signed, shown by the relay or by somebody else's presence. Two for one seq prove a fork. [LO4] */
  learnHead(head: SignedHead, from: 'relay' | 'peer'): void {
    if (this.#stopped) return
    const signed = this.#heads.isSigned(head)
    if (!signed)
      return from === 'relay' && !this.#isFallen ? this.#refuse({ code: 'BAD_HEAD', seq: head.seq }) : undefined
    if (this.#isOfThePast(head)) return
    if (this.#isFallen || this.#heads.isDoubtful(head)) return this.#doubt(head)
    if (this.#heads.contradicts(head) || !this.#heads.add(head)) return this.#stopForked(head)
    if (from === 'relay') this.#confirmedAt = wallClock()
    this.#advance()
  }

  #advance(): void {
    if (this.#stopped || this.#held) return
    const spoilt = this.#takeRun()
    if (spoilt !== null) return this.#refuse(spoilt)
    const target = this.#target
    if (target === null) return
    const { log, onCaughtUp } = this.#options
    this.#reportWaiting()
    if (this.#isBehind()) this.#reads.ask(log.head.seq)
    if (log.head.seq >= target.seq) onCaughtUp(log.waitingAt === null)
  }

  #isBehind(): boolean {
    const furthest = Math.max(this.#heads.promises.furthest, this.#target?.seq ?? 0)
    return this.#lagging || this.#options.log.head.seq < furthest || this.#sequencer.hasGap
  }

  #reportWaiting(): void {
    const seq = this.#options.log.waitingAt
    if (seq !== null && seq !== this.#reportedWaiting) this.#options.onWaiting(seq)
    if (seq !== null) this.#reportedWaiting = seq
  }

  /** Told before what became of the entries: that one of them does not count is not made good by its having come. */
  #reportMadeGood(): void {
    const { log, onMadeGood } = this.#options
    const waiting = this.#reportedWaiting
    if (waiting > 0 && log.waitingAt === null && log.head.seq >= waiting) {
      this.#reportedWaiting = 0
      onMadeGood(waiting)
    }
    const withheld = this.#reportedWithheld
    if (withheld > 0 && log.head.seq >= withheld) {
      this.#reportedWithheld = 0
      onMadeGood(withheld)
    }
  }

  #reportWithheld(): void {
    const seq = this.#options.log.head.seq + 1
    if (seq === this.#reportedWithheld || this.#stopped || !this.#isBehind()) return
    this.#reportedWithheld = seq
    this.#options.onWithheld(seq)
  }

  /** Each head that the relay signed is compared at its own place, before anything after it is taken. */
  #takeRun(): SpoiltHandover | null {
    const { log } = this.#options
    let run = this.#sequencer.take(log.head.seq)
    while (run.length > 0) {
      const promise = this.#heads.promises.after(log.head.seq)
      const length = promise === null ? run.length : Math.min(run.length, promise.seq - log.head.seq)
      const spoilt = this.#take(run.slice(0, length))
      if (spoilt !== null) return spoilt
      run = run.slice(length)
      if (promise === null || log.head.seq < promise.seq) continue
      if (!equalBytes(log.head.transcript, promise.transcript) && !this.#isOfThePast(promise)) {
        return { code: 'FORK', seq: promise.seq, heads: [promise] }
      }
      this.#heads.promises.forget(promise.seq)
      if (equalBytes(log.head.transcript, promise.transcript)) this.#heads.fit(promise)
    }
    return null
  }

  #take(entries: readonly LogEntry[]): SpoiltHandover | null {
    const { log, onOutcomes, onTaken } = this.#options
    try {
      const restarts = log.givenUp.length
      const outcomes = log.take(entries)
      // What was signed for the place that a restart names, and is not reached here, was signed for what is lost; what this opening shows is not.
      if (log.givenUp.length > restarts) this.#heads.promises.giveUp(log.givenUp, this.#target)
      // Before anybody forgets an edit because the log has it: whoever asks whether it is kept must not be told too early. [CL13]
      onTaken?.(entries)
      this.#reportMadeGood()
      onOutcomes(outcomes)
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      return { code: 'LOG_INVALID', seq: log.head.seq + 1 }
    }
    return null
  }

  /** Does it contradict what is read here because a restart that was read, too, has given it up? [LO14] */
  #isOfThePast(head: SignedHead): boolean {
    return this.#heads.contradicts(head) && isGivenUp(this.#options.log.givenUp, head)
  }

  #fall(frame: OpenedFrame, code: 'ROLLBACK' | 'FORK'): void {
    this.#isFallen = true
    this.#options.onFallen(frame, code)
  }

  #doubt(head: SignedHead): void {
    // Of more the first ones tell enough.
    if (this.#doubted.length < MAX_DOUBTED) this.#doubted.push(head)
    if (!this.#isFallen && this.#doubted.length === 1) this.#options.onDoubt()
  }

  #stopForked(head: SignedHead): void {
    const promised = this.#heads.promises.at(head.seq)
    this.#stopped = true
    this.#options.onForked(promised === null ? [head] : [head, promised])
  }

  #refuse(spoilt: SpoiltHandover): void {
    // After a bad head the log is what it was: another OPENED will do.
    if (spoilt.code === 'BAD_HEAD') this.passOver()
    else this.#stopped = true
    // First what was spoilt, then what it led to: people are told of the former.
    this.#reportWaiting()
    this.#options.onSpoilt(spoilt)
  }
}
