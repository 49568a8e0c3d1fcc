/**
 * The Yjs clients under which this device has written: those that the log has bound to it, however it was read in this run, those that it wants
 * bound, and those of this run. A log that goes back may have lost a bind with what was written under it, or not have it yet, and may go back again
 * before that is found. Rules CL2, LO14.
 *
 * @module
 */
import { equalBytes, type Bytes } from '@y-sealed/protocol'
import type { Doc } from 'yjs'
import type { BoundClient } from '../yjs/log-state.ts'
import type { TypedClocks } from './typed-clocks.ts'

export class OwnClients {
  readonly #doc: Doc
  readonly #typedClocks: TypedClocks
  readonly #bound = new Set<number>()
  /** Another device's, by a log or by a draft. */
  readonly #others = new Set<number>()

  constructor(doc: Doc, typedClocks: TypedClocks) {
    this.#doc = doc
    this.#typedClocks = typedClocks
  }

  /** The log has bound them to this device, or is about to; that is not taken back. */
  add(clients: readonly number[]): void {
    for (const client of clients) this.#bound.add(client)
  }

  /** Nothing of what they made was made here. */
  addOthers(clients: Iterable<number>): void {
    for (const client of clients) this.#others.add(client)
  }

  /** The log has bound them; `device`: this one. */
  learn(clients: readonly BoundClient[], device: Bytes): void {
    for (const bound of clients) (equalBytes(bound.device, device) ? this.#bound : this.#others).add(bound.client)
  }

  /** Of one of which nothing is known the app may have had something before: that is this device's to send. */
  readonly mayBe = (client: number): boolean => this.has(client) || !this.#others.has(client)

  /** More may come. */
  readonly has = (client: number): boolean =>
    this.#bound.has(client) || client === this.#doc.clientID || this.#typedClocks.has(client)
}
