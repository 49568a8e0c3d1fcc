/**
 * P3: many small documents, two clients in each, two updates a second from each client; on a socket for each document, and on sockets that
 * hold sixteen documents.
 *
 * @module
 */
import { compareRow, type BenchRow } from '../bench-row.ts'
import { median, percentile, sleep } from '../figures.ts'
import { readCpuUs } from '../process-cost.ts'
import type { Participant, Room, RoomOptions, System } from '../system.ts'

const PER_CLIENT_SECOND = 2
const CLIENTS = 2
const TICK_MS = 4
const SETTLE_MS = 10_000

interface Outcome {
  readonly cpuUs: number
  readonly p99Ms: number
}

/** All documents of one system. */
class Crowd {
  readonly #sentAtMs: number[][]
  readonly options: readonly RoomOptions[]
  #rooms: readonly Room[] = []
  #delivered = 0
  #sent = 0
  #latencies: number[] = []

  constructor(documents: number) {
    // The newest update of each client: another one follows half a second later.
    this.#sentAtMs = Array.from({ length: documents }, () => [])
    this.options = this.#sentAtMs.map((times) => ({
      size: CLIENTS,
      onDelivered: (_to, from) => {
        this.#delivered++
        this.#latencies.push(performance.now() - (times[from] as number))
      },
    }))
  }

  start(rooms: readonly Room[]): void {
    this.#rooms = rooms
  }

  async run(system: System, ms: number): Promise<Outcome> {
    const clients = this.#rooms.length * CLIENTS
    this.#latencies = []
    const before = { cpu: readCpuUs(system.pid), delivered: this.#delivered }
    const sentBefore = this.#sent
    const startedAt = performance.now()
    for (;;) {
      const elapsed = performance.now() - startedAt
      if (elapsed >= ms) break
      const due = Math.trunc((elapsed * clients * PER_CLIENT_SECOND) / 1000)
      for (; this.#sent - sentBefore < due; this.#sent++) this.#push(this.#sent)
      await sleep(TICK_MS)
    }
    const patienceEndsAt = performance.now() + SETTLE_MS
    while (this.#delivered - before.delivered < this.#sent - sentBefore) {
      if (performance.now() > patienceEndsAt) throw new Error(`${system.name}: updates never arrived`)
      await sleep(2)
    }
    return {
      cpuUs: (readCpuUs(system.pid) - before.cpu) / (this.#delivered - before.delivered),
      p99Ms: percentile(this.#latencies, 0.99),
    }
  }

  #push(turn: number): void {
    const room = turn % this.#rooms.length
    const index = Math.trunc(turn / this.#rooms.length) % CLIENTS
    ;(this.#sentAtMs[room] as number[])[index] = performance.now()
    ;((this.#rooms[room] as Room).participants[index] as Participant).push()
  }
}

/** P3. */
export async function benchManyDocuments({
  quick,
  systems,
}: {
  readonly quick: boolean
  readonly systems: readonly System[]
}): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  const documents = quick ? 100 : 500
  for (const documentsPerSocket of [1, 16]) {
    const crowds = []
    for (const system of systems) {
      const crowd = new Crowd(documents)
      crowd.start(await system.openRooms(crowd.options, documentsPerSocket))
      await crowd.run(system, 300)
      crowds.push({ system, crowd, outcomes: [] as Outcome[] })
    }
    for (let run = 0; run < (quick ? 3 : 5); run++) {
      for (const { system, crowd, outcomes } of crowds) outcomes.push(await crowd.run(system, quick ? 400 : 5_000))
    }
    const name = `${documents} documents × 2 × 2/s, ${documentsPerSocket} a socket`
    const [own, ...others] = crowds
    for (const { system, outcomes } of others) {
      const compare = (what: string, unit: string, of: (outcome: Outcome) => number): BenchRow =>
        compareRow(
          'P3',
          `${name}: ${what}`,
          unit,
          median((own?.outcomes ?? []).map(of)),
          system.name,
          median(outcomes.map(of)),
        )
      rows.push(compare('CPU a delivered update', 'µs', ({ cpuUs }) => cpuUs))
      rows.push(compare('p99', 'ms', ({ p99Ms }) => p99Ms))
    }
  }
  return rows
}
