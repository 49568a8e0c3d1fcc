/**
 * The power fails in the middle of a commit: what had not been synced is on the disk, or is not, sector by sector.
 */
import { cryptoReady } from '@y-sealed/protocol'
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

import { auditDatabase } from '../../server/audit/audit-database.ts'
import type { FrozenProcess } from '../support/commit-watch.ts'
import { bundleCrashRelay, CrashRelay } from '../support/crash-relay.ts'
import { CrashWriter } from '../support/crash-writer.ts'
import { expectKept } from '../support/kept-entries.ts'
import { createRandom, type Random } from '../support/random.ts'
import { createRoomDocument } from '../support/room-document.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

const CUTS = 60
const SECTOR_BYTES = 512
const [JOURNAL_HEADER_BYTES, FRAME_BYTES] = [32, 24 + 4096]
const SEED = Number(process.env['Y_SEALED_SEED'] ?? 20_261_130)

/** Of each sector nothing, a part, or all has reached the disk. */
function tearSectors(bytes: Uint8Array, random: Random): void {
  for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
    const reached = [0, random(SECTOR_BYTES), SECTOR_BYTES][random(3)] as number
    bytes.subarray(at, at + SECTOR_BYTES).fill(0, reached)
  }
}

/** The files as a power cut would leave them. True where something was on its way to the disk and is torn. */
function cutPower(relay: CrashRelay, frozen: FrozenProcess, to: string, random: Random): boolean {
  copyFileSync(relay.databasePath, to)
  const journal = `${relay.databasePath}-wal`
  if (!existsSync(journal)) return false
  const bytes = readFileSync(journal)
  // In a COMMIT that also carries the journal over to the database, what is synced when is SQLite's own affair.
  const isCarriedOver = statSync(relay.databasePath).mtimeMs !== frozen.databaseWrittenMs
  const from = JOURNAL_HEADER_BYTES + frozen.frames * FRAME_BYTES
  const isTorn = frozen.isCommitting && !isCarriedOver && frozen.frames > 0 && bytes.length > from
  if (isTorn) tearSectors(bytes.subarray(from), random)
  writeFileSync(`${to}-wal`, bytes)
  return isTorn
}

it(
  `[I2] [I3] ${CUTS} power cuts within commits: a copy with torn sectors opens, and holds all that was acknowledged`,
  { timeout: 300_000 },
  async () => {
    await cryptoReady()
    const random = createRandom(SEED)
    const relay = new CrashRelay(await bundleCrashRelay())
    await relay.start()
    const document = createRoomDocument()
    const writers = [new CrashWriter(document), new CrashWriter(document)]
    await (writers[0] as CrashWriter).create(relay)
    await Promise.all(writers.map((writer) => writer.write(relay)))
    const folder = makeTemporaryFolder()
    for (let cuts = 0, attempts = 0; cuts < CUTS; attempts++) {
      expect(attempts, 'hardly any cut falls into a commit').toBeLessThan(30 * CUTS)
      await new Promise((resolve) => setTimeout(resolve, 5 + random(30)))
      const frozen = relay.freeze(20)
      // What it had sent before arrives.
      await new Promise((resolve) => setTimeout(resolve, 5))
      const copy = join(folder, `${attempts}.db`)
      cuts += cutPower(relay, frozen, copy, random) ? 1 : 0
      expectKept(copy, writers)
      expect(await auditDatabase({ path: copy })).toMatchObject({ documents: 1, faults: 0 })
      relay.resume()
    }
    await Promise.all(writers.map((writer) => writer.finish()))
    relay.end()
  },
)
