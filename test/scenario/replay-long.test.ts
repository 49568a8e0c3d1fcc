/**
 * Real traces whole, which takes minutes: with `Y_SEALED_LONG_TESTS=1` only.
 *
 * @module
 */
import { describe, expect, it } from 'vitest'

import { runClient } from '../support/client-command.ts'
import { replayWithKills } from '../support/killed-replay.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { findTrace } from '../support/traces.ts'

const isAsked = process.env['Y_SEALED_LONG_TESTS'] === '1'
if (!isAsked) console.warn('\n!! SKIPPING the long replays of real traces: Y_SEALED_LONG_TESTS=1 runs them\n')

const TRACES = [
  {
    name: 'sveltecomponent',
    edits: 18_335,
    characters: 18_451,
    killsAt: { merged: [10], 'per-edit': [3_000, 12_000] },
  },
  {
    name: 'automerge-paper',
    edits: 259_778,
    characters: 104_852,
    killsAt: { merged: [60, 150], 'per-edit': [20_000, 150_000] },
  },
] as const

describe.skipIf(!isAsked)('a real trace', () => {
  for (const { name, edits, characters, killsAt } of TRACES) {
    const path = isAsked ? findTrace(name) : null
    for (const mode of ['merged', 'per-edit'] as const) {
      it.skipIf(path === null)(
        `${name}, ${edits} edits, ${mode}, arrives whole with a receiver and with one who comes later`,
        async () => {
          const relay = await MortalRelay.start(['--log-level', 'warn'])
          const how = mode === 'per-edit' ? ['--per-edit'] : []
          const { exitCode, stdout, stderr } = await runClient(relay, ['replay', path ?? '', '--new', '--json', ...how])
          expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
          console.log(stdout)
          expect(JSON.parse(stdout)).toMatchObject({ edits, identical: true, late: { characters } })
        },
        1_200_000,
      )

      it.skipIf(path === null)(
        `${name}, ${mode}, arrives whole although the relay is killed in the middle`,
        async () => {
          const { report, acknowledged, acknowledgedAtLastKill } = await replayWithKills(
            path ?? '',
            mode,
            killsAt[mode],
          )
          console.log(acknowledgedAtLastKill, acknowledged, report)
          expect(acknowledgedAtLastKill).toBeLessThan(acknowledged)
          expect(JSON.parse(report)).toMatchObject({ edits, late: { characters } })
        },
        1_200_000,
      )
    }
  }
})
