/**
 * Twenty clients write into one document while networks go, tabs are killed, keys change, members leave, and the relay lies and is started
 * anew. When all that is over everybody has the same document, and in it, once, whatever was saved, or kept by a device whose owner stayed.
 */
import { cryptoReady } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { Chaos } from '../support/chaos/chaos.ts'
import { expectPeace } from '../support/chaos/verdict.ts'
import { createRandom } from '../support/random.ts'

const isLong = process.env['Y_SEALED_LONG_TESTS'] === '1'
const CLIENTS = 20
const STEPS = isLong ? 1_500 : 400
/** One alone, to see again what it did: `Y_SEALED_SEED=7`. */
const CHOSEN = process.env['Y_SEALED_SEED']
const SEEDS = CHOSEN === undefined ? Array.from({ length: isLong ? 25 : 1 }, (_, i) => i + 1) : [Number(CHOSEN)]
const COMMON = [
  'type',
  'strike',
  'paste',
  'keep',
  'offline',
  'online',
  'reload',
  'kill',
  'lie',
  'cut',
  'relay',
] as const
const OF_MEMBERS = ['rotate', 'removed', 'arrived'] as const
const OF_LONG_FORM = isLong ? (['freeze', 'full', 'evicted', 'clock'] as const) : []

describe.each([
  ['members', [...COMMON, ...OF_MEMBERS]],
  ['shared-key', COMMON],
] as const)('whatever goes wrong with a document in %s mode', (mode, things) => {
  it.each(SEEDS)(
    `[CL6] [CL10] [CL13] [CL14] [K3] [K14] nothing kept is lost, nothing is doubled, and all have the same (Y_SEALED_SEED=%i, ${CLIENTS} clients, ${STEPS} steps)`,
    { timeout: 1_800_000 },
    async (seed) => {
      await cryptoReady()
      const chaos = await Chaos.begin({
        random: createRandom(seed),
        chance: createRandom(-seed),
        clients: CLIENTS,
        mode,
        isHarsh: isLong,
      })
      for (let step = 0; step < STEPS; step++) await chaos.step()
      await chaos.settle()
      await expectPeace(chaos)
      // What a long run has shown, for whoever keeps a book of them.
      if (isLong) console.info(`seed ${seed}, ${mode}: ${JSON.stringify(chaos.figures)}`)
      expect([...things, ...OF_LONG_FORM].filter((thing) => chaos.tally[thing] === undefined)).toEqual([])
      // Lies meet people: one message each at the least, on the whole.
      const { lie = 0, lied = 0 } = chaos.tally
      expect(!isLong || lied > lie).toBe(true)
      expect([chaos.ledger.count('kept') > 0, chaos.ledger.count('saved') > 0]).toEqual([true, true])
    },
  )
})
