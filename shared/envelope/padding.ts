/**
 * Padding of plaintexts: which lengths exist on the wire, and the frame `u32 n ‖ content ‖ zeros` inside them. Rule EN9.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'

/** Bytes of the true length that stands before the content. */
export const LENGTH_BYTES = 4

const BUCKETS = [64, 128, 256] as const
const LARGEST_BUCKET = 256

/** The padded length of `length` bytes: 64, 128, 256, then PADMÉ (PETS 2019, "Reducing Metadata Leakage…", alg. 1). */
export function padLength(length: number): number {
  if (length <= LARGEST_BUCKET) return BUCKETS.find((bucket) => length <= bucket) as number
  const exponent = Math.floor(Math.log2(length))
  const kept = Math.floor(Math.log2(exponent)) + 1
  const step = 2 ** (exponent - kept)
  return Math.ceil(length / step) * step
}

/** True for a length that some content pads to. */
export function isPaddedLength(length: number): boolean {
  return length >= BUCKETS[0] && padLength(length) === length
}

/** The longest content whose padded length fits `paddedLimit`. */
export function maxContentBytes(paddedLimit: number): number {
  if (paddedLimit < BUCKETS[0]) return 0
  let length = paddedLimit
  // At most one PADMÉ step above the limit: walk down to the largest padded length that fits.
  while (padLength(length) > paddedLimit) length -= 1
  return length - LENGTH_BYTES
}

/** `u32 n ‖ content ‖ zeros` of padded length. */
export function padContent(content: Uint8Array): Bytes {
  const out = new Uint8Array(padLength(LENGTH_BYTES + content.length))
  new DataView(out.buffer).setUint32(0, content.length)
  out.set(content, LENGTH_BYTES)
  return out
}

/**
 * The content inside a padded plaintext, as a view; `null` when the true length does not pad to this length or the padding
 * is not zero, so that one content has one plaintext.
 */
export function unpadContent(plaintext: Bytes): Bytes | null {
  if (plaintext.length < BUCKETS[0]) return null
  const length = new DataView(plaintext.buffer, plaintext.byteOffset, LENGTH_BYTES).getUint32(0)
  const end = LENGTH_BYTES + length
  if (end > plaintext.length || padLength(end) !== plaintext.length) return null
  let padding = 0
  for (let i = end; i < plaintext.length; i++) padding |= plaintext[i] as number
  return padding === 0 ? plaintext.subarray(LENGTH_BYTES, end) : null
}
