/**
 * When a device looks again at a relay that it has left: soon, and then ever less often. It never ends while the document is open, for nobody else
 * would tell that the relay is mended, or what was lost given up; one opening in five minutes costs less than a note that stands still. Rule CL30.
 *
 * @module
 */
import { startTimer, type Cancel } from '../platform.ts'

const FIRST_LOOK_MS = 10_000
const LONGEST_LOOK_MS = 300_000

export class LaterLooks {
  readonly #look: () => void
  #delayMs = FIRST_LOOK_MS
  #timer: Cancel | null = null

  constructor(look: () => void) {
    this.#look = look
  }

  /** One more look, after a while. */
  schedule(): void {
    this.#timer?.()
    this.#timer = startTimer(this.#delayMs, () => {
      this.#timer = null
      this.#look()
    })
    this.#delayMs = Math.min(LONGEST_LOOK_MS, 2 * this.#delayMs)
  }

  /** There is nothing to look for any more. */
  end(): void {
    this.#timer?.()
    this.#timer = null
    this.#delayMs = FIRST_LOOK_MS
  }
}
