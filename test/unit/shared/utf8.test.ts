/** Texts of the wire against Node's own encoder and a list of malformed sequences. */
import { decodeUtf8, encodeUtf8 } from '@y-sealed/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/** Node's lenient decoder replaces what is malformed: the text is the bytes' own iff it encodes to them again. */
function decodeAgain(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes).toString('utf8')
  return Buffer.from(text).equals(bytes) && !text.includes('\0') ? text : null
}

describe('UTF-8', () => {
  it('[WI2] reads and writes any text as Node does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
        const expected = text.includes('\0') ? null : Uint8Array.from(Buffer.from(text))
        expect(encodeUtf8(text)).toEqual(expected)
        expect(decodeUtf8(Uint8Array.from(Buffer.from(text)))).toBe(expected === null ? null : text)
      }),
    )
  })

  it('[WI2] accepts exactly the byte strings that are well-formed', () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x80, 0xbf, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4))
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 6 }), (bytes) => {
        expect(decodeUtf8(Uint8Array.from(bytes))).toBe(decodeAgain(Uint8Array.from(bytes)))
      }),
      { numRuns: 5_000 },
    )
  })

  it.each([
    ['U+0000', [0x61, 0x00]],
    ['a lone continuation', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong slash in three bytes', [0xe0, 0x80, 0xaf]],
    ['an overlong U+FFFF', [0xf0, 0x8f, 0xbf, 0xbf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a five-byte form', [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ['a cut sequence', [0xe2, 0x82]],
    ['a sequence cut by ASCII', [0xe2, 0x82, 0x61]],
  ])('[WI2] refuses %s', (_, bytes) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toBeNull()
  })

  it('[WI2] keeps a byte order mark', () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa')
  })

  it('[WI2] reads a long text', () => {
    const text = 'é'.repeat(10_000)
    expect(decodeUtf8(encodeUtf8(text)!)).toBe(text)
  })

  it.each(['\0', '\ud800', 'a\udc00b'])('[WI2] writes no text that has none: %j', (text) => {
    expect(encodeUtf8(text)).toBeNull()
  })
})
