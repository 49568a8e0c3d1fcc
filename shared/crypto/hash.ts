/**
 * `H`, the one hash of the protocol, and the framing that every hash and signature input shares. SHA-512 itself arrives
 * as a parameter: libsodium, OpenSSL, WebCrypto and PostgreSQL agree on it, and each runtime brings its fastest.
 * Rules WI5, WI6.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'

/** SHA-512 (FIPS 180-4 §6.4): any bytes to 64 bytes. It keeps nothing of what it is given. */
export type Sha512 = (data: Bytes) => Bytes

/** A domain-separation label: ASCII, 1 to 255 bytes. [WI6] lists them all. */
export type Label = `y-sealed/v1/${string}`

/** Length in bytes of every hash, id, transcript and commitment. */
export const HASH_BYTES = 32

/**
 * Where the inputs of hashes are put together. Beyond 64 bytes V8 keeps an array's bytes outside its heap, and to get and to free
 * them costs as much as the hash of an envelope.
 */
const scratch: Bytes = new Uint8Array(1024)

/**
 * The unambiguous input of a hash or signature: `u8 length ‖ label`, then `u32 length ‖ field` for each field. [WI5]
 * Two different lists of fields never give the same bytes, and no two labels do.
 */
export function frameFields(label: Label, ...fields: readonly Uint8Array[]): Bytes {
  return writeFields(new Uint8Array(framedLength(label, fields)), label, fields)
}

/** H: the first 32 bytes of SHA-512 over the framed fields. [WI5] */
export function hashFields(sha512: Sha512, label: Label, ...fields: readonly Uint8Array[]): Bytes {
  const length = framedLength(label, fields)
  const out = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length)
  return sha512(writeFields(out, label, fields)).slice(0, HASH_BYTES)
}

function framedLength(label: Label, fields: readonly Uint8Array[]): number {
  let length = 1 + label.length
  for (const field of fields) length += 4 + field.length
  return length
}

/** Writes over all of `out`, which has the framed length. */
function writeFields(out: Bytes, label: Label, fields: readonly Uint8Array[]): Bytes {
  out[0] = label.length
  for (let i = 0; i < label.length; i++) out[1 + i] = label.charCodeAt(i)
  let at = 1 + label.length
  for (const field of fields) {
    const size = field.length
    out[at] = size >>> 24
    out[at + 1] = size >>> 16
    out[at + 2] = size >>> 8
    out[at + 3] = size
    out.set(field, at + 4)
    at += 4 + size
  }
  return out
}
