/**
 * Every lie of the catalogue, told to one kind of client: in memory and on disk (files under Node, IndexedDB in Chromium), with a shared key
 * and with members. What was never written is never shown, nothing typed is lost, and after the first honest opening all is well, or the
 * client is done with this relay. What is to be told is told within a second of the first honest word: there is no wait in it, and a second
 * is room for a busy machine.
 *
 * @module
 */
import { afterAll, describe, expect, it } from 'vitest'

import { TRICKS, type Trick } from '../tricks.ts'
import { setScene, type Mode, type Place, type Provider } from './lied-to.ts'
import { playTrick, type Account } from './play-trick.ts'

const DETECTION_MS = 1_000

const WAYS: readonly (readonly [Mode, Place])[] = [
  ['shared-key', 'memory'],
  ['shared-key', 'disk'],
  ['members', 'memory'],
  ['members', 'disk'],
]

/** Declares the suite. */
export function tellEveryLie(provider: Provider): void {
  const detections: string[] = []
  describe(`a client with ${provider}, with a shared key and with members, in memory and on disk`, () => {
    it.each(TRICKS.map((trick) => [trick.row, trick.name, trick] as const))(
      '[%s] a relay that %s',
      { timeout: 60_000 },
      async (row, name, trick) => {
        // All of them at once: most of it is waiting.
        const accounts = await Promise.all(
          WAYS.map(async ([mode, place]) => await playTrick(trick, await setScene(provider, mode, place))),
        )
        expect(byWay(accounts.map(({ detectionMs: _, ...account }) => account))).toEqual(
          byWay(WAYS.map(() => expectedOf(trick))),
        )
        const times = accounts.flatMap(({ detectionMs }) => detectionMs ?? [])
        if (times.length === 0) return
        const slowest = Math.max(...times)
        detections.push(`${row} ${name}: ${slowest.toFixed(1)}`)
        expect(slowest).toBeLessThan(DETECTION_MS)
      },
    )
  })
  afterAll(() => {
    console.info(`${provider}: told so many ms after the first honest word, at most:\n  ${detections.join('\n  ')}`)
  })
}

function expectedOf({ stops }: Trick): Omit<Account, 'detectionMs'> {
  return { invented: ['', ''], strangers: 0, isUnharmed: true, isTold: true, end: stops === true ? 'stopped' : 'well' }
}

function byWay(accounts: readonly object[]): Readonly<Record<string, object>> {
  return Object.fromEntries(accounts.map((account, index) => [String(WAYS[index]), account] as const))
}
