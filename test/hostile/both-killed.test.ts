/**
 * A relay and the devices that type by it, all killed in the same moments, life after life on the same files. Row I2.
 */
import { openNodeStorage } from '@y-sealed/client/node'
import { bytesToHex } from '@y-sealed/protocol'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'

import { auditDatabase } from '../../server/audit/audit-database.ts'
import { bundleProgram } from '../support/bundled-program.ts'
import { DoomedDevice } from '../support/doomed-device.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { createRandom } from '../support/random.ts'
import { createScene, watch } from '../support/stage.ts'

const IS_LONG = process.env['Y_SEALED_LONG_TESTS'] === '1'
const ROUNDS = Number(process.env['Y_SEALED_CRASH_ROUNDS'] ?? (IS_LONG ? 100 : 5))
const DEVICES = 3
const SEED = Number(process.env['Y_SEALED_SEED'] ?? 20_261_202)
/** The relay is shot within so many ms, and every device; but one, within as many after the relay. */
const SALVO_MS = 400
/** A relay that is typed at so long without a COMMIT does not store anything; a device that is not heard so long never will be. */
const PATIENCE_MS = 180_000

function wordsOf(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '')
}

it(
  `[I2] [I3] [CL13] [CL14] kill -9 of a relay and ${DEVICES} devices at once, ${ROUNDS} times: acknowledged ⊆ stored, kept ⊆ arrived, each once`,
  { timeout: 60_000 + ROUNDS * 120_000 },
  async () => {
    const random = createRandom(SEED)
    const mortal = await MortalRelay.start(['--log-level', 'warn'], {}, { marksCommits: true })
    const { access, key, room } = await createScene()
    const relay = { url: mortal.url, ca: readFileSync(mortal.caPath, 'utf8') }
    const { url, caPath } = mortal
    const program = await bundleProgram('test/support/offline-writer.ts')
    const devices = Array.from(
      { length: DEVICES },
      (_, i) => new DoomedDevice({ program, name: `device${i}`, key: bytesToHex(key), room, url, caPath }),
    )
    const all = (of: 'begun' | 'kept' | 'saved'): readonly string[] => devices.flatMap((device) => [...device[of]])
    /** Each once, none that was never typed, and all of those. */
    const expectWhole = (text: string, those: readonly string[]): void => {
      const words = wordsOf(text)
      expect(new Set(words).size).toBe(words.length)
      expect(words.filter((word) => !all('begun').includes(word))).toEqual([])
      expect(those.filter((word) => !words.includes(word))).toEqual([])
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const device of devices) device.start()
      const areHeard = (): boolean => devices.every(({ isHeard }) => isHeard)
      await vi.waitUntil(areHeard, { timeout: PATIENCE_MS, interval: 20 }).catch((error: unknown) => {
        const progress = devices.map((device) => device.progress).join('\n')
        throw new Error(`round ${round}, not heard:\n${progress}\n${mortal.log}`, { cause: error })
      })
      // One types until the relay is dead, or that would have nothing to store.
      const last = random(DEVICES)
      const relayDies = pause(random(SALVO_MS)).then(() => mortal.killInCommit(PATIENCE_MS))
      const shots = devices.map(async (device, i) => {
        const afterMs = random(SALVO_MS)
        if (i === last) await relayDies
        await pause(afterMs)
        await device.kill()
      })
      expect(await relayDies, 'something was being committed when the relay died').toBe(true)
      await Promise.all(shots)
      // Nobody can have been told that it was.
      expect(devices.some((device) => device.inFlight > 0)).toBe(true)
      await mortal.restart()
      // Nobody is there who could give back what the relay has lost.
      const reader = await watch({ relay, access: access() })
      await reader.peer.provider.whenSynced()
      expectWhole(reader.text, all('saved'))
      expect(reader.reports).toEqual([])
      reader.peer.close()
    }
    const reader = await watch({ relay, access: access() })
    const survivors = await Promise.all(
      devices.map(async ({ folder }) => {
        const storage = await openNodeStorage(folder)
        const { keys, outbox, documents: store } = storage
        return { storage, witness: await watch({ relay, access: access(), keys, provider: { outbox, store } }) }
      }),
    )
    await Promise.all(survivors.map(({ witness }) => witness.peer.provider.whenSaved()))
    const witnesses = [reader, ...survivors.map(({ witness }) => witness)]
    await vi.waitFor(() => expect(new Set(witnesses.map(({ text }) => text)).size).toBe(1), { timeout: PATIENCE_MS })
    expectWhole(reader.text, all('kept'))
    expect(witnesses.flatMap(({ reports }) => reports)).toEqual([])
    for (const { storage, witness } of survivors) {
      const { documentId } = witness.peer.provider
      await vi.waitFor(async () => expect(await storage.outbox.list(documentId)).toEqual([]), { timeout: PATIENCE_MS })
      witness.peer.close()
      await storage.close()
    }
    if (IS_LONG) console.info(`${ROUNDS} rounds: ${devices.map(({ progress }) => progress).join('; ')}`)
    await mortal.stop()
    expect(await auditDatabase({ path: mortal.databasePath })).toMatchObject({ documents: 1, faults: 0 })
  },
)
