/**
 * Signed heads for those who read a document: while it changes, and no oftener than they are of use. Rule FR11.
 *
 * @module
 */
import { encodeRelayFrame, type Bytes } from '@y-sealed/protocol'

import type { Context } from './context.ts'
import type { Delivery } from './delivery.ts'
import { signHead } from './signed-head.ts'

export class HeadNews {
  readonly #context: Context
  readonly #document: Bytes
  readonly #delivery: Delivery
  readonly #send: (frame: Bytes) => void
  #sentAtMs: number
  #sentSeq = 0
  /** The newest seq at the last tick, and since when. */
  #seenSeq = 0
  #seenSinceMs = 0

  /** `send` gives a frame to all who may read at that moment. */
  constructor(context: Context, document: Bytes, delivery: Delivery, send: (frame: Bytes) => void) {
    this.#context = context
    this.#document = document
    this.#delivery = delivery
    this.#send = send
    this.#sentAtMs = context.clock.monotonic()
  }

  /** Whoever opens is told the head as it is now. */
  begin(): void {
    this.#sentSeq = this.#delivery.last
  }

  /** Sends a head when it is time (monotonic) and there is a new one. */
  tick(nowMs: number): void {
    const { last } = this.#delivery
    const { headIntervalMs, headQuietMs } = this.#context.limits
    if (last !== this.#seenSeq) {
      this.#seenSeq = last
      this.#seenSinceMs = nowMs
    }
    const isQuiet = nowMs >= this.#seenSinceMs + headQuietMs
    if (last <= this.#sentSeq || (!isQuiet && nowMs < this.#sentAtMs + headIntervalMs)) return
    this.#sentAtMs = nowMs
    void this.tell()
  }

  /** Sends the head as it is now, unless it was sent. Never rejects. */
  async tell(): Promise<void> {
    if (this.#delivery.last <= this.#sentSeq) return
    this.#sentSeq = this.#delivery.last
    const { store, headKey, metrics } = this.#context
    const { last: seq, transcript: known } = this.#delivery
    try {
      const transcript = known ?? (await store.transcriptAt(this.#document, seq))
      if (transcript === null) return
      this.#delivery.noteHead({ seq, transcript })
      const head = signHead(headKey, this.#document, { seq, transcript })
      this.#send(encodeRelayFrame({ type: 'head', document: this.#document, head }))
    } catch {
      metrics.count('heads_failed')
    }
  }
}
