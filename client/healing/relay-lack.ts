/**
 * What a relay says that it lacks, at a device that misses nothing there: others were shown more, and until the relay has that again, or it is given
 * up, it takes nothing new of anybody. Who has it may be about to give it back: people are told where that takes long. Rules LO14, CL30.
 *
 * @module
 */
import type { RestoredFrame } from '@y-sealed/protocol'
import { startTimer, type Cancel } from '../platform.ts'

/** Those who have it have given it back by then, or may not come. */
const PATIENCE_MS = 10_000

export interface RelayLackOptions {
  /** Has the relay signed what it says? */
  readonly isSigned: (frame: RestoredFrame) => boolean
  /** Asks what it lacks. */
  readonly ask: () => void
  /** It has lacked something for long. */
  readonly onLasting: (seq: number) => void
  /** Of which that was told: it lacks nothing any more. */
  readonly onOver: (seq: number) => void
}

export class RelayLack {
  readonly #options: RelayLackOptions
  #told: RestoredFrame | null = null
  #isAsked = false
  /** People know. */
  #isLasting = false
  /** The app gives it up: whether it is over is asked on each opening. */
  #isInsisted = false
  #timer: Cancel | null = null

  constructor(options: RelayLackOptions) {
    this.#options = options
  }

  /** What it has said so of itself on this opening; `null`: nothing is lacking, as far as is known. */
  get told(): RestoredFrame | null {
    return this.#told
  }

  /** It lacks something, by its word on this opening, or by what people were told. */
  get isKnown(): boolean {
    return this.#told !== null || this.#isLasting
  }

  /** The app wants it over, and it is not. */
  get isInsisted(): boolean {
    return this.#isInsisted
  }

  /** The app gives it up. */
  insist(): void {
    this.#isInsisted = true
  }

  /** It does not any more. */
  relent(): void {
    this.#isInsisted = false
  }

  /** The document is opened anew, or not open any more. */
  closed(): void {
    this.#told = null
    this.#isAsked = false
  }

  /** The relay shows all that this device has verified. It says nothing where it lacks nothing: where people were told otherwise it is asked. */
  opened(): void {
    if (this.#isLasting || this.#isInsisted) this.#ask()
  }

  /** It refuses what it is sent, for it lacks something. */
  refuses(): void {
    if (this.#told === null) this.#ask()
  }

  /** It says what it lacks, or that that is nothing. */
  hear(frame: RestoredFrame): void {
    if (frame.lost.seq === 0) return this.#end(frame.head.seq)
    if (!this.#options.isSigned(frame)) return
    this.#told = frame
    if (!this.#isLasting) this.#timer ??= startTimer(PATIENCE_MS, () => this.#judge())
  }

  /** What this device has verified is lacking as well: that is told, and made good, by itself. */
  forget(): void {
    this.#isInsisted = false
    this.#isLasting = false
    this.#timer?.()
    this.#timer = null
  }

  #ask(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    this.#options.ask()
  }

  #judge(): void {
    this.#timer = null
    if (this.#told === null) return
    this.#isLasting = true
    this.#options.onLasting(this.#told.head.seq)
  }

  #end(seq: number): void {
    this.#told = null
    const wasLasting = this.#isLasting
    this.forget()
    if (wasLasting) this.#options.onOver(seq)
  }
}
