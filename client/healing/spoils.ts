/**
 * What a relay has handed over that cannot be, one time after another: how often it is asked for again, how soon, and when that is forgiven. Rule CL30.
 *
 * @module
 */
import type { SignedHead } from '@y-sealed/protocol'
import type { LogMismatch, SpoiltHandover } from '../log/follower.ts'
import type { RecordMismatch } from '../members/member-desk.ts'
import { monotonicClock } from '../platform.ts'

/** What was handed over and is nobody's word: a copy of something good may look so, when it was spoilt by the relay or on its way. */
export interface Spoil {
  readonly code: LogMismatch | RecordMismatch
  /** Where, as far as that is known. */
  readonly seq: number
  /** That the relay has signed, and what was handed over does not come to. */
  readonly heads?: readonly SignedHead[]
  /** What has to be asked for again: entries, entries and records, the head of OPENED, or a snapshot with what leads to it. */
  readonly of: 'log' | 'records' | 'head' | 'snapshot'
}

const OF = { FORK: 'log', LOG_INVALID: 'records', BAD_HEAD: 'head' } as const

/** What has to be asked for again. Of what cannot be the log, its entries may be spoilt, or the places that the relay gave its records. */
export function spoilOf(handover: SpoiltHandover): Spoil {
  return { ...handover, of: OF[handover.code] }
}

/** It is asked for again so long after the first, second and third time in a row: damage may pass. After another one the relay is left. */
const AGAIN_AFTER_MS: readonly number[] = [0, 500, 2_000]
/** Well for so long, it begins anew. */
const FORGIVEN_AFTER_MS = 300_000

export class Spoils {
  #count = 0
  #throughSeq = 0
  #lastAt = 0

  /** Has the log come past all of them, by a head that the relay has signed? */
  isPast(signedSeq: number): boolean {
    return signedSeq >= this.#throughSeq
  }

  /** One more, of which `signedSeq` is the newest place that the relay has signed for: after how many ms to ask again; `null` for no more. */
  add({ of, seq }: Spoil, signedSeq: number): number | null {
    const now = monotonicClock()
    if (this.isPast(signedSeq) || now - this.#lastAt > FORGIVEN_AFTER_MS) this.#count = 0
    this.#lastAt = now
    // A head that nobody signed, and records and snapshots, may name any place.
    this.#throughSeq = of === 'log' ? seq : signedSeq + 1
    return AGAIN_AFTER_MS[this.#count++] ?? null
  }
}
