/**
 * Load on one room: saturated (a fixed number of messages under way) or paced (so many a second), measured over windows. Time is taken
 * from sending to arrival at one other client, the witness; what is counted as delivered has been counted at every client.
 *
 * @module
 */
import { percentile, sleep } from './figures.ts'
import { readCpuUs } from './process-cost.ts'
import type { OnAcknowledged, OnDelivered, Participant, Room, RoomOptions, System } from './system.ts'

/** What one window of load has cost. */
export interface Window {
  /** Server CPU in microseconds for each message delivered to each recipient. */
  readonly cpuUs: number
  readonly deliveredPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** From sending to the acknowledgement, where there is one. */
  readonly ackP50Ms: number
}

/** How long what is under way may take to arrive after the load has ended. */
const SETTLE_MS = 10_000
const TICK_MS = 5

/** Drives one room. It is made before the room, since the room tells it what arrives. */
export class Load {
  readonly options: RoomOptions
  readonly #sentAtMs: Map<number, number>[]
  /** As above, until the acknowledgement. */
  readonly #unacknowledged: Map<number, number>[]
  readonly #sent: number[]
  #room: Room | null = null
  #kind: 'push' | 'show' = 'push'
  #isRunning = false
  #isSaturated = false
  #sentInAll = 0
  #arrivals = 0
  #latencies: number[] = []
  #ackLatencies: number[] = []

  constructor(size: number) {
    this.#sentAtMs = Array.from({ length: size }, () => new Map<number, number>())
    this.#unacknowledged = Array.from({ length: size }, () => new Map<number, number>())
    this.#sent = Array.from({ length: size }, () => 0)
    this.options = {
      size,
      onDelivered: (to, from, number) => this.#arrived('push', to, from, number),
      onShown: (to, from, number) => this.#arrived('show', to, from, number),
      onAcknowledged: (by, number) => this.#acknowledged(by, number),
    }
  }

  /** The room that was opened with {@link Load.options}. */
  start(room: Room, kind: 'push' | 'show' = 'push'): void {
    this.#room = room
    this.#kind = kind
    this.#sent.fill(0)
  }

  readonly #arrived = (kind: 'push' | 'show', ...[to, from, number]: Parameters<OnDelivered>): void => {
    if (kind !== this.#kind) return
    this.#arrivals++
    if (to !== (from + 1) % this.options.size) return
    const times = this.#sentAtMs[from] as Map<number, number>
    const sentAt = times.get(number)
    if (sentAt === undefined) return
    times.delete(number)
    this.#latencies.push(performance.now() - sentAt)
    if (this.#isRunning && this.#isSaturated) this.#push(from)
  }

  readonly #acknowledged = (...[by, number]: Parameters<OnAcknowledged>): void => {
    const times = this.#unacknowledged[by] as Map<number, number>
    const sentAt = times.get(number)
    if (sentAt !== undefined) this.#ackLatencies.push(performance.now() - sentAt)
    times.delete(number)
  }

  #push(index: number): void {
    const number = ((this.#sent[index] as number) += 1)
    const now = performance.now()
    ;(this.#sentAtMs[index] as Map<number, number>).set(number, now)
    if (this.options.onAcknowledged !== undefined && this.#kind === 'push')
      this.#unacknowledged[index]?.set(number, now)
    this.#sentInAll++
    const participant = (this.#room as Room).participants[index] as Participant
    if (this.#kind === 'push') participant.push()
    else participant.show?.()
  }

  /** Keeps `inFlight` messages under way for `ms`. */
  async saturate(system: System, inFlight: number, ms: number): Promise<Window> {
    return await this.#measure(system, async () => {
      this.#isSaturated = true
      for (let i = 0; i < inFlight; i++) this.#push(i % this.options.size)
      await sleep(ms)
    })
  }

  /** Sends `perSecond` messages a second, one client after another, for `ms`. */
  async pace(system: System, perSecond: number, ms: number): Promise<Window> {
    return await this.#measure(system, async () => {
      this.#isSaturated = false
      const startedAt = performance.now()
      for (let sent = 0; ;) {
        const elapsed = performance.now() - startedAt
        if (elapsed >= ms) return
        for (; sent < (elapsed * perSecond) / 1000; sent++) this.#push(sent % this.options.size)
        await sleep(TICK_MS)
      }
    })
  }

  async #measure(system: System, run: () => Promise<void>): Promise<Window> {
    this.#latencies = []
    this.#ackLatencies = []
    const arrivalsBefore = this.#arrivals
    const sentBefore = this.#sentInAll
    const cpuBefore = readCpuUs(system.pid)
    const startedAt = performance.now()
    this.#isRunning = true
    await run()
    this.#isRunning = false
    const expected = (): number => (this.#sentInAll - sentBefore) * (this.options.size - 1)
    const delivered = (): number => this.#arrivals - arrivalsBefore
    const patienceEndsAt = performance.now() + SETTLE_MS
    while (delivered() < expected()) {
      if (performance.now() > patienceEndsAt) {
        throw new Error(`${system.name}: ${expected() - delivered()} of ${expected()} messages never arrived`)
      }
      await sleep(2)
    }
    const seconds = (performance.now() - startedAt) / 1000
    return {
      cpuUs: (readCpuUs(system.pid) - cpuBefore) / delivered(),
      deliveredPerSecond: delivered() / seconds,
      p50Ms: percentile(this.#latencies, 0.5),
      p99Ms: percentile(this.#latencies, 0.99),
      ackP50Ms: percentile(this.#ackLatencies, 0.5),
    }
  }
}
