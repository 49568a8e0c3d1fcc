/**
 * Buckets by key, for what several sockets share: a person's writing in one document, a network. A full bucket says nothing, so it is
 * forgotten; beyond a bound the oldest goes, so that made-up keys take no memory.
 *
 * @module
 */
import { TokenBucket, type Rate } from './token-bucket.ts'

/** How often full buckets are looked for. */
const SWEEP_MS = 10_000
/** Some hundred bytes each. */
const MAX_KEYS = 50_000

export class KeyedBuckets {
  readonly #rate: Rate
  readonly #maxKeys: number
  readonly #bucketsByKey = new Map<string, TokenBucket>()
  #sweptAtMs = 0

  constructor(rate: Rate, maxKeys: number = MAX_KEYS) {
    this.#rate = rate
    this.#maxKeys = maxKeys
  }

  get size(): number {
    return this.#bucketsByKey.size
  }

  /** The bucket of `key`, full when it is new. Not to be kept: it may be forgotten when it is full. */
  of(key: string, nowMs: number): TokenBucket {
    const known = this.#bucketsByKey.get(key)
    if (known !== undefined) return known
    if (this.#bucketsByKey.size >= this.#maxKeys) {
      const oldest = this.#bucketsByKey.keys().next()
      if (oldest.done !== true) this.#bucketsByKey.delete(oldest.value)
    }
    const bucket = new TokenBucket(this.#rate, nowMs)
    this.#bucketsByKey.set(key, bucket)
    return bucket
  }

  /** Forgets the full ones, now and then. */
  tick(nowMs: number): void {
    if (nowMs < this.#sweptAtMs + SWEEP_MS) return
    this.#sweptAtMs = nowMs
    for (const [key, bucket] of this.#bucketsByKey) if (bucket.isFull(nowMs)) this.#bucketsByKey.delete(key)
  }
}
