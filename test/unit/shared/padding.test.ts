/** Padded lengths: their law, their cost, and that there is one plaintext for a content. */
import { isPaddedLength, maxContentBytes, padLength } from '@y-sealed/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { padContent, unpadContent } from '../../../shared/envelope/padding.ts'
import { fuzzRuns } from '../../support/fuzz-runs.ts'

/** PADMÉ with shifts (PETS 2019, alg. 1). */
function padme(length: number): bigint {
  const l = BigInt(length)
  const exponent = l.toString(2).length - 1
  const kept = exponent.toString(2).length
  const mask = (1n << BigInt(exponent - kept)) - 1n
  return (l + mask) & ~mask
}

describe('padding', () => {
  it('[EN9] buckets of 64, 128 and 256', () => {
    expect([4, 64, 65, 128, 129, 256].map(padLength)).toEqual([64, 64, 128, 128, 256, 256])
  })

  it('[EN9] above 256 is PADMÉ, up to the largest snapshot', () => {
    const length = fc.oneof(fc.integer({ min: 257, max: 70_000 }), fc.integer({ min: 257, max: 67_108_864 }))
    fc.assert(
      fc.property(length, (l) => BigInt(padLength(l)) === padme(l)),
      { numRuns: fuzzRuns(5_000) },
    )
    const edges = Array.from({ length: 19 }, (_, i) => 2 ** (i + 8)).flatMap((power) => [
      power + 1,
      2 * power - 1,
      2 * power,
    ])
    expect(edges.map((edge) => BigInt(padLength(edge)))).toEqual(edges.map(padme))
  })

  it('[EN9] above 256 adds at most 12 %, and in fact 6.3', () => {
    let worst = 0
    for (let length = 257; length < 70_000; length++) worst = Math.max(worst, padLength(length) / length - 1)
    expect(worst).toBeGreaterThan(0.06)
    expect(worst).toBeLessThan(0.063)
  })

  it('[EN9] never shrinks, never goes down, and pads no padded length', () => {
    let last = 0
    for (let length = 1; length < 20_000; length++) {
      const padded = padLength(length)
      if (padded < length || padded < last || padLength(padded) !== padded) throw new Error(`at ${length}`)
      last = padded
    }
    expect(last).toBeGreaterThanOrEqual(19_999)
  })

  it('[F6] a length is a padded one iff some content has it', () => {
    const lengths = new Set(Array.from({ length: 5_000 }, (_, n) => padLength(4 + n)))
    const accepted = Array.from({ length: 5_000 }, (_, length) => length).filter(isPaddedLength)
    expect(accepted).toEqual([...lengths].filter((length) => length < 5_000))
  })

  it.each([63, 64, 2_032, 49_136])('[EN5] maxContentBytes(%i) fits, and one byte more does not', (limit) => {
    const most = maxContentBytes(limit)
    expect(most === 0 ? 0 : padLength(4 + most)).toBeLessThanOrEqual(limit)
    expect(padLength(4 + most + 1)).toBeGreaterThan(limit)
  })

  it('[EN9] a content comes back, and its plaintext is the only one', () => {
    const changed = fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (content, at, by) => {
        const plaintext = padContent(content)
        expect(unpadContent(plaintext)).toEqual(content)
        const position = at % plaintext.length
        plaintext[position]! ^= by
        const again = unpadContent(plaintext)
        expect(again === null ? plaintext : padContent(again)).toEqual(plaintext)
      },
    )
    fc.assert(changed, { numRuns: fuzzRuns(500) })
  })
})
