/**
 * Ten abusers at once beside ten people who type. The abusers have accounts, tokens and networks of their own, and come back however often
 * they are refused. Rows H1 to H11 and E, together.
 *
 * What is demanded of the typists is that nothing is lost and nobody starves. That their p99 stays under twice its quiet value is looked at
 * as well, on medians of windows: below a floor the ratio says how the machine was shared out, not what the relay did, and does not count.
 * `Y_SEALED_LONG_TESTS=1` runs a minute of it with the relay's own deadlines instead of shortened ones.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'

import { medianOf } from '../bench/figures.ts'
import { readMemoryBytes } from '../bench/process-cost.ts'
import { ABUSERS } from '../support/abuse/abusers.ts'
import { startAbuse, type AbuseReport } from '../support/abuse-process.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { gatherTypists, type TypingWindow } from '../support/typists.ts'

const isLong = process.env['Y_SEALED_LONG_TESTS'] === '1'
const WINDOW_MS = isLong ? 5_000 : 700
const QUIET_WINDOWS = isLong ? 4 : 3
const ABUSED_WINDOWS = isLong ? 12 : 4
/** So many at most, until every abuser has been refused: where cores are few, abusers get what the relay leaves them. */
const MOST_WINDOWS = isLong ? 24 : 30

/** Abusers' networks are addresses of loopback. A hundred upgrades at once are ten here, and ten seconds one. */
const LIMITS = {
  countsLoopback: true,
  networkUpgrades: { perSecond: 2, burst: 10 },
  ...(!isLong && {
    stallMs: 1_000,
    messageDeadlineMs: 1_000,
    helloDeadlineMs: 1_000,
  }),
}

/** No letter waits longer than this for its ACK, on whatever machine. */
const STARVED_MS = 5_000
/** Below it a p99 is a matter of the scheduler and the disk: two processes of load and a relay share as few as two cores with other tests. */
const FLOOR_MS = 1_000
/** Of the relay's process, its modules compiled as it starts included. */
const MAX_MEMORY_BYTES = 512 * 1_048_576

// Other addresses of loopback answer on Linux alone, and memory is read from its /proc.
it.skipIf(process.platform !== 'linux')(
  '[H1] [H2] [H3] [H5] [H6] [H7] [H8] [H9] [H10] [H11] ten abusers are refused, each by the code meant for it, and ten typists do not notice',
  async () => {
    const relay = await MortalRelay.start([], { Y_SEALED_LIMITS: JSON.stringify(LIMITS) })
    const address = { url: relay.url, ca: readFileSync(relay.caPath, 'utf8') }
    const [abuse, typists] = await Promise.all([
      startAbuse({ ...address, data: relay.data }),
      gatherTypists(address, 2, 5),
    ])
    await typists.type(WINDOW_MS)
    const memory = new MemoryWatch(relay.pid)
    const quiet: TypingWindow[] = []
    while (quiet.length < QUIET_WINDOWS) quiet.push(await typists.type(WINDOW_MS))
    const quietBytes = memory.peakBytes
    const before = readSchedule(relay.pid)
    abuse.begin()
    const abused: TypingWindow[] = []
    while (abused.length < ABUSED_WINDOWS || (!abuse.isEveryoneRefused && abused.length < MOST_WINDOWS)) {
      abused.push(await typists.type(WINDOW_MS))
    }
    const cores = describeCores(before, readSchedule(relay.pid))
    const report = await abuse.end()
    memory.stop()

    console.log([describeRun(quiet, abused, report, quietBytes, memory.peakBytes), cores].join('\n'))
    for (const { name, refusedBy } of ABUSERS) {
      const outcomes = Object.keys(report.tallies[name] ?? {})
      expect({ name, outcomes }).toEqual({ name, outcomes: expect.arrayContaining([...refusedBy]) as string[] })
      expect(outcomes.filter((outcome) => /^(?:1011|HTTP 5\d\d|POST 5\d\d)$/.test(outcome))).toEqual([])
    }
    expect(memory.peakBytes).toBeLessThan(MAX_MEMORY_BYTES)

    // Nobody starved, nobody was thrown out, and nothing was lost: all see all letters, and so does somebody who comes later.
    expect(Math.max(...abused.map(({ maxMs }) => maxMs))).toBeLessThan(STARVED_MS)
    expect(medianOf(abused, p99Of)).toBeLessThan(Math.max(2 * medianOf(quiet, p99Of), FLOOR_MS))
    expect(typists.isConnected).toBe(true)
    const wanted = typists.lettersByDocument.map((letters) => Array.from({ length: 5 }, () => 'a'.repeat(letters)))
    await vi.waitFor(() => expect(typists.texts()).toEqual(wanted), 10_000)
    for (const [document, letters] of typists.lettersByDocument.entries()) {
      const late = await typists.joinLater(document)
      expect(late.text.toJSON()).toBe('a'.repeat(letters))
    }
    expect(relay.log).not.toMatch(/"level":"error"/)
  },
  isLong ? 180_000 : 60_000,
)

const p99Of = ({ p99Ms }: TypingWindow): number => p99Ms

/** The most memory that a process was seen to have. */
class MemoryWatch {
  peakBytes: number
  readonly #timer: NodeJS.Timeout

  constructor(pid: number) {
    this.peakBytes = readMemoryBytes(pid)
    this.#timer = setInterval(() => (this.peakBytes = Math.max(this.peakBytes, readMemoryBytes(pid))), 50)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** What the scheduler has given the relay's main thread, and how long that thread has waited for a core, in milliseconds. */
interface Schedule {
  readonly ranMs: number
  readonly waitedMs: number
  readonly atMs: number
}

function readSchedule(pid: number): Schedule {
  const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number)
  return { ranMs: ran / 1e6, waitedMs: waited / 1e6, atMs: performance.now() }
}

function describeCores(before: Schedule, after: Schedule): string {
  const share = (ms: number): string => `${((100 * ms) / (after.atMs - before.atMs)).toFixed(0)} %`
  const [ran, waited] = [after.ranMs - before.ranMs, after.waitedMs - before.waitedMs]
  return `under abuse the relay's main thread ran ${share(ran)} of the time, and waited for a core ${share(waited)}`
}

function describeRun(
  quiet: readonly TypingWindow[],
  abused: readonly TypingWindow[],
  { tallies, rounds }: AbuseReport,
  quietBytes: number,
  peakBytes: number,
): string {
  const megabytes = (bytes: number): string => (bytes / 1_048_576).toFixed(0)
  const ms = (value: number): string => value.toFixed(1)
  const lineOf = (name: string, windows: readonly TypingWindow[]): string => {
    const letters = windows.reduce((sum, window) => sum + window.letters, 0)
    const p50 = medianOf(windows, ({ p50Ms }) => p50Ms)
    const worst = Math.max(...windows.map(({ maxMs }) => maxMs))
    return `${name}: ${letters} letters, ACK p50 ${ms(p50)} ms, p99 ${ms(medianOf(windows, p99Of))} ms, worst ${ms(worst)} ms`
  }
  return [
    lineOf('quiet ', quiet),
    lineOf('abused', abused),
    `p99 under abuse is ${(medianOf(abused, p99Of) / medianOf(quiet, p99Of)).toFixed(2)} times the quiet one`,
    `relay: ${megabytes(quietBytes)} MiB quiet, ${megabytes(peakBytes)} MiB at most; ${rounds} rounds of abuse:`,
    ...Object.entries(tallies).map(([name, tally]) => `  ${name.padEnd(36)} ${JSON.stringify(tally)}`),
  ].join('\n')
}
