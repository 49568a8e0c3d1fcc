import { expect, it } from 'vitest'

import type { PublishedSnapshot } from '../../../../server/core/snapshot-ports.ts'
import { findForgettable } from '../../../../server/store/forget-publications.ts'

type Standing = 'published' | 'attested' | 'by age' | 'disputed'

/** Published at 1, 2, 3…, none of which has its bytes, but those that end with `+`. */
function forgotten(through: number, ...oldestFirst: readonly (Standing | `${Standing}+`)[]): number[] {
  const published = oldestFirst.map((standing, i): PublishedSnapshot => ({
    id: new Uint8Array(32).fill(i),
    seq: i,
    bytes: 1_000,
    contentDigest: new Uint8Array(32),
    device: new Uint8Array(16),
    member: new Uint8Array(16),
    isAdmins: false,
    publishedAt: i + 1,
    publishedAtMs: 0,
    isAttested: standing.startsWith('attested') || standing.startsWith('by age'),
    isByAge: standing.startsWith('by age'),
    disputedAt: standing.startsWith('disputed') ? 99 : 0,
    isHeld: standing.endsWith('+'),
  }))
  return findForgettable(published.toReversed(), through).map(({ publishedAt }) => publishedAt)
}

const FIVE = ['attested', 'attested', 'attested', 'attested', 'published'] as const

it.each<[string, number[], number[]]>([
  ['those before the second newest attested one', forgotten(5, ...FIVE), [2, 1]],
  ['none whose mark is kept, nor the newest without one', forgotten(2, ...FIVE), [1]],
  ['none where all marks are kept', forgotten(0, ...FIVE), []],
  ['none that is held', forgotten(5, 'attested+', 'published', 'attested', 'attested'), [2]],
  ['none where one is disputed', forgotten(5, 'disputed', 'attested', 'attested', 'attested'), []],
  ['none that one attested one does not stand for', forgotten(4, 'published', 'published', 'attested'), []],
  // What age vouches for is nothing to those who attest: of the rest the sixteen newest may be attested. [LO13]
  ['none of the sixteen newest', forgotten(19, ...Array<'by age'>(18).fill('by age')), [2, 1]],
  ['none behind the newest attested one', forgotten(19, 'attested', ...Array<'published'>(17).fill('published')), []],
])('[LO13] [LO15] forgets %s', (_, found, expected) => {
  expect(found).toEqual(expected)
})
