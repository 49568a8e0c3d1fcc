/**
 * When the relay is asked for entries: one READ at a time, the next after one that brought nothing a while later, and not while what it said it
 * would send by itself is on its way. Rules FR5, FR14.
 *
 * @module
 */
import { watchAnswer, type AskForSign } from '../connection/answer-watch.ts'
import { startTimer, type Cancel } from '../platform.ts'

/** What OPENED announces follows it at once: when nothing more of it has come for so long, it is asked for. [FR5] */
const INLINE_PATIENCE_MS = 2_000
/** Between one READ that brought nothing and the next; doubled each time. */
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000

export interface ReadsOptions {
  /** Asks for entries after a seq; false when it could not be sent. */
  readonly read: (after: number) => boolean
  readonly askForSign: AskForSign
  /** A READ has brought nothing for long, and that is not the line's fault. [K3] */
  readonly onOverdue: () => void
  /** A READ may leave that could not before. */
  readonly onReady: () => void
}

export class Reads {
  readonly #options: ReadsOptions
  /** Up to here the relay sends entries without being asked. [FR5] */
  #inlineThrough = 0
  #isUnanswered = false
  #after = 0
  #retryMs = FIRST_RETRY_MS
  /** Runs while a READ is unanswered, or entries are to come by themselves. */
  #watch: Cancel | null = null
  /** Runs until the next READ may leave. */
  #pause: Cancel | null = null

  constructor(options: ReadsOptions) {
    this.#options = options
  }

  /** A READ is not answered. */
  get isUnanswered(): boolean {
    return this.#isUnanswered
  }

  /** None is, and none waits for its time. */
  get isIdle(): boolean {
    return !this.#isUnanswered && this.#pause === null
  }

  /** Up to `through` entries come without being asked for; 0 for none. */
  expectInline(through: number): void {
    this.#inlineThrough = through
  }

  /** Asks for what follows `headSeq`, unless it is to come anyhow or its time has not come. */
  ask(headSeq: number): void {
    if (!this.isIdle) return
    if (headSeq < this.#inlineThrough) return this.#awaitInline()
    if (!this.#options.read(headSeq)) return
    this.#answered()
    this.#isUnanswered = true
    this.#after = headSeq
    this.#awaitMore()
  }

  /** Entries have come that follow the log's head, asked for or not. */
  brought(): void {
    if (this.#isUnanswered) this.#awaitMore()
  }

  /** The READ was answered. True when it has brought something: the log's head is `headSeq` now. */
  done(headSeq: number): boolean {
    this.#answered()
    const hasBrought = headSeq > this.#after
    if (hasBrought) this.#retryMs = FIRST_RETRY_MS
    return hasBrought
  }

  /** It was refused: the next one leaves after `retryAfterMs` at the soonest. */
  refused(retryAfterMs: number): void {
    this.#answered()
    this.#later(Math.max(this.#retryMs, retryAfterMs))
  }

  /** It has brought nothing: the next one waits, each time for longer. */
  retryLater(): void {
    this.#later(this.#retryMs)
  }

  /** Nobody answers any more. */
  closed(): void {
    this.#answered()
    this.#pause?.()
    this.#pause = null
  }

  #answered(): void {
    this.#isUnanswered = false
    this.#watch?.()
    this.#watch = null
  }

  #awaitMore(): void {
    this.#watch?.()
    this.#watch = watchAnswer(this.#options.askForSign, this.#options.onOverdue)
  }

  #awaitInline(): void {
    this.#watch?.()
    this.#watch = startTimer(INLINE_PATIENCE_MS, () => {
      this.#inlineThrough = 0
      this.#options.onReady()
    })
  }

  #later(delayMs: number): void {
    this.#retryMs = Math.min(LONGEST_RETRY_MS, 2 * this.#retryMs)
    this.#pause?.()
    this.#pause = startTimer(delayMs, () => {
      this.#pause = null
      this.#options.onReady()
    })
  }
}
