/**
 * Ten abusers at once beside ten people who type. The abusers have accounts, tokens and networks of their own, and come back however often
 * they are refused. Rows H1 to H11 and E, together.
 *
 * What is demanded of the typists is that nothing is lost and nobody starves. That their p99 stays under twice its quiet value is looked at
 * as well, on medians of windows: below a floor the ratio says how the machine was shared out, not what the relay did, and does not count.
 * `Y_SEALED_LONG_TESTS=1` runs five minutes of it with the relay's own deadlines instead of shortened ones, in rounds of a quiet quarter of a
 * minute, one of control and one of abuse, so that each kind has its share of the moods of a disk. In the control the same abuse is aimed at
 * another relay of this machine: what the typists then feel is what abusers cost who share two cores and a disk with them; what they feel
 * beyond it is their relay's doing.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'

import { medianOf, percentile } from '../bench/figures.ts'
import { readMemoryBytes } from '../bench/process-cost.ts'
import { ABUSERS } from '../support/abuse/abusers.ts'
import { startAbuse, type AbuseProcess, type AbuseReport } from '../support/abuse-process.ts'
import { CoreWatch, DiskWatch } from '../support/machine-watch.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { gatherTypists, type TypingWindow } from '../support/typists.ts'

const isLong = process.env['Y_SEALED_LONG_TESTS'] === '1'
const WINDOW_MS = isLong ? 5_000 : 700
const ROUNDS = isLong ? 6 : 1
/** Windows of a kind in each round. */
const QUIET_WINDOWS = 3
const ABUSED_WINDOWS = isLong ? 3 : 4
/** In all so many at most, until every abuser has been refused: where cores are few, abusers get what the relay leaves them. */
const MOST_WINDOWS = 30
/** Not counted: what was under way comes to its end. */
const CALM_MS = 2_500

/** Abusers' networks are addresses of loopback. A hundred upgrades at once are ten here, and ten seconds one. */
const LIMITS = {
  countsLoopback: true,
  networkUpgrades: { perSecond: 2, burst: 10 },
  networkHandshakes: { perSecond: 4, burst: 33 },
  ...(!isLong && {
    stallMs: 1_000,
    messageDeadlineMs: 1_000,
    helloDeadlineMs: 1_000,
    // Asked for four times a second and 120 times at once, as usual, is more than a busy machine leaves abusers time for.
    networkTokenRequests: { perSecond: 1, burst: 30 },
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
    const startRelay = (): Promise<MortalRelay> => MortalRelay.start([], { Y_SEALED_LIMITS: JSON.stringify(LIMITS) })
    const startAbuseOf = ({ url, caPath, data }: MortalRelay): Promise<AbuseProcess> =>
      startAbuse({ url, ca: readFileSync(caPath, 'utf8'), data })
    const relay = await startRelay()
    const [abuse, typists, abuseElsewhere] = await Promise.all([
      startAbuseOf(relay),
      gatherTypists({ url: relay.url, ca: readFileSync(relay.caPath, 'utf8') }, 2, 5),
      isLong ? startRelay().then(startAbuseOf) : null,
    ])
    const typeWindows = async (count: number): Promise<readonly TypingWindow[]> => {
      const windows: TypingWindow[] = []
      while (windows.length < count) windows.push(await typists.type(WINDOW_MS))
      return windows
    }
    await typists.type(WINDOW_MS)
    const disk = isLong ? new DiskWatch() : null
    const memory = new MemoryWatch(relay.pid)
    const [relayCores, typistsCores] = [new CoreWatch(relay.pid), new CoreWatch()]
    const quiet: TypingWindow[] = []
    const control: TypingWindow[] = []
    const abused: TypingWindow[] = []
    let quietBytes = 0
    for (let round = 0; round < ROUNDS; round++) {
      quiet.push(...(await typeWindows(QUIET_WINDOWS)))
      if (round === 0) quietBytes = memory.peakBytes
      if (abuseElsewhere !== null) {
        abuseElsewhere.begin()
        control.push(...(await typeWindows(QUIET_WINDOWS)))
        abuseElsewhere.rest()
        await typists.type(CALM_MS)
      }
      abuse.begin()
      abused.push(...(await relayCores.during(() => typistsCores.during(() => typeWindows(ABUSED_WINDOWS)))))
      if (round < ROUNDS - 1) {
        abuse.rest()
        await typists.type(CALM_MS)
      }
    }
    while (!abuse.isEveryoneRefused && abused.length < MOST_WINDOWS) abused.push(...(await typeWindows(1)))
    const report = await abuse.end()
    await abuseElsewhere?.end()
    memory.stop()

    console.log(
      [
        describeRun({ quiet, control, abused }, report, quietBytes, memory.peakBytes),
        `under abuse the relay's main thread ${relayCores.describe()}`,
        `meanwhile the typists' thread ${typistsCores.describe()}`,
        ...(disk === null ? [] : [await disk.stop()]),
      ].join('\n'),
    )
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
  isLong ? 600_000 : 60_000,
)

const p99Of = ({ p99Ms }: TypingWindow): number => p99Ms

/** Of all letters of all windows. */
const pooledP99Of = (windows: readonly TypingWindow[]): number =>
  percentile(
    windows.flatMap(({ delaysMs }) => delaysMs),
    0.99,
  )

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

function describeRun(
  { quiet, control, abused }: Readonly<Record<'quiet' | 'control' | 'abused', readonly TypingWindow[]>>,
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
    const p99 = `p99 ${ms(medianOf(windows, p99Of))} ms (pooled ${ms(pooledP99Of(windows))})`
    return `${name}: ${letters} letters in ${windows.length} windows, ACK p50 ${ms(p50)} ms, ${p99}, worst ${ms(worst)} ms`
  }
  const timesOf = (windows: readonly TypingWindow[]): string =>
    `${(medianOf(abused, p99Of) / medianOf(windows, p99Of)).toFixed(2)} (pooled ${(pooledP99Of(abused) / pooledP99Of(windows)).toFixed(2)})`
  const p99s = (windows: readonly TypingWindow[]): string => windows.map((window) => ms(p99Of(window))).join(' ')
  const isControlled = control.length > 0
  return [
    lineOf('quiet  ', quiet),
    ...(isControlled ? [lineOf('control', control)] : []),
    lineOf('abused ', abused),
    `median p99 of the windows under abuse is ${timesOf(quiet)} times the quiet one`,
    ...(isControlled ? [`and ${timesOf(control)} times what it is under abuse of another relay on this machine`] : []),
    ...(isControlled ? [`p99 of windows: quiet ${p99s(quiet)}; control ${p99s(control)}; abused ${p99s(abused)}`] : []),
    `relay: ${megabytes(quietBytes)} MiB quiet, ${megabytes(peakBytes)} MiB at most; ${rounds} rounds of abuse:`,
    ...Object.entries(tallies).map(([name, tally]) => `  ${name.padEnd(36)} ${JSON.stringify(tally)}`),
  ].join('\n')
}
