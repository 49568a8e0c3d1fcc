import { cryptoReady, hashFields, sodiumSha512 } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'

import { safetyCode } from '../../../../client/members/safety-code.ts'
import { SAFETY_EMOJI } from '../../../../client/members/safety-emoji.ts'

beforeAll(() => cryptoReady())

describe('a safety code', () => {
  it('[KM20] draws from 64 distinct emoji, each one character with a word of its own', () => {
    expect(SAFETY_EMOJI).toHaveLength(64)
    expect(new Set(SAFETY_EMOJI.map(({ symbol }) => symbol)).size).toBe(64)
    expect(new Set(SAFETY_EMOJI.map(({ name }) => name)).size).toBe(64)
    for (const { symbol, name } of SAFETY_EMOJI) {
      expect(symbol).toMatch(/^\p{Emoji_Presentation}$/u)
      expect(name).toMatch(/^[a-z]+$/)
    }
  })

  it('[KM20] is seven emoji and five groups of five digits of the hash, as the rule reads', () => {
    const [genesis, head] = [randomBytes(32), randomBytes(32)]
    const hash = hashFields(sodiumSha512, 'y-sealed/v1/safety', genesis, head)
    const bits = [...hash.subarray(0, 6)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
    const { emoji, digits } = safetyCode(genesis, head)
    expect(emoji).toEqual(
      Array.from({ length: 7 }, (_, i) => SAFETY_EMOJI[Number.parseInt(bits.slice(6 * i, 6 * i + 6), 2)]),
    )
    const groups = digits.split(' ')
    expect(groups).toHaveLength(5)
    for (const [i, group] of groups.entries()) {
      let value = 0n
      for (const byte of hash.subarray(6 + 5 * i, 11 + 5 * i)) value = value * 256n + BigInt(byte)
      expect(group).toBe(String(value % 100_000n).padStart(5, '0'))
    }
  })

  it('[KM20] is another one for another document and after every record', () => {
    const [genesis, head] = [randomBytes(32), randomBytes(32)]
    const codes = [safetyCode(genesis, head), safetyCode(genesis, randomBytes(32)), safetyCode(randomBytes(32), head)]
    expect(new Set(codes.map(({ digits }) => digits)).size).toBe(3)
    expect(safetyCode(genesis, head)).toEqual(codes[0])
  })
})
