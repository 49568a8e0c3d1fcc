/**
 * A relay with two databases under one head key, and one of each kind of client: how long after the first honest word the app is told. The rest
 * of that table: `test/scenario/lying-relay*.test.ts`.
 */
import { afterAll, describe, expect, it } from 'vitest'

import type { Mode, Place, Provider } from '../support/lies/lied-to.ts'
import { letHeadCross, rollBack, showOtherBranch } from '../support/lies/two-histories.ts'

const DETECTION_MS = 1_000
const PROVIDERS: readonly Provider[] = ['SealedProvider', 'y-websocket', 'Hocuspocus']
const WAYS: readonly (readonly [Mode, Place])[] = [
  ['shared-key', 'memory'],
  ['members', 'disk'],
]

const ROWS = [
  ['K9', 'comes back from an older database', rollBack, 'ROLLBACK', 'common. his too. lost. '],
  ['K10', 'shows one the other branch', showOtherBranch, 'FORK', 'common. his too. his. '],
  ['K10', 'lets a head of the other branch pass', letHeadCross, 'FORK', 'common. his too. his. '],
] as const

describe.each(PROVIDERS)('a client with %s, with a shared key in memory and with members on disk', (provider) => {
  const detections: string[] = []
  it.each(ROWS)('[%s] [LO6] a relay that %s', { timeout: 120_000 }, async (row, name, lie, code, text) => {
    const found = await Promise.all(WAYS.map(([mode, place]) => lie(provider, mode, place)))
    expect(found.map(({ codes }) => codes[0])).toEqual([code, code])
    expect(found.map((each) => each.text)).toEqual([text, text])
    const slowest = Math.max(...found.map(({ detectionMs }) => detectionMs))
    detections.push(`${row} ${name}: ${slowest.toFixed(1)}`)
    expect(slowest).toBeGreaterThanOrEqual(0)
    expect(slowest).toBeLessThan(DETECTION_MS)
  })
  afterAll(() => {
    console.info(`${provider}: told so many ms after the first honest word, at most:\n  ${detections.join('\n  ')}`)
  })
})
