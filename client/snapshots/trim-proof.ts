/**
 * That a log whose beginning was trimmed goes on from what this device knew: by the marks in between, which the relay keeps, T at the snapshot
 * follows from T at the place that this device had reached. Rules LO2, LO15, CL41.
 *
 * @module
 */
import { equalBytes, extendByMark, MARK_BYTES, sodiumSha512, type Bytes, type IdsFrame } from '@y-sealed/protocol'
import type { Seen } from '@y-sealed/protocol/sealing'

/** `proven`, or `forked`: the relay's log is another one than this device has verified. `missing`: the relay has no more marks. */
export type ProofResult = 'proven' | 'forked' | 'missing' | 'more'

export class TrimProof {
  readonly #end: Seen
  readonly #ask: (after: number, through: number) => void
  #seq: number
  #transcript: Bytes

  /** From a place that this device has verified to one that a snapshot is said to end at; `ask` sends READ_IDS. */
  constructor(start: Seen, end: Seen, ask: (after: number, through: number) => void) {
    this.#seq = start.seq
    this.#transcript = start.transcript
    this.#end = end
    this.#ask = ask
  }

  start(): ProofResult {
    if (this.#seq < this.#end.seq) this.#ask(this.#seq, this.#end.seq)
    return this.#judge()
  }

  /** Takes the next page. */
  take({ seq, ids }: IdsFrame): ProofResult {
    // Not what was asked for last: it brings nothing forward.
    if (seq !== this.#seq + 1) return 'more'
    if (ids.length < MARK_BYTES) return 'missing'
    for (let at = 0; at + MARK_BYTES <= ids.length && this.#seq < this.#end.seq; at += MARK_BYTES) {
      this.#transcript = extendByMark(sodiumSha512, this.#transcript, ids.subarray(at, at + MARK_BYTES))
      this.#seq += 1
    }
    if (this.#seq < this.#end.seq) this.#ask(this.#seq, this.#end.seq)
    return this.#judge()
  }

  #judge(): ProofResult {
    if (this.#seq < this.#end.seq) return 'more'
    return equalBytes(this.#transcript, this.#end.transcript) ? 'proven' : 'forked'
  }
}
