/**
 * The relay dies in the middle of typing, without a word, and comes back on the same disk: what it has acknowledged is there, once.
 *
 * @module
 */
import Database from 'better-sqlite3'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { startClient } from '../support/client-command.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { writeSyntheticTrace } from '../support/traces.ts'

interface Acknowledged {
  readonly session: string
  readonly counter: number
  readonly count: number
  readonly seq: number
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

it('kill -9 of the relay, twice while somebody types: nothing acknowledged is missing, nothing is doubled', async () => {
  const relay = await MortalRelay.start()
  const trace = writeSyntheticTrace(5_000, 11)
  const ackLog = join(makeTemporaryFolder(), 'acks.jsonl')
  // At full speed, so that there is always something on the way when the relay dies.
  const args = ['replay', trace.path, '--new', '--per-edit', '--ack-log', ackLog, '--json']
  const replay = startClient(relay, args)
  const countAcked = (): number => readAcks(ackLog).reduce((sum, { count }) => sum + count, 0)
  let atLastKill = 0
  for (const share of [400, 1_500]) {
    await vi.waitFor(() => expect(countAcked()).toBeGreaterThan(share), { timeout: 60_000 })
    await relay.kill()
    atLastKill = countAcked()
    await relay.restart()
  }
  const { exitCode, stdout, stderr } = await replay.finished
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining('error') as string })
  // It happened in the middle.
  expect(atLastKill).toBeLessThan(5_000)
  // Sender, receiver and a third client who came afterwards have the same text, which is the trace's.
  const report = JSON.parse(stdout) as {
    identical: boolean
    sender: { connections: number }
    late: { characters: number }
  }
  expect(report).toMatchObject({ identical: true, late: { characters: trace.endContent.length } })
  expect(report.sender.connections).toBeGreaterThanOrEqual(3)

  expect(await relay.stop()).toBe(0)
  const entries = readEntries(relay.databasePath)
  expect([...entries.keys()]).toEqual(Array.from({ length: entries.size }, (_, i) => i + 1))
  const missing = readAcks(ackLog).filter(({ session, counter, count, seq }) =>
    Array.from({ length: count }, (_, i) => i).some((i) => entries.get(seq + i) !== `${session}/${counter + i}`),
  )
  expect(missing).toEqual([])
}, 240_000)
