/**
 * What may be given back on one subscription: the head that was shown, and the transcript at each seq up to it, as the marks tell. Once
 * they have led to that very head, this relay's own signature vouches for each entry, whoever brings it. Rule LO14.
 *
 * @module
 */
import { equalBytes, extendByMark, MARK_BYTES, type Bytes, type Sha512 } from '@y-sealed/protocol'

import type { Head } from './ports.ts'
import type { StagingBudget } from './staged-parts.ts'

/** Of a transcript: enough against second preimages, for what is compared is fixed by a hash of 32 bytes. [EN14] */
const PREFIX = 16

export function isSameHead(one: Head, other: Head): boolean {
  return one.seq === other.seq && equalBytes(one.transcript, other.transcript)
}

/** What marks did: there are more to come, they have led to the head, or they belong to no log that ends in it. */
export type PlanStep = 'more' | 'proven' | 'wrong' | 'no-room'

export class RestorePlan {
  /** 32 bytes. */
  readonly genesisHash: Bytes
  readonly shown: Head
  readonly #sha512: Sha512
  readonly #budget: StagingBudget
  /** Where the marks begin, and T before them; `null` until the first have come. */
  #first: number | null = null
  #transcript: Bytes = new Uint8Array(32)
  #prefixes: Bytes[] = []
  #isProven = false

  constructor(genesisHash: Bytes, shown: Head, sha512: Sha512, budget: StagingBudget) {
    this.genesisHash = genesisHash
    this.shown = shown
    this.#sha512 = sha512
    this.#budget = budget
  }

  /** Seq of the marks that come next; `null` before the first. */
  get next(): number | null {
    return this.#first === null ? null : this.#first + this.#prefixes.length
  }

  /** Begins with the marks after this head of the log. */
  begin({ seq, transcript }: Head): void {
    this.clear()
    this.#first = seq + 1
    this.#transcript = transcript
  }

  take(marks: Bytes): PlanStep {
    const count = marks.length / MARK_BYTES
    const next = this.next
    if (next === null || this.#isProven || count > this.shown.seq - next + 1) return 'wrong'
    if (!this.#budget.take(count * PREFIX)) return 'no-room'
    for (let at = 0; at < marks.length; at += MARK_BYTES) {
      this.#transcript = extendByMark(this.#sha512, this.#transcript, marks.subarray(at, at + MARK_BYTES))
      this.#prefixes.push(this.#transcript.slice(0, PREFIX))
    }
    if (next + count <= this.shown.seq) return 'more'
    if (!equalBytes(this.#transcript, this.shown.transcript)) return 'wrong'
    this.#isProven = true
    return 'proven'
  }

  /** Is this T at `seq`, by the relay's own signature? `null` where that says nothing. */
  holds(seq: number, transcript: Bytes): boolean | null {
    const prefix = this.#isProven && this.#first !== null ? this.#prefixes[seq - this.#first] : undefined
    return prefix === undefined ? null : equalBytes(prefix, transcript.subarray(0, PREFIX))
  }

  /** Gives up its room. */
  clear(): void {
    this.#budget.give(this.#prefixes.length * PREFIX)
    this.#prefixes = []
    this.#first = null
    this.#isProven = false
  }
}
