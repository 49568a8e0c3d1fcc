/**
 * The other half of the cursor: fields into one array, grown as needed. It throws `TypeError` or `RangeError` when a value has
 * not its length or range, for then the calling code is wrong. Rules WI1, WI2.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { encodeUtf8 } from './utf8.ts'

/** Writes fields one after another; {@link Writer.finish} gives the bytes. */
export class Writer {
  #out: Bytes
  #at = 0

  /** With `capacity` bytes at first; the exact size, where known, saves a copy. */
  constructor(capacity = 256) {
    this.#out = new Uint8Array(capacity)
  }

  #claim(length: number): number {
    const at = this.#at
    this.#at = at + length
    if (this.#at > this.#out.length) {
      const grown = new Uint8Array(Math.max(this.#at, 2 * this.#out.length))
      grown.set(this.#out.subarray(0, at))
      this.#out = grown
    }
    return at
  }

  #integer(value: number, length: number, most: number): this {
    if (!Number.isInteger(value) || value < 0 || value > most) throw new RangeError(`not an integer of 0…${most}`)
    let at = this.#claim(length) + length
    let rest = value
    for (let i = 0; i < length; i++) {
      at -= 1
      this.#out[at] = rest % 256
      rest = Math.floor(rest / 256)
    }
    return this
  }

  u8(value: number): this {
    return this.#integer(value, 1, 0xff)
  }

  u16(value: number): this {
    return this.#integer(value, 2, 0xffff)
  }

  u32(value: number): this {
    return this.#integer(value, 4, 0xffffffff)
  }

  /** At most 2^53 − 1. [WI1] */
  u64(value: number): this {
    return this.#integer(value, 8, Number.MAX_SAFE_INTEGER)
  }

  flag(value: boolean): this {
    return this.u8(value ? 1 : 0)
  }

  /** Raw bytes of any length. */
  raw(value: Uint8Array): this {
    if (!(value instanceof Uint8Array)) throw new TypeError('expected bytes')
    const at = this.#claim(value.length)
    this.#out.set(value, at)
    return this
  }

  /** Raw bytes of exactly this length. */
  fixed(value: Uint8Array, length: number): this {
    if (!(value instanceof Uint8Array) || value.length !== length) throw new TypeError(`expected ${length} bytes`)
    return this.raw(value)
  }

  /** `u16 length ‖ bytes`. [WI2] */
  bytes16(value: Uint8Array, limit: number): this {
    return this.#checkLimit(value, limit).u16(value.length).raw(value)
  }

  /** `u32 length ‖ bytes`. [WI2] */
  bytes32(value: Uint8Array, limit: number): this {
    return this.#checkLimit(value, limit).u32(value.length).raw(value)
  }

  /** UTF-8 of at most `limit` bytes. [WI2] */
  text(value: string, limit: number): this {
    const bytes = encodeUtf8(value)
    if (bytes === null) throw new RangeError('not a text without U+0000 and lone surrogates')
    return this.bytes16(bytes, limit)
  }

  #checkLimit(value: Uint8Array, limit: number): this {
    if (value.length > limit) throw new RangeError(`longer than ${limit} bytes`)
    return this
  }

  /** Everything written so far, in an array of exactly that size. The writer is not used after. */
  finish(): Bytes {
    return this.#at === this.#out.length ? this.#out : this.#out.slice(0, this.#at)
  }
}

/** The bytes of one integer as a field of {@link frameFields}. [WI5] */
export function u64Field(value: number): Bytes {
  return new Writer(8).u64(value).finish()
}
