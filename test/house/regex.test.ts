/** Row H15: no regular expression that a text could make run for ever. */
import { describe, expect, it } from 'vitest'
import { parseSync } from 'vite'

import { costOfRegex } from '../support/regex-cost.ts'
import { listRepositoryFiles, readRepositoryFile } from '../support/repository.ts'

interface Found {
  readonly place: string
  readonly pattern: string
  readonly flags: string
}

/** Regular expressions of a source, and `RegExp` by name, whose pattern nobody can look at beforehand. */
function findRegexes(path: string, source: string): { readonly literals: Found[]; readonly made: string[] } {
  const { program, errors } = parseSync(path, source)
  if (errors.length > 0) throw new SyntaxError(`${path} cannot be read`)
  const literals: Found[] = []
  const made: string[] = []
  const placeOf = (start: number): string => `${path}:${source.slice(0, start).split('\n').length}`
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach((one) => visit(one))
    if (typeof node !== 'object' || node === null) return
    const { type, start, regex, callee } = node as Record<string, unknown>
    const place = placeOf(typeof start === 'number' ? start : 0)
    if (isRegex(regex)) literals.push({ place, ...regex })
    if ((type === 'NewExpression' || type === 'CallExpression') && isNamed(callee, 'RegExp')) made.push(place)
    for (const [name, value] of Object.entries(node)) if (name !== 'regex') visit(value)
  }
  visit(program)
  return { literals, made }
}

function isRegex(value: unknown): value is { readonly pattern: string; readonly flags: string } {
  return typeof value === 'object' && value !== null && 'pattern' in value && 'flags' in value
}

function isNamed(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && value.name === name
}

const sources = listRepositoryFiles().filter(
  (path) => /^(server|shared|client|mobile-demo)\/.*\.tsx?$/.test(path) && !path.endsWith('.d.ts'),
)
const found = sources.map((path) => findRegexes(path, readRepositoryFile(path)))
const literals = found.flatMap((one) => one.literals)

describe('the judge of regular expressions', () => {
  it.each([
    ['(a+)+$', ''],
    ['(a*)*$', ''],
    ['(a|a)*b', ''],
    ['(a|aa)+$', ''],
    ['(.*)*x', ''],
    [String.raw`^(\w+\s?)*$`, ''],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', ''],
    ['(x+x+)+y', ''],
    ['(a|b|ab)*c', ''],
    ['(?:[a-z]+|[A-Z]+)*!', 'i'],
    [String.raw`^(?:\d{1,100}){1,100}$`, ''],
    ['(?=(a+)+$)b', ''],
    [String.raw`^"(?:[^"\\]+|\\.)*"$`, ''],
    [String.raw`(?:\d|[0-5])*x`, ''],
    [String.raw`^([^"\\]|\\?.)*$`, ''],
  ])('sees that /%s/%s takes exponential time', (pattern, flags) => {
    expect(costOfRegex(pattern, flags)).toBe('exponential')
  })

  it.each([['a*a*b'], [String.raw`^\s*(.*)\s*$`], [String.raw`\d+\d+x`], ['^(.*),(.*)$'], [String.raw`^.*\w.*$`]])(
    'sees that /%s/ takes polynomial time',
    (pattern) => {
      expect(costOfRegex(pattern)).toBe('polynomial')
    },
  )

  it.each([
    ['a+b+c+', ''],
    ['(?:ab)*ac', ''],
    ['^[a-z]+(?:-[a-z]+)*$', ''],
    [String.raw`^(?:\d{1,3}\.){3}\d{1,3}$`, ''],
    [String.raw`^(?:[^"\\]|\\.)*$`, ''],
    ['(?:a|b)*c', 'i'],
    [String.raw`^[\w-]{2,1024}\.[\w-]{2,3000}\.[\w-]{86}$`, ''],
    [String.raw`\u{1f600}+[\p{L}]`, 'u'],
  ])('sees that /%s/%s takes linear time', (pattern, flags) => {
    expect(costOfRegex(pattern, flags)).toBe('linear')
  })

  it.each([
    [String.raw`(a)\1`, ''],
    [String.raw`(?<x>a)\k<x>`, ''],
    ['[a--b]', 'v'],
  ])('refuses what it cannot judge: /%s/%s', (pattern, flags) => {
    expect(() => costOfRegex(pattern, flags)).toThrow(SyntaxError)
  })

  it('finds them where they stand', () => {
    const source = "const a = 1 / 2 // /(c+)+/\nconst b = '/(d+)+/'\nf(/x(e+)+/gu.test(b), new RegExp(b), RegExp(b))"
    expect(findRegexes('a.ts', source)).toEqual({
      literals: [{ place: 'a.ts:3', pattern: 'x(e+)+', flags: 'gu' }],
      made: ['a.ts:3', 'a.ts:3'],
    })
  })
})

it('[H15] no regular expression takes more than linear time', () => {
  const slow = literals
    .map(({ place, pattern, flags }) => ({ place, pattern, cost: costOfRegex(pattern, flags) }))
    .filter(({ cost }) => cost !== 'linear')
  expect(literals.length).toBeGreaterThan(50)
  expect(slow.map(({ place, pattern, cost }) => `${place}: ${cost}: ${pattern}`)).toEqual([])
})

it('[H15] none is made of a text while the program runs', () => {
  expect(found.flatMap(({ made }) => made)).toEqual([])
})
