/**
 * As `convergence-chaos`, with a relay that goes back to older backups, now and then while somebody opens from a snapshot, with logs that are restarted
 * while others are away, and with devices of two tabs that have no Web Locks. With `Y_SEALED_LONG_TESTS=1` only: a device may look again at a relay
 * that it has left after minutes.
 */
import { cryptoReady } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { Chaos } from '../support/chaos/chaos.ts'
import { expectPeace } from '../support/chaos/verdict.ts'
import { createRandom } from '../support/random.ts'

const isLong = process.env['Y_SEALED_LONG_TESTS'] === '1'
const CLIENTS = 12
const STEPS = 200
/** Until each of these things has happened once. */
const MOST_STEPS = 400
/** One alone, to see again what it did: `Y_SEALED_SEED=7`. */
const CHOSEN = process.env['Y_SEALED_SEED']
const SEEDS = CHOSEN === undefined ? Array.from({ length: 10 }, (_, i) => i + 1) : [Number(CHOSEN)]
/** Whether a relay goes back at all depends on the moment in members mode, for a backup may lack a change of members: the figures tell. */
const THINGS = ['restore', 'wipe', 'freeze', 'kill', 'saved', 'kept']

if (!isLong) console.warn('!! SKIPPING chaos with a relay that goes back: Y_SEALED_LONG_TESTS=1 runs it')

describe.skipIf(!isLong).each(['members', 'shared-key'] as const)(
  'whatever goes wrong with a document in %s mode whose relay goes back to backups',
  (mode) => {
    it.each(SEEDS)(
      `[LO14] [CL16] [CL30] [CL31] [CL41] nothing kept is lost, nothing is doubled, and all have the same (Y_SEALED_SEED=%i, ${STEPS} steps)`,
      { timeout: 1_800_000 },
      async (seed) => {
        await cryptoReady()
        const chaos = await Chaos.begin({
          random: createRandom(seed),
          chance: createRandom(-seed),
          clients: CLIENTS,
          mode,
          isHarsh: true,
          isRestored: true,
        })
        const isLacking = (): boolean => THINGS.some((thing) => !(Number(chaos.figures[thing]) > 0))
        for (let step = 0; step < STEPS || (isLacking() && step < MOST_STEPS); step++) await chaos.step()
        await chaos.settle()
        try {
          await expectPeace(chaos)
        } finally {
          console.info(`seed ${seed}, ${mode}: ${JSON.stringify(chaos.figures)}`)
        }
        expect(THINGS.filter((thing) => !(Number(chaos.figures[thing]) > 0))).toEqual([])
      },
    )
  },
)
