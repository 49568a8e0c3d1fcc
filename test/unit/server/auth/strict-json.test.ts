import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { isJsonObject, parseStrictJson, type JsonValue } from '../../../../server/auth/strict-json.ts'
import { startCpuClock } from '../../../support/cpu-clock.ts'

/** What JSON.parse would have made of it. */
function toPlain(value: JsonValue): unknown {
  if (isJsonObject(value)) return Object.fromEntries([...value].map(([name, member]) => [name, toPlain(member)]))
  return Array.isArray(value) ? (value as readonly JsonValue[]).map(toPlain) : value
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('strict JSON', () => {
  it('[AU1] reads what JSON.stringify writes of whole numbers and well-formed text', () => {
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, false),
        fc.maxSafeInteger(),
        fc.string({ unit: 'grapheme' }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(
          fc.string().filter((name) => name !== '__proto__'),
          tie('value'),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    }))
    fc.assert(
      fc.property(value, (any) => {
        const read = parseStrictJson(JSON.stringify(any))
        expect(read).not.toBeUndefined()
        expect(JSON.stringify(toPlain(read as JsonValue))).toBe(JSON.stringify(any))
      }),
    )
  })

  it('[F22] refuses what JSON.parse refuses, and never throws', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"a"',
      ':',
      ',',
      '1',
      '-',
      'true',
      'nul',
      '\\',
      '"',
      ' ',
      '\ufeff',
      '0',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('')
        expect(parseStrictJson(text) === undefined || isJson(text)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['nothing', ''],
    ['a member twice', '{"a":1,"a":1}'],
    ['a member twice, once escaped', String.raw`{"a":1,"\u0061":1}`],
    ['a fraction', '1.0'],
    ['an exponent', '1e3'],
    ['infinity by exponent', '1e400'],
    ['a leading zero', '01'],
    ['a plus', '+1'],
    ['beyond 2^53', '9007199254740993'],
    ['a lone surrogate', String.raw`"\ud800"`],
    ['a control character', '"\u0001"'],
    ['an unknown escape', String.raw`"\x"`],
    ['space before', ' 1'],
    ['space after', '1\n'],
    ['a BOM', '\ufeff1'],
    ['two values', '1 1'],
    ['a comma too many', '[1,]'],
    ['a comma too many in an object', '{"a":1,}'],
    ['an open string', '"a'],
    ['an open string that ends in an escape', '"a\\'],
    ['an unquoted name', '{a:1}'],
    ['a comment', '1/**/'],
    ['nine arrays deep', nested(10)],
    ['65 536 arrays deep', nested(65_536)],
  ])('[AU1] refuses %s', (_what, text) => {
    expect(parseStrictJson(text)).toBeUndefined()
  })

  it('[AU1] reads nesting up to its limit and members named like those of every object', () => {
    expect(parseStrictJson(nested(9))).toBeDefined()
    const read = parseStrictJson('{"__proto__":{"a":1},"constructor":2}')
    expect(isJsonObject(read) && [...read.keys()]).toEqual(['__proto__', 'constructor'])
  })

  it('[F22] takes time in proportion to the length', () => {
    const time = (size: number): number => {
      const text = `{${Array.from({ length: size }, (_, i) => `"${i}":${i}`).join(',')}}`
      const runs = Array.from({ length: 15 }, () => {
        const cpuMs = startCpuClock()
        parseStrictJson(text)
        return cpuMs()
      })
      return Math.min(...runs)
    }
    time(2000)
    // Four times the length: a scanner that went back over the text would take sixteen times as long.
    expect(time(16_000)).toBeLessThan(12 * Math.max(time(4000), 1))
  })
})
