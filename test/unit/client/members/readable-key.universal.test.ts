import { cryptoReady } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'

import { readReadableKey, writeReadableKey } from '../../../../client/keys/readable-key.ts'

beforeAll(() => cryptoReady())

describe('a key that people type', () => {
  it('[KM21] has 28 characters for 16 bytes and 10 for 5, in groups', () => {
    expect(writeReadableKey(randomBytes(16), 4)).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(writeReadableKey(randomBytes(5), 5)).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/)
  })

  it('[KM21] reads back in any case, with or without dashes and spaces, and with O, I and L for 0 and 1', () => {
    const lengths = fc.constantFrom(5, 16)
    const secrets = lengths.chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))
    fc.assert(
      fc.property(secrets, (bytes) => {
        const secret = new Uint8Array(bytes)
        const text = writeReadableKey(secret, 4)
        expect(readReadableKey(text, secret.length)).toEqual(secret)
        const typed = ` ${text.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')} `
        expect(readReadableKey(typed, secret.length)).toEqual(secret)
      }),
    )
  })

  it('[KM21] with one wrong or swapped character, or one too few, is refused nearly always', () => {
    let slips = 0
    let taken = 0
    for (let round = 0; round < 20; round++) {
      const text = writeReadableKey(randomBytes(16), 28)
      for (let i = 0; i < text.length; i++) {
        const wrong = text.slice(0, i) + (text[i] === '7' ? '8' : '7') + text.slice(i + 1)
        slips += 1
        if (readReadableKey(wrong, 16) !== null) taken += 1
      }
      expect(readReadableKey(text.slice(1), 16)).toBeNull()
      expect(readReadableKey(`${text}7`, 16)).toBeNull()
    }
    // One in 4096 on average.
    expect(slips).toBe(560)
    expect(taken).toBeLessThan(6)
  })

  it.each(['', 'U'.repeat(28), '!'.repeat(28)])('[KM21] %j is none', (text) => {
    expect(readReadableKey(text, 16)).toBeNull()
  })
})
