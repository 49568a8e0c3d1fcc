/**
 * From which clock on this run's Yjs client ids made what they made on this device: what a document had before under such an id, out of a stored
 * copy say, may be somebody else's. Rule CL14.
 *
 * @module
 */
import type { Doc, Transaction } from 'yjs'

/** What `client` made from `clock` on was made on this device. */
export interface TypedClock {
  readonly client: number
  readonly clock: number
}

export class TypedClocks {
  readonly #doc: Doc
  readonly #clockByClient = new Map<number, number>()

  /** Watches from now on. */
  constructor(doc: Doc) {
    this.#doc = doc
    doc.on('afterTransaction', this.#note)
  }

  get all(): readonly TypedClock[] {
    return [...this.#clockByClient].map(([client, clock]) => ({ client, clock }))
  }

  /** Has this run typed under it? */
  has(client: number): boolean {
    return this.#clockByClient.has(client)
  }

  destroy(): void {
    this.#doc.off('afterTransaction', this.#note)
  }

  readonly #note = ({ local, beforeState, afterState }: Transaction): void => {
    const client = this.#doc.clientID
    // What is applied was made elsewhere, or in another run.
    if (!local || this.#clockByClient.has(client)) return
    const clock = beforeState.get(client) ?? 0
    if ((afterState.get(client) ?? 0) > clock) this.#clockByClient.set(client, clock)
  }
}

/** All that is said by any of them, the lowest clock of each client. */
export function joinTypedClocks(...lists: readonly (readonly TypedClock[])[]): readonly TypedClock[] {
  const clockByClient = new Map<number, number>()
  for (const { client, clock } of lists.flat()) {
    clockByClient.set(client, Math.min(clock, clockByClient.get(client) ?? Infinity))
  }
  return [...clockByClient].map(([client, clock]) => ({ client, clock }))
}
