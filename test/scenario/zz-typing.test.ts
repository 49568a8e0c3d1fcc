/**
 * People who type without pause while snapshots are made, attested and the log behind them is trimmed: none of it waits for a moment in which
 * nobody types. They type until it has happened often enough.
 */
import { cryptoReady } from '@y-sealed/protocol'
import Database from 'better-sqlite3'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'

import { CompactionWatch } from '../support/compaction-watch.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { createScene, watch, type Witness } from '../support/stage.ts'

const isLong = process.env['Y_SEALED_LONG_TESTS'] === '1'
const SNAPSHOTS = isLong ? 30 : 3
const PATIENCE_MS = isLong ? 600_000 : 120_000
const SOON_ENTRIES = 60
/** An eighth of what they are by default, and without the week that bodies are kept: seconds show what takes hours. */
const LIMITS = {
  soonEntries: SOON_ENTRIES,
  nowEntries: 8 * SOON_ENTRIES,
  compactionPauseMs: 500,
  trimAgeMs: 1,
  trimIntervalMs: 250,
}
/** `everyMs`: between two letters of one of them. All are in this process, where each reads what all others write. */
const SHORT = [
  { writers: 1, everyMs: 20, attestationMs: 200 },
  { writers: 10, everyMs: 100, attestationMs: 200 },
] as const
const LONG = { writers: 100, everyMs: 8_000, attestationMs: 6_000 } as const

if (!isLong) console.warn('!! SKIPPING a hundred writers while snapshots are made: Y_SEALED_LONG_TESTS=1 runs them')
const CASES = isLong ? [...SHORT, LONG] : SHORT

/** Types a letter each time, as long as it should; gives how many are saved. */
async function typeOn({ peer }: Witness, waitMs: number, everyMs: number, goesOn: () => boolean): Promise<number> {
  const { text, provider } = peer
  let letters = 0
  await pause(waitMs)
  while (goesOn()) {
    text.insert(text.length, 'a')
    letters += 1
    await pause(everyMs)
  }
  await provider.whenSaved()
  return letters
}

it.each(CASES)(
  `[LO10] [LO11] [LO13] [LO15] [CL40] $writers writing without pause: ${SNAPSHOTS} snapshots come, the log is trimmed, and a newcomer reads along`,
  { timeout: PATIENCE_MS + 120_000 },
  async ({ writers: count, everyMs, attestationMs }) => {
    await cryptoReady()
    const scene = await createScene()
    const mortal = await MortalRelay.start(['--log-level', 'warn'], { Y_SEALED_LIMITS: JSON.stringify(LIMITS) })
    const relay = { url: mortal.url, ca: readFileSync(mortal.caPath, 'utf8') }
    const provider = { snapshotPace: { electionMs: 100, attestationMs } }
    const come = async (): Promise<Witness> => {
      const witness = await watch({ relay, access: scene.access(), provider })
      await witness.peer.provider.whenSynced()
      return witness
    }
    const onlooker = await come()
    const writers: Witness[] = []
    while (writers.length < count) {
      writers.push(...(await Promise.all(Array.from({ length: Math.min(10, count - writers.length) }, come))))
    }

    let isTyping = true
    const compaction = new CompactionWatch(onlooker.peer.provider, SOON_ENTRIES)
    const typing = Promise.all(
      writers.map((writer, i) => typeOn(writer, (i / count) * everyMs, everyMs, () => isTyping)),
    )
    await vi.waitUntil(() => readTrimmed(mortal.databasePath) > 0, { timeout: PATIENCE_MS, interval: 100 })
    const newcomer = await come()
    const { signatureChecks } = newcomer.peer.provider
    await vi.waitUntil(() => compaction.snapshots >= SNAPSHOTS, { timeout: PATIENCE_MS, interval: 20 })
    const figures = compaction.end()
    ;(await import('node:fs')).appendFileSync(
      '/tmp/storage-typing.log',
      JSON.stringify({ count, ...figures, head: newcomer.peer.provider.head.seq }) + '\n',
    )
    isTyping = false
    const letters = (await typing).reduce((sum, each) => sum + each, 0)

    const everybody = [onlooker, newcomer, ...writers]
    const text = 'a'.repeat(letters)
    await vi.waitUntil(() => everybody.every((each) => each.text === text), { timeout: 60_000, interval: 50 })
    expect(everybody.flatMap(({ reports, problems }) => [...reports, ...problems])).toEqual([])
    // On a machine that has more to do than it can, too: what comes late covers what came meanwhile.
    expect(figures.longestTail).toBeLessThan(2 * LIMITS.nowEntries)
    // It began behind the snapshot, and the rest it read is the tail.
    expect(signatureChecks).toBeLessThan(newcomer.peer.provider.head.seq)
  },
)

/** Up to where the relay has let go of the bodies. */
function readTrimmed(path: string): number {
  return read(path, 'SELECT base FROM documents')
}

function read(path: string, query: string): number {
  const database = new Database(path, { readonly: true })
  try {
    return database.prepare(query).pluck().get() as number
  } finally {
    database.close()
  }
}
