/**
 * Entries of a document that nobody told this relay of: they are read from the store, soon, in one go, and once more when it was asked for
 * meanwhile. Rule BU2.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import type { Context } from './context.ts'
import type { Delivery } from './delivery.ts'

const PAGE_ENTRIES = 512

export interface RepairOptions {
  readonly context: Context
  readonly document: Bytes
  /** Is offered what is missing. */
  readonly delivery: Delivery
  /** What has to be known of the document before anything of it is delivered. Never rejects. */
  readonly prepare: () => Promise<void>
  /** Sends what `delivery` has been offered. */
  readonly deliver: () => void
  /** Nobody listens any more. */
  readonly isEnded: () => boolean
}

export class Repair {
  readonly #options: RepairOptions
  #state: 'idle' | 'waiting' | 'running' | 'wanted' = 'idle'

  constructor(options: RepairOptions) {
    this.#options = options
  }

  /** Sees to it that what is missing is read once after now. */
  plan(): void {
    if (this.#state === 'running') this.#state = 'wanted'
    if (this.#state !== 'idle') return
    this.#state = 'waiting'
    const { clock, limits } = this.#options.context
    clock.after(limits.repairDelayMs, () => void this.#run())
  }

  async #run(): Promise<void> {
    this.#state = 'running'
    await this.catchUp()
    const isWanted = this.#isWanted()
    this.#state = 'idle'
    if (isWanted) this.plan()
  }

  #isWanted(): boolean {
    return this.#state === 'wanted'
  }

  /** Delivers what the store has beyond the newest entry that was delivered. Never rejects. */
  async catchUp(): Promise<void> {
    const { context, document, delivery, prepare, deliver, isEnded } = this.#options
    const { store, limits, metrics } = context
    try {
      while (!isEnded()) {
        const max = { entries: PAGE_ENTRIES, bytes: limits.pageBytes }
        const entries = await store.read(document, delivery.last, max)
        if (entries.length === 0) break
        await prepare()
        for (const entry of entries) delivery.offer({ ...entry, author: null })
        deliver()
        metrics.count('entries_repaired', undefined, entries.length)
      }
    } catch {
      // The store is not to be had: the next entry, the bus or the sweep asks again.
      metrics.count('repairs_failed')
    }
  }
}
