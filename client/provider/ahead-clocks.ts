/**
 * Yjs clocks as they will be when everything that is sealed is in the log. Rule CL5.
 *
 * @module
 */
import type { LogState } from '../yjs/log-state.ts'

export class AheadClocks {
  readonly #state: () => LogState
  readonly #clocks = new Map<number, number>()

  /** `state`: the log's own. */
  constructor(state: () => LogState) {
    this.#state = state
  }

  clockOf(client: number): number {
    return Math.max(this.#state().clockOf(client), this.#clocks.get(client) ?? 0)
  }

  /** Takes in what a sealed update brings about. */
  grow(growth: ReadonlyMap<number, number>): void {
    for (const [client, clock] of growth) this.#clocks.set(client, clock)
  }

  /** What was sealed may not count: the log alone says how far each client is. */
  forget(): void {
    this.#clocks.clear()
  }

  /** Of every client. */
  vector(): Map<number, number> {
    const clocks = new Map<number, number>(this.#state().clocks())
    for (const client of this.#clocks.keys()) clocks.set(client, this.clockOf(client))
    return clocks
  }
}
