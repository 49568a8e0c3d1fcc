/**
 * What the counted log says of Yjs clients: how far each has come, and whose it is. Rules CL2, CL3.
 *
 * @module
 */
import { equalBytes, type Bytes } from '@y-sealed/protocol'
import type { LogView } from './check-update.ts'
import { DeletedRanges } from './deleted-ranges.ts'
import type { DeleteRange } from './inspect-update.ts'
import { encodeStateVector } from './state-vector.ts'

/** A Yjs client and the device that it belongs to, as snapshots list them. [LO10] */
export interface BoundClient {
  readonly client: number
  readonly device: Bytes
}

/** The state of one document's log. Pure bookkeeping: what to take in, `checkUpdate` and the log decide. */
export class LogState implements LogView {
  readonly #clocks = new Map<number, number>()
  readonly #devices = new Map<number, Bytes>()
  readonly #deleted = new DeletedRanges()

  /** The state that a snapshot carries: the clocks and deletes of its Yjs state, and its list of bound clients. */
  static load(
    clocks: ReadonlyMap<number, number>,
    bound: Iterable<BoundClient>,
    deletes: readonly DeleteRange[] = [],
  ): LogState {
    const state = new LogState()
    state.grow(clocks)
    state.delete(deletes)
    for (const { client, device } of bound) state.bind(client, device)
    return state
  }

  clockOf(client: number): number {
    return this.#clocks.get(client) ?? 0
  }

  deviceOf(client: number): Bytes | null {
    return this.#devices.get(client) ?? null
  }

  /** The first bind of a client decides; a later one by another device is `taken` and changes nothing. [CL2] */
  bind(client: number, device: Bytes): 'bound' | 'same' | 'taken' {
    const owner = this.#devices.get(client)
    if (owner !== undefined) return equalBytes(owner, device) ? 'same' : 'taken'
    // A copy: the bytes are often a view into a whole page of entries.
    this.#devices.set(client, device.slice())
    return 'bound'
  }

  /** Takes in what `checkUpdate` returned. Clocks only grow. */
  grow(growth: ReadonlyMap<number, number>): void {
    for (const [client, clock] of growth) if (clock > this.clockOf(client)) this.#clocks.set(client, clock)
  }

  /** Takes note of what a counted update deletes. */
  delete(ranges: readonly DeleteRange[]): void {
    for (const range of ranges) this.#deleted.add(range)
  }

  /** True when the log has deleted all of it. */
  hasDeleted(ranges: readonly DeleteRange[]): boolean {
    return ranges.every((range) => this.#deleted.covers(range))
  }

  /** Every client that has structs, with the clock after its last. */
  clocks(): ReadonlyMap<number, number> {
    return this.#clocks
  }

  /** Every bound client by ascending id. [LO10] */
  boundClients(): BoundClient[] {
    return [...this.#devices].map(([client, device]) => ({ client, device })).toSorted((a, b) => a.client - b.client)
  }

  /** For `Y.encodeStateAsUpdateV2`: its answer is what a Doc has beyond the log, and all that it has deleted. */
  stateVector(): Bytes {
    return encodeStateVector(this.#clocks)
  }
}
