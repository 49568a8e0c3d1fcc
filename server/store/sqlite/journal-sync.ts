/**
 * When a commit is durable. SQLite writes commits into the journal (`synchronous = NORMAL`) and this syncs them, in libuv's thread pool, so
 * that a disk that takes half a second holds up what waits for it and not the sockets. Commits written while a sync is under way share the
 * next. A sync that failed is never tried again: the system may have marked as written what it could not write, and the next sync would
 * succeed without it (PostgreSQL's "fsyncgate"). Nothing is answered from then on; opening the file anew carries the journal over afresh. [I3] [H16]
 *
 * @module
 */
import { fdatasync } from 'node:fs'

import { StoreError } from '../store-error.ts'

interface Waiting {
  readonly commit: number
  readonly resolve: () => void
  readonly reject: (reason: Error) => void
}

export interface JournalSyncOptions {
  /** Called after each sync, once those who waited for it have been told. */
  readonly onSynced: () => void
  /** Called once, when no sync is to be made any more. */
  readonly onFailure?: (failure: StoreError) => void
}

export class JournalSync {
  readonly #descriptor: number
  readonly #options: JournalSyncOptions
  readonly #waiting: Waiting[] = []
  readonly #idlers: (() => void)[] = []
  #written = 0
  #synced = 0
  #isSyncing = false
  #failure: StoreError | null = null

  /** `descriptor` is of the journal and open for writing. */
  constructor(descriptor: number, options: JournalSyncOptions) {
    this.#descriptor = descriptor
    this.#options = options
  }

  /** The number of the newest commit. */
  get written(): number {
    return this.#written
  }

  get isSyncing(): boolean {
    return this.#isSyncing
  }

  /** Why nothing may be answered any more. */
  get failure(): StoreError | null {
    return this.#failure
  }

  /** Called after each commit that has changed something. */
  note(): void {
    this.#written += 1
    this.#start()
  }

  /**
   * Resolves when this commit and all before it are durable; `null` when they are. One that is yet to come counts as the newest. Those who
   * wait for the same sync are told in the order in which they asked.
   */
  whenDurable(commit: number = this.#written): Promise<void> | null {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const through = Math.min(commit, this.#written)
    if (through <= this.#synced) return null
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit: through, resolve, reject })
    })
  }

  /** Resolves when nothing is under way, and the descriptor may be closed. */
  async whenIdle(): Promise<void> {
    while (this.#isSyncing) await new Promise<void>((resolve) => this.#idlers.push(resolve))
  }

  /** Nothing is answered from now on. */
  fail(cause: unknown): void {
    if (this.#failure !== null) return
    const failure = new StoreError('STORE_UNSYNCED', 'the disk did not take what was written', cause)
    this.#failure = failure
    for (const { reject } of this.#waiting.splice(0)) reject(failure)
    this.#options.onFailure?.(failure)
  }

  #start(): void {
    if (this.#isSyncing || this.#failure !== null) return
    this.#isSyncing = true
    const through = this.#written
    fdatasync(this.#descriptor, (error) => {
      this.#isSyncing = false
      if (error === null) this.#done(through)
      else this.fail(error)
      for (const resolve of this.#idlers.splice(0)) resolve()
      this.#options.onSynced()
    })
  }

  #done(through: number): void {
    this.#synced = through
    if (this.#written > through) this.#start()
    // Who asked later may wait for an earlier commit.
    const late = this.#waiting.splice(0).filter((each) => {
      if (each.commit > through) return true
      each.resolve()
      return false
    })
    this.#waiting.push(...late)
  }
}
