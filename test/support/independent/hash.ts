/**
 * `F` and `H` of WI5, written a second time over OpenSSL's SHA-512.
 *
 * @module
 */
import { createHash } from 'node:crypto'

export function frame(label: string, ...fields: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [Uint8Array.of(label.length), new TextEncoder().encode(label)]
  for (const field of fields) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(field.length)
    parts.push(length, field)
  }
  return new Uint8Array(Buffer.concat(parts))
}

export function hash(label: string, ...fields: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    createHash('sha512')
      .update(frame(label, ...fields))
      .digest()
      .subarray(0, 32),
  )
}

export function u32(value: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value)
  return out
}

export function u64(value: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, BigInt(value))
  return out
}
