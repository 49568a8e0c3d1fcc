/**
 * The relay dies in the middle of a commit, two hundred times: in parts, each with seeds of its own, so that a long form that is cut short has
 * shown what it has shown, and can be gone on with.
 */
import { cryptoReady } from '@y-sealed/protocol'
import { expect, it } from 'vitest'

import { auditDatabase } from '../../server/audit/audit-database.ts'
import { bundleCrashRelay, CrashRelay } from '../support/crash-relay.ts'
import { CrashWriter } from '../support/crash-writer.ts'
import { expectKept } from '../support/kept-entries.ts'
import { createRandom } from '../support/random.ts'
import { createRoomDocument } from '../support/room-document.ts'

/**
 * Rounds that end within a COMMIT; the others are not counted. `Y_SEALED_CRASH_ROUNDS=500` for the long form; with `Y_SEALED_SEED` from the part of
 * that seed on.
 */
const ROUNDS = Number(process.env['Y_SEALED_CRASH_ROUNDS'] ?? 200)
/** A fresh database after so many, so that looking at all of it stays cheap. */
const ROUNDS_A_DATABASE = 20
const PART_ROUNDS = 100
const IS_LONG = process.env['Y_SEALED_CRASH_ROUNDS'] !== undefined
const SEED = Number(process.env['Y_SEALED_SEED'] ?? 20_261_130)
/** Each database has the next seed; no part has so many. */
const SEEDS_A_PART = 1_000
const PARTS = Array.from({ length: Math.ceil(ROUNDS / PART_ROUNDS) }, (_, part) => ({
  rounds: Math.min(PART_ROUNDS, ROUNDS - part * PART_ROUNDS),
  seed: SEED + part * SEEDS_A_PART,
}))

it.each(PARTS)(
  '[I2] [I3] [LO7] $rounds relays killed within a commit: what was acknowledged is stored, once, and all chains and signatures hold (Y_SEALED_SEED=$seed)',
  { timeout: 120_000 + 20_000 * PART_ROUNDS },
  async ({ rounds, seed }) => {
    await cryptoReady()
    const program = await bundleCrashRelay()
    let [counted, unasked, attempts] = [0, 0, 0]
    for (let database = seed; counted < rounds; database++) {
      const random = createRandom(database)
      const relay = new CrashRelay(program)
      await relay.start()
      const documents = [createRoomDocument(), createRoomDocument()]
      const writers = documents.flatMap((document) => [new CrashWriter(document), new CrashWriter(document)])
      await (writers[0] as CrashWriter).create(relay)
      await (writers[2] as CrashWriter).create(relay)
      for (let round = 0; round < ROUNDS_A_DATABASE && counted < rounds; round++) {
        expect(++attempts, 'hardly any kill falls into a commit').toBeLessThan(20 * rounds)
        await Promise.all(writers.map((writer) => writer.write(relay)))
        await new Promise((resolve) => setTimeout(resolve, 5 + random(60)))
        const inFlight = writers.reduce((sum, writer) => sum + writer.inFlight, 0)
        const isCommitting = await relay.kill(20)
        // Within a commit there is always something that nobody has been told of.
        expect(!isCommitting || inFlight > 0).toBe(true)
        if (isCommitting) counted += 1
        unasked += expectKept(relay.databasePath, writers)
        expect(await auditDatabase({ path: relay.databasePath })).toMatchObject({ documents: 2, faults: 0 })
        await relay.start()
      }
      await Promise.all(writers.map((writer) => writer.write(relay)))
      await Promise.all(writers.map((writer) => writer.finish()))
      await relay.kill()
      expect(expectKept(relay.databasePath, writers)).toBe(0)
      relay.end()
    }
    // Some commits were on the disk before their ACK could leave: those came again, and stand there once.
    expect(unasked).toBeGreaterThan(0)
    if (IS_LONG)
      console.info(
        `seed ${seed}: ${counted} of ${attempts} kills within a COMMIT, ${unasked} entries on the disk unasked`,
      )
  },
)
