/**
 * Small changes to byte strings, for tables of bad input.
 *
 * @module
 */
import { concatBytes, type Bytes } from '@y-sealed/protocol'

/** A copy with `values` written at `at`. */
export function putBytes(bytes: Bytes, at: number, ...values: readonly number[]): Bytes {
  const out = bytes.slice()
  out.set(values, at)
  return out
}

/** A copy with `inserted` put in at `at`, after `dropped` bytes have been taken away there. */
export function spliceBytes(bytes: Bytes, at: number, dropped: number, inserted: Uint8Array): Bytes {
  return concatBytes(bytes.subarray(0, at), inserted, bytes.subarray(at + dropped))
}
