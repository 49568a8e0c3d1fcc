/**
 * UTF-8 as the wire has it: well-formed only, so that one text has one encoding. Rule WI2.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'

// `shared` compiles without DOM or Node types: this is all of the platform (WHATWG Encoding) that is named here. Building a text in
// JavaScript takes eight bytes of memory for each of its bytes.
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly ignoreBOM: true },
) => { decode(bytes: Uint8Array): string }
declare const TextEncoder: new () => { encode(text: string): Bytes }

/** Keeps a byte order mark, which is a character like any other. Not `fatal`: refusing by an exception costs twenty frames. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** What has no encoding here: U+0000, and surrogates that are no pair, which the platform's encoder would replace. */
const UNENCODABLE = /[\0\p{Surrogate}]/u

/** How many bytes a character with this first byte has, and 0 for a byte that begins none (Unicode 16, table 3-7). */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return lead === 0 ? 0 : 1
  if (lead >= 0xc2 && lead <= 0xdf) return 2
  if (lead >= 0xe0 && lead <= 0xef) return 3
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0
}

/** Whether `second` may follow `lead`: not in overlong forms, surrogates, or above U+10FFFF (Unicode 16, table 3-7). */
function maySucceed(lead: number, second: number): boolean {
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  return second >= low && second <= high
}

function isWellFormed(bytes: Uint8Array): boolean {
  let at = 0
  while (at < bytes.length) {
    const lead = bytes[at] as number
    const end = at + sequenceLength(lead)
    if (end === at || end > bytes.length) return false
    if (end > at + 1 && !maySucceed(lead, bytes[at + 1] as number)) return false
    for (at += 2; at < end; at++) if (((bytes[at] as number) & 0xc0) !== 0x80) return false
    at = end
  }
  return true
}

/** The text of well-formed UTF-8 without U+0000, or `null` for any other bytes. [WI2] */
export function decodeUtf8(bytes: Uint8Array): string | null {
  return isWellFormed(bytes) ? decoder.decode(bytes) : null
}

/** The UTF-8 of a text, or `null` when it holds U+0000 or a lone surrogate and so has none here. [WI2] */
export function encodeUtf8(text: string): Bytes | null {
  return UNENCODABLE.test(text) ? null : encoder.encode(text)
}
