/**
 * What is said to a relay while it is healed, and what it answers: a few frames on their way at a time, each answered or given up. An opening
 * ends what was said on the one before. Rules FR16, FR19.
 *
 * @module
 */
import type { Bytes, ClientFrame, RestoredFrame } from '@y-sealed/protocol'
import { startTimer } from '../platform.ts'

/** Frames on their way: the relay works off a few at a time. */
const WINDOW = 4
/** An answer is waited for so long. */
const PATIENCE_MS = 10_000

/** Stands for an opening. */
export type Turn = number

export class Exchange {
  readonly #send: (frame: ClientFrame) => boolean
  #turn: Turn = 0
  #outstanding = 0
  #told: RestoredFrame | null = null
  #isRefused = false
  #ids: Bytes | null = null
  #wake: (() => void) | null = null

  /** `send` is false when nothing was sent. */
  constructor(send: (frame: ClientFrame) => boolean) {
    this.#send = send
  }

  get turn(): Turn {
    return this.#turn
  }

  /** What the relay has said last of what it lacks, on this opening. */
  get told(): RestoredFrame | null {
    return this.#told
  }

  /** The document is opened anew, or not open any more: nothing that was asked is answered. */
  begin(): void {
    this.#turn += 1
    this.#outstanding = 0
    this.#told = null
    this.#isRefused = false
    this.#rouse()
  }

  /** RESTORED. */
  restored(frame: RestoredFrame): void {
    this.#told = frame
    this.#outstanding = Math.max(0, this.#outstanding - 1)
    this.#rouse()
  }

  /** The relay refused a frame. */
  refused(): void {
    this.#isRefused = true
    this.#rouse()
  }

  /** IDS. */
  ids(ids: Bytes): void {
    this.#ids = ids
    this.#rouse()
  }

  /** Says something that nobody waits for. */
  say(frame: ClientFrame): boolean {
    return this.#send(frame)
  }

  /** Sends a frame that RESTORED answers, once few enough are unanswered. False where the relay refuses, is silent, or is gone. */
  async post(frame: ClientFrame, turn: Turn): Promise<boolean> {
    while (this.#goesOn(turn) && this.#outstanding >= WINDOW) if (!(await this.#pause())) return false
    if (!this.#goesOn(turn) || !this.#send(frame)) return false
    this.#outstanding += 1
    return true
  }

  /** Waits until everything posted is answered. False as {@link Exchange.post}. */
  async drain(turn: Turn): Promise<boolean> {
    while (this.#goesOn(turn) && this.#outstanding > 0) if (!(await this.#pause())) return false
    return this.#goesOn(turn)
  }

  /** The answer to what was just said; `null` where none comes. */
  async nextTold(turn: Turn): Promise<RestoredFrame | null> {
    this.#told = null
    this.#outstanding += 1
    while (this.#goesOn(turn) && this.#told === null) if (!(await this.#pause())) return null
    return turn === this.#turn ? this.#told : null
  }

  /** The marks that READ_IDS brings; `null` where none come. */
  async readIds(document: Bytes, after: number, through: number, turn: Turn): Promise<Bytes | null> {
    this.#ids = null
    if (!this.#send({ type: 'read-ids', document, after, through })) return null
    while (this.#goesOn(turn) && this.#ids === null) if (!(await this.#pause())) return null
    return turn === this.#turn ? this.#ids : null
  }

  #goesOn(turn: Turn): boolean {
    return turn === this.#turn && !this.#isRefused
  }

  #rouse(): void {
    this.#wake?.()
    this.#wake = null
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
}
