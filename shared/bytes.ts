/**
 * Byte strings: one alias, views without copies, comparison, and the text forms in which ids are shown.
 *
 * @module
 */

/** Bytes backed by an ordinary (not shared) buffer: what WebCrypto and `WebSocket.send` take. */
export type Bytes = Uint8Array<ArrayBuffer>

/** The same bytes as a plain `Uint8Array` view (a Node `Buffer` loses its subclass); nothing is copied. */
export function toBytes(view: ArrayBufferView | ArrayBuffer): Bytes {
  if (view instanceof ArrayBuffer) return new Uint8Array(view)
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength)
}

/** All parts one after another in a fresh array. */
export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** True when both have the same length and content. Time depends on the length alone, so it is fit for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

/** Lexicographic order of unsigned bytes: negative, zero or positive. Not for secrets. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** True when every byte is zero. */
export function isZero(bytes: Uint8Array): boolean {
  let any = 0
  for (let i = 0; i < bytes.length; i++) any |= bytes[i] as number
  return any === 0
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal. */
export function bytesToHex(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i] as number] as string
  return text
}

/** The bytes of an even-length hexadecimal string, or `null` for anything else. */
export function hexToBytes(text: string): Bytes | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null
  const out = new Uint8Array(text.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return out
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const SEXTETS = new Map([...ALPHABET].map((character, value) => [character, value]))

/** Base64url without padding (RFC 4648 §5). */
export function bytesToBase64url(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (let i = 0; i < bytes.length; i++) {
    held = (held << 8) | (bytes[i] as number)
    bits += 8
    while (bits >= 6) {
      bits -= 6
      text += ALPHABET[(held >> bits) & 63] as string
    }
    held &= 0xff
  }
  if (bits > 0) text += ALPHABET[(held << (6 - bits)) & 63] as string
  return text
}

/**
 * The bytes of unpadded base64url, or `null` for any other text: foreign characters, padding, an impossible length, or
 * spare bits that are not zero (RFC 4648 §3.5), so that one byte string has one text.
 */
export function base64urlToBytes(text: string): Bytes | null {
  if (text.length % 4 === 1) return null
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const value = SEXTETS.get(text[i] as string)
    if (value === undefined) return null
    held = (held << 6) | value
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = (held >> bits) & 0xff
      held &= (1 << bits) - 1
    }
  }
  return held === 0 ? out : null
}
