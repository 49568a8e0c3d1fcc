/**
 * A stream of fields, hashed in pieces of 65 536 bytes as it is written: what it costs to hold does not grow with the document. Rule LO12.
 *
 * @module
 */
import { sodiumSha512, type Bytes } from '@y-sealed/protocol'

/** Bytes of one piece. [LO12] */
const LEAF_BYTES = 65_536
const LEAF_HASH_BYTES = 32
/** Room behind a piece for one field that stands across its end. */
const SLACK_BYTES = 64

export class LeafHasher {
  readonly #piece: Bytes = new Uint8Array(LEAF_BYTES + SLACK_BYTES)
  readonly #view = new DataView(this.#piece.buffer)
  #at = 0
  #leaves: Bytes = new Uint8Array(LEAF_HASH_BYTES * 16)
  #count = 0

  /** Pieces hashed so far. */
  get count(): number {
    return this.#count
  }

  u8(value: number): void {
    this.#piece[this.#at] = value
    this.#move(1)
  }

  u16(value: number): void {
    this.#view.setUint16(this.#at, value)
    this.#move(2)
  }

  u32(value: number): void {
    this.#view.setUint32(this.#at, value)
    this.#move(4)
  }

  u64(value: number): void {
    this.#view.setUint32(this.#at, Math.floor(value / 0x100000000))
    this.#view.setUint32(this.#at + 4, value >>> 0)
    this.#move(8)
  }

  /** `u32 length ‖ bytes`. */
  bytes32(bytes: Uint8Array): void {
    this.u32(bytes.length)
    for (let from = 0; from < bytes.length;) {
      const part = bytes.subarray(from, from + LEAF_BYTES - this.#at)
      this.#piece.set(part, this.#at)
      from += part.length
      this.#move(part.length)
    }
  }

  /** The leaves of everything written. Nothing may be written after it. */
  finish(): Bytes {
    if (this.#at > 0) this.#hash(this.#at)
    return this.#leaves.slice(0, this.#count * LEAF_HASH_BYTES)
  }

  #move(length: number): void {
    this.#at += length
    if (this.#at < LEAF_BYTES) return
    this.#hash(LEAF_BYTES)
    this.#piece.copyWithin(0, LEAF_BYTES, this.#at)
    this.#at -= LEAF_BYTES
  }

  #hash(length: number): void {
    if ((this.#count + 1) * LEAF_HASH_BYTES > this.#leaves.length) {
      const grown = new Uint8Array(2 * this.#leaves.length)
      grown.set(this.#leaves)
      this.#leaves = grown
    }
    const hash = sodiumSha512(this.#piece.subarray(0, length)).subarray(0, LEAF_HASH_BYTES)
    this.#leaves.set(hash, this.#count * LEAF_HASH_BYTES)
    this.#count += 1
  }
}
