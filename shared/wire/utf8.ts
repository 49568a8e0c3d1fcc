/**
 * UTF-8 as the wire has it: well-formed only, so that one text has one encoding. Written out because neither the DOM's nor
 * Node's decoder belongs to this room, and both replace what they should refuse. Rule WI2.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'

/** The smallest code point that needs so many bytes: anything below is an overlong form (RFC 3629 §3). */
const SMALLEST = [0, 0, 0x80, 0x800, 0x10000] as const

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1
  if (lead >= 0xc2 && lead <= 0xdf) return 2
  if (lead >= 0xe0 && lead <= 0xef) return 3
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0
}

function isSurrogate(point: number): boolean {
  return point >= 0xd800 && point <= 0xdfff
}

/** The code point of the sequence of `length` bytes at `at`, or −1 when it is not well-formed. */
function readPoint(bytes: Uint8Array, at: number, length: number): number {
  const lead = bytes[at] as number
  if (length === 1) return lead
  let point = lead & (0xff >> (length + 1))
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i] as number
    if ((next & 0xc0) !== 0x80) return -1
    point = (point << 6) | (next & 0x3f)
  }
  const isWellFormed = point >= (SMALLEST[length] as number) && point <= 0x10ffff && !isSurrogate(point)
  return isWellFormed ? point : -1
}

/** The UTF-16 code units of well-formed UTF-8 without U+0000, or `null`. There are never more than there are bytes. */
function decodeUnits(bytes: Uint8Array): Uint16Array | null {
  const units = new Uint16Array(bytes.length)
  let count = 0
  let at = 0
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at] as number)
    if (length === 0 || at + length > bytes.length) return null
    const point = readPoint(bytes, at, length)
    if (point <= 0) return null
    if (point < 0x10000) {
      units[count++] = point
    } else {
      units[count++] = 0xd800 | ((point - 0x10000) >> 10)
      units[count++] = 0xdc00 | ((point - 0x10000) & 0x3ff)
    }
    at += length
  }
  return units.subarray(0, count)
}

/** Arguments of one call; engines bound them by their stack. */
const UNITS_PER_CALL = 4_096

/** The text of well-formed UTF-8 without U+0000, or `null` for any other bytes. [WI2] */
export function decodeUtf8(bytes: Uint8Array): string | null {
  const units = decodeUnits(bytes)
  if (units === null) return null
  let text = ''
  for (let at = 0; at < units.length; at += UNITS_PER_CALL) {
    text += String.fromCharCode(...units.subarray(at, at + UNITS_PER_CALL))
  }
  return text
}

/** The UTF-8 of a text, or `null` when it holds U+0000 or a lone surrogate and so has none here. [WI2] */
export function encodeUtf8(text: string): Bytes | null {
  const out = new Uint8Array(text.length * 3)
  let at = 0
  for (const character of text) {
    const point = character.codePointAt(0) as number
    if (point === 0 || isSurrogate(point)) return null
    at = writePoint(out, at, point)
  }
  return out.slice(0, at)
}

function writePoint(out: Bytes, at: number, point: number): number {
  if (point < 0x80) {
    out[at] = point
    return at + 1
  }
  const length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  out[at] = ((0xf00 >> length) & 0xff) | (point >> (6 * (length - 1)))
  for (let i = 1; i < length; i++) out[at + i] = 0x80 | ((point >> (6 * (length - 1 - i))) & 0x3f)
  return at + length
}
