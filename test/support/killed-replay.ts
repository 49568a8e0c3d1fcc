/**
 * A replay during which the relay is killed, and what must be true afterwards whatever was replayed.
 *
 * @module
 */
import Database from 'better-sqlite3'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'

import { startClient } from './client-command.ts'
import { MortalRelay } from './mortal-relay.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

interface Acknowledged {
  readonly session: string
  readonly counter: number
  readonly count: number
  readonly seq: number
}

export interface KilledReplay {
  /** The line that the replay printed. */
  readonly report: string
  /** Entries acknowledged when the relay died for the last time, and in all. */
  readonly acknowledgedAtLastKill: number
  readonly acknowledged: number
}

/**
 * Replays `trace` by the command, kills the relay without warning each time that so many entries are acknowledged, and starts it again on
 * the same disk. Sender, receiver and a third client who comes afterwards must have the text; every acknowledged entry must stand in the
 * database at the place that was acknowledged, and nothing twice.
 */
export async function replayWithKills(
  trace: string,
  mode: 'merged' | 'per-edit',
  killsAt: readonly number[],
): Promise<KilledReplay> {
  const relay = await MortalRelay.start(['--log-level', 'warn'])
  const ackLog = join(makeTemporaryFolder(), 'acks.jsonl')
  const how = mode === 'per-edit' ? ['--per-edit'] : []
  const replay = startClient(relay, ['replay', trace, '--new', '--ack-log', ackLog, '--json', ...how])
  const hasEnded = replay.finished.then(() => true)
  const countAcknowledged = (): number => readAcks(ackLog).reduce((sum, { count }) => sum + count, 0)
  let acknowledgedAtLastKill = 0
  for (const share of killsAt) {
    const isThere = vi
      .waitUntil(() => countAcknowledged() > share, { timeout: 300_000, interval: 20 })
      .then(() => false)
    if (await Promise.race([hasEnded, isThere]))
      throw new Error(`the replay has ended too early: ${replay.output.stderr}`)
    await relay.kill()
    acknowledgedAtLastKill = countAcknowledged()
    await relay.restart()
  }
  const { exitCode, stdout, stderr } = await replay.finished
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining('error') as string })
  expect(JSON.parse(stdout)).toMatchObject({ identical: true, late: { identical: true } })

  expect(await relay.stop()).toBe(0)
  const entries = readEntries(relay.databasePath)
  expect([...entries.keys()]).toEqual(Array.from({ length: entries.size }, (_, i) => i + 1))
  const missing = readAcks(ackLog).filter(({ session, counter, count, seq }) =>
    Array.from({ length: count }, (_, i) => i).some((i) => entries.get(seq + i) !== `${session}/${counter + i}`),
  )
  expect(missing).toEqual([])
  return { report: stdout, acknowledgedAtLastKill, acknowledged: countAcknowledged() }
}

function readAcks(path: string): readonly Acknowledged[] {
  if (!existsSync(path)) return []
  const whole = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return whole.map((line) => JSON.parse(line) as Acknowledged)
}

/** What the relay holds: session and counter of every entry, by seq. */
function readEntries(path: string): ReadonlyMap<number, string> {
  const database = new Database(path, { readonly: true })
  try {
    const rows = database
      .prepare(
        'SELECT seq, lower(hex(sessions.id)) AS session, counter FROM entries JOIN sessions USING (session) ORDER BY seq',
      )
      .all() as { readonly seq: number; readonly session: string; readonly counter: number }[]
    expect(new Set(rows.map(({ session, counter }) => `${session}/${counter}`)).size).toBe(rows.length)
    return new Map(rows.map(({ seq, session, counter }) => [seq, `${session}/${counter}`]))
  } finally {
    database.close()
  }
}
