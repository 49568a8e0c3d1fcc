/**
 * The app's wish that the log goes on without what the relay lacks: the record that says so, and who waits for it. It is made again until the relay has
 * taken it, or somebody else's, or the relay is left. Rules LO14, CL30.
 *
 * @module
 */
import { SyncError, type RestoredFrame } from '@y-sealed/protocol'
import type { Exchange, Turn } from './exchange.ts'
import type { OtherRecords } from './find-restart.ts'
import type { HealerOptions } from './healer-options.ts'
import { sealRestart } from './seal-restart.ts'

export interface LogRestartOptions extends Pick<HealerOptions, 'access' | 'device' | 'mayRestart'> {
  readonly exchange: Exchange
}

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: SyncError) => void
}

export class LogRestart {
  readonly #options: LogRestartOptions
  #waiting: Waiting[] = []
  /** The opening on which the record was sent last. */
  #sentOn: Turn | null = null

  constructor(options: LogRestartOptions) {
    this.#options = options
  }

  /** Somebody waits for it. */
  get isAsked(): boolean {
    return this.#waiting.length > 0
  }

  /** `null`, or why this device may not. */
  get refusal(): SyncError | null {
    return this.#options.mayRestart() ? null : new SyncError('FORBIDDEN', 'only an admin gives up what was lost')
  }

  /** The record was sent on this opening. */
  isSent(turn: Turn): boolean {
    return this.#sentOn === turn
  }

  /** Resolves when the log goes on; rejects with why it will not by this. */
  ask(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /**
   * Gives up what the relay lacks, upon its own head, and waits for its word. Whether it took that is seen at the next opening. False where the record
   * would undo one that this device has accepted, or nobody is there to sign it.
   */
  async send(told: RestoredFrame, others: OtherRecords | null): Promise<boolean> {
    const { access, device, exchange } = this.#options
    const author = device()
    if (others?.holdsOurs !== true || author === null) return false
    const { turn } = exchange
    this.#sentOn = turn
    exchange.say({ type: 'push', envelopes: [sealRestart(access, author, others, told)] })
    await exchange.nextTold(turn)
    return true
  }

  /** The log goes on. */
  done(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  /** It does not: the relay is left, or closed the document for good, or this device may not any more. */
  fail(error: SyncError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
