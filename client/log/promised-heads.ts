/**
 * Heads that the relay has signed and this device has not reached: what it must show there, by its own word. Rule LO4.
 *
 * @module
 */
import { equalBytes, type SignedHead } from '@y-sealed/protocol'
import { isGivenUp } from './given-up.ts'

/** More are not kept at a time: those that come first in the log stay. */
const MAX_PROMISES = 64

export class PromisedHeads {
  readonly #headBySeq = new Map<number, SignedHead>()

  /** False when another one for the same seq is kept: the two prove a fork. */
  add(head: SignedHead): boolean {
    const known = this.#headBySeq.get(head.seq)
    if (known) return equalBytes(known.transcript, head.transcript)
    this.#headBySeq.set(head.seq, head)
    if (this.#headBySeq.size > MAX_PROMISES) this.#headBySeq.delete(this.furthest)
    return true
  }

  /** The furthest seq of all; 0 for none. */
  get furthest(): number {
    return Math.max(0, ...this.#headBySeq.keys())
  }

  /** The one for this seq, or `null`. */
  at(seq: number): SignedHead | null {
    return this.#headBySeq.get(seq) ?? null
  }

  /** The furthest of all. */
  get furthestHead(): SignedHead | null {
    return this.#headBySeq.get(this.furthest) ?? null
  }

  /** The last one up to `seq`. */
  upTo(seq: number): SignedHead | null {
    const last = Math.max(...[...this.#headBySeq.keys()].filter((promised) => promised <= seq))
    return this.#headBySeq.get(last) ?? null
  }

  /** The first one after `seq`. */
  after(seq: number): SignedHead | null {
    const next = Math.min(...[...this.#headBySeq.keys()].filter((promised) => promised > seq))
    return this.#headBySeq.get(next) ?? null
  }

  /** Forgets those that a restart has given up, but for one. */
  giveUp(given: readonly SignedHead[], but: SignedHead | null): void {
    for (const [seq, head] of this.#headBySeq) if (head !== but && isGivenUp(given, head)) this.#headBySeq.delete(seq)
  }

  clear(): void {
    this.#headBySeq.clear()
  }

  /** Forgets those up to `seq`: they have been looked at. */
  forget(seq: number): void {
    for (const promised of this.#headBySeq.keys()) if (promised <= seq) this.#headBySeq.delete(promised)
  }
}
