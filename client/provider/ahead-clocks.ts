/**
 * Yjs clocks as they will be when everything that is sealed is in the log. Rule CL5.
 *
 * @module
 */
import { DeletedRanges } from '../yjs/deleted-ranges.ts'
import type { DeleteRange } from '../yjs/inspect-update.ts'
import type { LogState } from '../yjs/log-state.ts'

export class AheadClocks {
  readonly #state: () => LogState
  readonly #clocks = new Map<number, number>()
  #deleted = new DeletedRanges()

  /** `state`: the log's own. */
  constructor(state: () => LogState) {
    this.#state = state
  }

  clockOf(client: number): number {
    return Math.max(this.#state().clockOf(client), this.#clocks.get(client) ?? 0)
  }

  /** Takes in what a sealed update brings about. */
  grow(growth: ReadonlyMap<number, number>, deletes: readonly DeleteRange[]): void {
    for (const [client, clock] of growth) this.#clocks.set(client, Math.max(clock, this.clockOf(client)))
    for (const range of deletes) this.#deleted.add(range)
  }

  /** True when all of it is deleted by then. */
  hasDeleted(ranges: readonly DeleteRange[]): boolean {
    return ranges.every((range) => this.#state().hasDeleted([range]) || this.#deleted.covers(range))
  }

  /** What was sealed may not count: the log alone says how far each client is. */
  forget(): void {
    this.#clocks.clear()
    this.#deleted = new DeletedRanges()
  }

  /** Of every client. */
  vector(): Map<number, number> {
    const clocks = new Map<number, number>(this.#state().clocks())
    for (const client of this.#clocks.keys()) clocks.set(client, this.clockOf(client))
    return clocks
  }
}
