/**
 * Real traces whole, which takes minutes: with `Y_SEALED_LONG_TESTS=1` only.
 *
 * @module
 */
import { describe, expect, it } from 'vitest'

import { runClient } from '../support/client-command.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { findTrace } from '../support/traces.ts'

const isAsked = process.env['Y_SEALED_LONG_TESTS'] === '1'
if (!isAsked) console.warn('\n!! SKIPPING the long replays of real traces: Y_SEALED_LONG_TESTS=1 runs them\n')

const TRACES = [
  ['sveltecomponent', 18_335, 18_451],
  ['automerge-paper', 259_778, 104_852],
] as const

describe.skipIf(!isAsked)('a real trace', () => {
  for (const [name, edits, characters] of TRACES) {
    const path = isAsked ? findTrace(name) : null
    for (const mode of ['merged', 'per-edit'] as const) {
      it.skipIf(path === null)(
        `${name}, ${edits} edits, ${mode}, arrives whole with a receiver and with one who comes later`,
        async () => {
          const relay = await MortalRelay.start(['--log-level', 'warn'])
          const how = mode === 'per-edit' ? ['--per-edit'] : []
          const replayed = await runClient(relay, ['replay', path ?? '', '--new', '--json', ...how])
          expect({ exitCode: replayed.exitCode, stderr: replayed.stderr }).toMatchObject({ exitCode: 0 })
          console.log(replayed.stdout)
          expect(JSON.parse(replayed.stdout)).toMatchObject({ edits, identical: true, late: { characters } })
        },
        1_200_000,
      )
    }
  }
})
