/**
 * P4: what a socket costs in memory that is open, has said HELLO and has a document open, and does nothing.
 *
 * @module
 */
import { compareRow, type BenchRow } from '../bench-row.ts'
import { median, sleep } from '../figures.ts'
import { readMemoryBytes } from '../process-cost.ts'
import type { RoomOptions, System } from '../system.ts'

/** Clients of one document. */
const ROOM_SIZE = 10
const KIB = 1024

export interface IdleSocketsOptions {
  readonly quick: boolean
  /** Each start a server that nobody has used yet. */
  readonly starts: readonly (() => Promise<System>)[]
}

/** P4. In the long form the sockets stay for longer than one heartbeat. */
export async function benchIdleSockets({ quick, starts }: IdleSocketsOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const sockets of quick ? [1_000] : [1_000, 5_000, 10_000]) {
    const measured = starts.map(() => ({ name: '', bytes: [] as number[] }))
    // Connecting takes far longer than measuring: at the short form one run must do.
    for (let run = 0; run < (quick ? 1 : 3); run++) {
      for (const [i, start] of starts.entries()) {
        const system = await start()
        try {
          const figure = measured[i] as { name: string; bytes: number[] }
          figure.name = system.name
          figure.bytes.push(await measureSocketBytes(system, sockets, quick ? 500 : 16_000))
        } finally {
          await system.close()
        }
      }
    }
    const [own, ...others] = measured
    for (const { name, bytes } of others) {
      const kib = (values: readonly number[]): number => median(values) / KIB
      rows.push(
        compareRow('P4', `${sockets} idle sockets: memory a socket`, 'KiB', kib(own?.bytes ?? []), name, kib(bytes)),
      )
    }
  }
  return rows
}

async function measureSocketBytes(system: System, sockets: number, restMs: number): Promise<number> {
  const silent: RoomOptions = { size: ROOM_SIZE, onDelivered: () => {} }
  const open = async (count: number): Promise<void> => {
    await system.openRooms(Array.from({ length: count / ROOM_SIZE }, () => silent))
    await sleep(restMs)
  }
  // The first ones bring the code into memory.
  await open(100)
  const before = readMemoryBytes(system.pid)
  await open(sockets)
  return (readMemoryBytes(system.pid) - before) / sockets
}
