/**
 * A relay that a device has left: what it was left for, whether all that it has signed may be true all the same, and when it is looked at again.
 * Rules LO14, CL30.
 *
 * @module
 */
import type { LogMismatch } from '../log/follower.ts'
import type { RecordMismatch } from '../members/member-desk.ts'
import { LaterLooks } from './later-looks.ts'

/** What the relay shows cannot be, as far as it looks. */
export type Mismatch = LogMismatch | RecordMismatch

/**
 * Why a relay is left. `foreign`: it has another history. `denial`: it shows less, and says that it lacks nothing. `spoilt`: what it hands over is
 * nobody's word each time.
 */
export type LeftFor = 'foreign' | 'denial' | 'spoilt'

export interface LeftRelayOptions {
  /** Opens once more, without a word, what was left; false where the app does not want that, or it was not left. */
  readonly look: () => boolean
  /** It is only being looked at: nobody is told anything of it. */
  readonly isLooking: () => boolean
  /** It is left. `isSpoilt`: for handing over, each time, what is nobody's word; all that it has signed may be true. */
  readonly onLeft: (code: Mismatch, seq: number, isSpoilt: boolean) => void
}

export class LeftRelay {
  readonly #options: LeftRelayOptions
  readonly #looks: LaterLooks
  /** All that it has signed may be true: an opening that holds what was verified ends it. */
  #mayGoOn = false

  /** `beforeLook`: what has to be so for it to be judged anew. */
  constructor(options: LeftRelayOptions, beforeLook: () => void) {
    this.#options = options
    this.#looks = new LaterLooks(() => {
      beforeLook()
      if (!options.look()) this.#looks.schedule()
    })
  }

  /** It was left, and all that it has signed may be true. */
  get mayGoOn(): boolean {
    return this.#mayGoOn
  }

  /** Nothing of this relay is believed any more. It is looked at now and then, for what was lost may be given up by somebody who may. [LO14] */
  leave(code: Mismatch, seq: number, why: LeftFor): void {
    // What it was left for at first stands, whatever a look has shown.
    if (!this.#options.isLooking()) this.#mayGoOn = why !== 'foreign'
    this.#options.onLeft(code, seq, why === 'spoilt')
    this.#looks.schedule()
  }

  /** Its own signatures prove that it has shown two histories. */
  proven(): void {
    this.#mayGoOn = false
  }

  /** There is nothing to look for any more. */
  endLooks(): void {
    this.#looks.end()
  }
}
