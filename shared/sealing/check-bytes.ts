/**
 * The guard in front of libsodium, whose wrappers take `undefined` associated data and 32-character text as a key without a word.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

/** Throws `TypeError` unless `value` is a `Uint8Array` of exactly `length` bytes. Never names the value. */
export function checkBytes(value: unknown, length: number, what: string): asserts value is Bytes {
  if (!(value instanceof Uint8Array) || value.length !== length) throw new TypeError(`${what} must be ${length} bytes`)
}
