/**
 * The relay dies in the middle of typing, without a word, and comes back on the same disk: what it has acknowledged is there, once.
 *
 * @module
 */
import { expect, it } from 'vitest'

import { replayWithKills } from '../support/killed-replay.ts'
import { writeSyntheticTrace } from '../support/traces.ts'

it('kill -9 of the relay, twice while somebody types: nothing acknowledged is missing, nothing is doubled', async () => {
  const trace = writeSyntheticTrace(5_000, 11)
  // At full speed, so that there is always something on the way when the relay dies.
  const { report, acknowledgedAtLastKill } = await replayWithKills(trace.path, 'per-edit', [400, 1_500])
  // It happened in the middle.
  expect(acknowledgedAtLastKill).toBeLessThan(5_000)
  const { sender, late } = JSON.parse(report) as { sender: { connections: number }; late: { characters: number } }
  expect(late.characters).toBe(trace.endContent.length)
  expect(sender.connections).toBeGreaterThanOrEqual(3)
}, 240_000)
