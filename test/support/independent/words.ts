/**
 * 32-bit words of little-endian bytes, for the stream ciphers of this folder.
 *
 * @module
 */

export function readWords(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true))
}

export function writeWords(words: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(4 * words.length)
  const view = new DataView(out.buffer)
  for (let i = 0; i < words.length; i++) view.setUint32(4 * i, words[i] as number, true)
  return out
}

export function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

/** "expand 32-byte k" */
export const SIGMA: readonly number[] = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]
