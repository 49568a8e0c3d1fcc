/**
 * Long work in slices: what takes a while gives way often, so that nobody who types notices it.
 *
 * @module
 */
import { monotonicClock, startTimer } from '../platform.ts'

/** Half a frame of a screen: typing and drawing fit between. */
const SLICE_MS = 8

/** Whether the work is still wanted. */
export type IsWanted = () => boolean

export class Slices {
  readonly #isWanted: IsWanted
  #began = monotonicClock()

  constructor(isWanted: IsWanted = () => true) {
    this.#isWanted = isWanted
  }

  /** To be awaited between steps. Gives false once the work is not wanted any more. */
  async breathe(): Promise<boolean> {
    if (monotonicClock() - this.#began >= SLICE_MS) {
      await new Promise<void>((resolve) => void startTimer(0, resolve))
      this.#began = monotonicClock()
    }
    return this.#isWanted()
  }
}
