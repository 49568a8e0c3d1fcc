/**
 * P10: presence of many in one document, against updates by the same clients at the same pace: it is never stored, so it ought to cost no
 * more.
 *
 * @module
 */
import { compareRow, type BenchRow } from '../bench-row.ts'
import { medianOf } from '../figures.ts'
import { Load, type Window } from '../load.ts'
import type { Room, System } from '../system.ts'

/** P10, on the relay alone. A thousand clients and more are driven by what is under way, since one sender cannot keep a pace. */
export async function benchPresence({
  quick,
  relay,
}: {
  readonly quick: boolean
  readonly relay: System
}): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const size of quick ? [100] : [100, 1_500]) {
    const shown = new Load(size)
    const pushed = new Load(size)
    const [shownRoom] = await relay.openRooms([shown.options])
    shown.start(shownRoom as Room, 'show')
    const [pushedRoom] = await relay.openRooms([pushed.options])
    pushed.start(pushedRoom as Room)
    const run = (load: Load): Promise<Window> =>
      size > 1_000 ? load.saturate(relay, 64, 5_000) : load.pace(relay, size, quick ? 400 : 10_000)
    const windows = { shown: [] as Window[], pushed: [] as Window[] }
    for (let i = 0; i < 4; i++) {
      windows.shown.push(await run(shown))
      windows.pushed.push(await run(pushed))
    }
    // The first ones made the code hot.
    const rate = size > 1_000 ? 'saturated' : '1/s each'
    const compare = (what: string, unit: string, of: (window: Window) => number): BenchRow =>
      compareRow(
        'P10',
        `presence, ${size} clients, ${rate}: ${what}`,
        unit,
        medianOf(windows.shown.slice(1), of),
        'updates',
        medianOf(windows.pushed.slice(1), of),
      )
    rows.push(compare('CPU a delivered message', 'µs', ({ cpuUs }) => cpuUs))
    rows.push(compare('p99', 'ms', ({ p99Ms }) => p99Ms))
  }
  return rows
}
