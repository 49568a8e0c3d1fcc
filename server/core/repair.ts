/**
 * Work that heals what was missed: soon, one at a time, and once more when it was asked for meanwhile. Rule BU2.
 *
 * @module
 */
import type { Clock } from './ports.ts'

export class Repair {
  readonly #clock: Clock
  readonly #delayMs: number
  readonly #work: () => Promise<void>
  #state: 'idle' | 'waiting' | 'running' | 'wanted' = 'idle'

  /** `work` never rejects. */
  constructor(clock: Clock, delayMs: number, work: () => Promise<void>) {
    this.#clock = clock
    this.#delayMs = delayMs
    this.#work = work
  }

  /** Sees to it that the work is begun once after now. */
  plan(): void {
    if (this.#state === 'running') this.#state = 'wanted'
    if (this.#state !== 'idle') return
    this.#state = 'waiting'
    this.#clock.after(this.#delayMs, () => void this.#run())
  }

  async #run(): Promise<void> {
    this.#state = 'running'
    await this.#work()
    const isWanted = this.#isWanted()
    this.#state = 'idle'
    if (isWanted) this.plan()
  }

  #isWanted(): boolean {
    return this.#state === 'wanted'
  }
}
