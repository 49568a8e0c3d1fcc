/**
 * Editing traces for tests: small seeded ones for every run, and those of real people where they are to be had.
 *
 * @module
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { createRandom } from './random.ts'
import { REPOSITORY_ROOT } from './repository.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

/** Where the data sets lie. */
const DATA = process.env['Y_SEALED_TEST_DATA'] ?? join(REPOSITORY_ROOT, '..', 'shared', 'data')

/** The file of a real trace, or `null` where there is none: suites skip themselves then, and this has said so. */
export function findTrace(name: string): string | null {
  const path = join(DATA, 'traces', `${name}.json.gz`)
  if (existsSync(path)) return path
  console.warn(`\n!! the trace ${path} is missing: SKIPPING what needs it (Y_SEALED_TEST_DATA names another folder)\n`)
  return null
}

const WORDS = ['the', 'quick', 'Füchse', 'über', '東京', '😀', '👩‍👩‍👧', 'jump', '\n', 'again', 'and', 'lazy']

interface SyntheticTrace {
  readonly path: string
  readonly endContent: string
}

/**
 * Writes a trace of `edits` transactions that are the same for the same seed: mostly typing on at one place, some jumps, deletions and
 * replacements in several places at once, in letters of one and of two UTF-16 units.
 */
export function writeSyntheticTrace(edits: number, seed: number, endContent?: string): SyntheticTrace {
  const random = createRandom(seed)
  let points: string[] = []
  let place = 0
  const patch = (): [number, number, string] => {
    if (random(12) === 0) place = random(points.length + 1)
    const removed = random(6) === 0 ? Math.min(random(9), points.length - place) : 0
    const word = [...(WORDS[random(WORDS.length)] as string)]
    const inserted = removed > 0 && random(2) === 0 ? [] : random(3) === 0 ? word : [word[0] as string]
    points = [...points.slice(0, place), ...inserted, ...points.slice(place + removed)]
    const made: [number, number, string] = [place, removed, inserted.join('')]
    place += inserted.length
    return made
  }
  const txns = Array.from({ length: edits }, () => ({ patches: random(50) === 0 ? [patch(), patch()] : [patch()] }))
  const path = join(makeTemporaryFolder(), `synthetic-${seed}.json.gz`)
  const end = endContent ?? points.join('')
  writeFileSync(path, gzipSync(JSON.stringify({ startContent: '', endContent: end, txns })))
  return { path, endContent: end }
}
