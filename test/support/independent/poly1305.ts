/**
 * Poly1305 (RFC 8439 §2.5) with big integers: short, slow, and open to linear algebra.
 *
 * @module
 */

/** 2^130 − 5. */
export const PRIME = (1n << 130n) - 5n

export function readLittleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  return value
}

export function writeLittleEndian(value: bigint, length: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length)
  for (let i = 0; i < length; i++) out[i] = Number((value >> BigInt(8 * i)) & 0xffn)
  return out
}

/** The clamped multiplier and the addend of a one-time key. */
export function splitKey(key: Uint8Array): { readonly r: bigint; readonly s: bigint } {
  const clamp = 0x0ffffffc0ffffffc0ffffffc0fffffffn
  return { r: readLittleEndian(key.subarray(0, 16)) & clamp, s: readLittleEndian(key.subarray(16, 32)) }
}

/** The blocks of a message as numbers, each with its terminating bit. */
export function readBlocks(message: Uint8Array): bigint[] {
  const blocks: bigint[] = []
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16)
    blocks.push(readLittleEndian(block) | (1n << BigInt(8 * block.length)))
  }
  return blocks
}

export function poly1305(key: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  const { r, s } = splitKey(key)
  let sum = 0n
  for (const block of readBlocks(message)) sum = ((sum + block) * r) % PRIME
  return writeLittleEndian(sum + s, 16)
}

/** What ChaCha20-Poly1305 authenticates: data and ciphertext, each padded to 16, and their lengths (RFC 8439 §2.8). */
export function aeadMessage(data: Uint8Array, ciphertext: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = (length: number): number => 16 * Math.ceil(length / 16)
  const out = new Uint8Array(padded(data.length) + padded(ciphertext.length) + 16)
  out.set(data)
  out.set(ciphertext, padded(data.length))
  const view = new DataView(out.buffer)
  view.setBigUint64(out.length - 16, BigInt(data.length), true)
  view.setBigUint64(out.length - 8, BigInt(ciphertext.length), true)
  return out
}
