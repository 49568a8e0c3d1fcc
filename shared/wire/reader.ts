/**
 * A bounded cursor over bytes from outside. It never throws and copies nothing: after the first fault every read gives a
 * zero value, and whoever asked looks at `fault` once, at the end. Rules WI1–WI4.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { Envelope, readEnvelope } from '../envelope/envelope.ts'
import type { DecodeResult, WireFault } from './fault.ts'
import { decodeUtf8 } from './utf8.ts'

const NOTHING: Bytes = new Uint8Array(0)
const NO_ENVELOPE = new Envelope(NOTHING)

/** Reads fields one after another; what it gives are views of `bytes`. */
export class Reader {
  readonly bytes: Bytes
  /** Where the next field begins. */
  at: number
  /** The first thing that was wrong, or `null`. */
  fault: WireFault | null = null

  constructor(bytes: Bytes, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  /** Bytes not yet read; 0 after a fault, so that loops over the rest end. */
  get remaining(): number {
    return this.fault === null ? this.bytes.length - this.at : 0
  }

  /** Notes a fault unless there is one already. */
  fail(fault: WireFault): void {
    this.fault ??= fault
  }

  /** Notes `fault` unless `condition` holds. */
  require(condition: boolean, fault: WireFault): void {
    if (!condition) this.fail(fault)
  }

  /** Claims `length` bytes: where they begin, or −1. */
  #take(length: number): number {
    if (this.fault !== null) return -1
    if (this.bytes.length - this.at < length) {
      this.fault = 'truncated'
      return -1
    }
    const at = this.at
    this.at = at + length
    return at
  }

  u8(): number {
    const at = this.#take(1)
    return at < 0 ? 0 : (this.bytes[at] as number)
  }

  u16(): number {
    const at = this.#take(2)
    return at < 0 ? 0 : ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number)
  }

  u32(): number {
    const high = this.u16()
    return high * 0x10000 + this.u16()
  }

  /** At most 2^53 − 1. [WI1] */
  u64(): number {
    const high = this.u32()
    const value = high * 0x100000000 + this.u32()
    if (value <= Number.MAX_SAFE_INTEGER) return value
    this.fail('range')
    return 0
  }

  /** A byte that is 0 or 1. */
  flag(): boolean {
    const value = this.u8()
    this.require(value <= 1, 'flag')
    return value === 1
  }

  /** Exactly `length` raw bytes; empty after a fault. */
  fixed(length: number): Bytes {
    const at = this.#take(length)
    return at < 0 ? NOTHING : this.bytes.subarray(at, at + length)
  }

  /** Passes over `length` bytes. */
  skip(length: number): void {
    this.#take(length)
  }

  /** `u16 length ‖ bytes`, at most `limit`. [WI2] */
  bytes16(limit: number): Bytes {
    return this.#limited(this.u16(), limit)
  }

  /** `u32 length ‖ bytes`, at most `limit`. [WI2] */
  bytes32(limit: number): Bytes {
    return this.#limited(this.u32(), limit)
  }

  /** Well-formed UTF-8 of at most `limit` bytes, without U+0000. [WI2] */
  text(limit: number): string {
    const text = decodeUtf8(this.bytes16(limit))
    if (text === null) this.fail('text')
    return text ?? ''
  }

  #limited(length: number, limit: number): Bytes {
    this.require(length <= limit, 'limit')
    return this.fixed(length)
  }

  /** All that is left. */
  rest(): Bytes {
    return this.fixed(this.remaining)
  }

  /** The envelope that begins here. After a fault an empty one, whose fields must not be read. [EN4] */
  envelope(): Envelope {
    if (this.fault !== null) return NO_ENVELOPE
    const result = readEnvelope(this.bytes, this.at)
    if (!result.ok) {
      this.fault = `envelope/${result.fault}`
      return NO_ENVELOPE
    }
    this.at = result.end
    return result.envelope
  }

  /** `value`, provided that nothing was wrong and nothing is left over. [WI3] */
  finish<Value>(value: Value): DecodeResult<Value> {
    if (this.fault === null && this.at !== this.bytes.length) this.fault = 'trailing'
    return this.fault === null ? { ok: true, value } : { ok: false, fault: this.fault }
  }
}
