/**
 * P1 and P2: one document, many clients. Windows of all systems take turns, so that what else the machine does hits them alike.
 *
 * @module
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { compareRow, type BenchRow } from '../bench-row.ts'
import { median, medianOf, sleep } from '../figures.ts'
import { Load, type Window } from '../load.ts'
import type { Room, System } from '../system.ts'
import type { Workplace } from '../workplace.ts'

const IN_FLIGHT = 64
const PER_SECOND = 20

export interface FanOutOptions {
  readonly quick: boolean
  readonly systems: readonly System[]
  readonly workplace: Workplace
}

interface Measured {
  readonly system: System
  readonly windows: readonly Window[]
}

/** P1: 64 updates under way. */
export async function benchSaturated({ quick, systems }: FanOutOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const size of [2, 10, 100]) {
    const measured = await measureInTurns(systems, size, quick ? 3 : 7, quick ? 300 : 3_000, (load, system, ms) =>
      load.saturate(system, IN_FLIGHT, ms),
    )
    rows.push(...compare('P1', `saturated, N = ${size}`, measured))
  }
  return rows
}

/** P2: 20 updates a second. */
export async function benchPaced({ quick, systems, workplace }: FanOutOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  const syncMs = await measureSyncMs(workplace, quick ? 11 : 41)
  for (const size of [10, 100]) {
    const measured = await measureInTurns(systems, size, quick ? 3 : 5, quick ? 600 : 10_000, (load, system, ms) =>
      load.pace(system, PER_SECOND, ms),
    )
    const name = `20/s, N = ${size}`
    rows.push(...compare('P2', name, measured))
    const ack = medianOf(measured[0]?.windows ?? [], ({ ackP50Ms }) => ackP50Ms)
    rows.push(compareRow('P2', `${name}: ACK p50`, 'ms', ack, 'one fdatasync', syncMs))
  }
  return rows
}

type Drive = (load: Load, system: System, ms: number) => Promise<Window>

async function measureInTurns(
  systems: readonly System[],
  size: number,
  runs: number,
  ms: number,
  drive: Drive,
): Promise<readonly Measured[]> {
  const prepared = []
  for (const system of systems) {
    const load = new Load(size)
    const [room] = await system.openRooms([load.options])
    load.start(room as Room)
    // Not counted: the code becomes hot, as that of a server that has run for a while, whatever the pace will be.
    await load.saturate(system, IN_FLIGHT, 300)
    prepared.push({ system, load, windows: [] as Window[] })
  }
  for (let run = 0; run < runs; run++) {
    for (const { system, load, windows } of prepared) windows.push(await drive(load, system, ms))
  }
  return prepared
}

/** The first system against every other. */
function compare(row: BenchRow['row'], name: string, [own, ...others]: readonly Measured[]): BenchRow[] {
  if (own === undefined) return []
  const figures = [
    ['CPU a delivered update', 'µs', (window: Window) => window.cpuUs],
    ['delivered', '1/s', (window: Window) => window.deliveredPerSecond],
    ['p50', 'ms', (window: Window) => window.p50Ms],
    ['p99', 'ms', (window: Window) => window.p99Ms],
  ] as const
  return others.flatMap(({ system, windows }) =>
    figures.map(([figure, unit, of]) =>
      compareRow(row, `${name}: ${figure}`, unit, medianOf(own.windows, of), system.name, medianOf(windows, of)),
    ),
  )
}

/** What the disk takes for one small write at the same pace, without anybody's database. */
async function measureSyncMs(workplace: Workplace, runs: number): Promise<number> {
  const file = openSync(join(workplace.folder('sync'), 'file'), 'w')
  const page = Buffer.alloc(4096, 1)
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    await sleep(1000 / PER_SECOND)
    const startedAt = performance.now()
    writeSync(file, page)
    fdatasyncSync(file)
    times.push(performance.now() - startedAt)
  }
  closeSync(file)
  return median(times)
}
