/**
 * The Yjs clients under which this device has written: those that the log has bound to it, however it was read in this run, those that it wants
 * bound, and those of this run. A log that goes back may have lost a bind with what was written under it, or not have it yet, and may go back again
 * before that is found. Rules CL2, LO14.
 *
 * @module
 */
import type { Doc } from 'yjs'
import type { TypedClocks } from './typed-clocks.ts'

export class OwnClients {
  readonly #doc: Doc
  readonly #typedClocks: TypedClocks
  readonly #bound = new Set<number>()

  constructor(doc: Doc, typedClocks: TypedClocks) {
    this.#doc = doc
    this.#typedClocks = typedClocks
  }

  /** The log has bound them to this device, or is about to; that is not taken back. */
  add(clients: readonly number[]): void {
    for (const client of clients) this.#bound.add(client)
  }

  /** More may come. */
  readonly has = (client: number): boolean =>
    this.#bound.has(client) || client === this.#doc.clientID || this.#typedClocks.has(client)
}
