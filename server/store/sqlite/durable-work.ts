/**
 * Reads and small transactions of the store: none begins while the gate is closed, and what they answer is durable. [I3]
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import { StoreError } from '../store-error.ts'
import type { DocumentCache } from './document-cache.ts'
import type { DocumentState } from './document-state.ts'
import type { JournalSync } from './journal-sync.ts'
import { sqliteToStoreError } from './sqlite-error.ts'
import type { WriteGate } from './write-gate.ts'

export class DurableWork {
  readonly #documents: DocumentCache
  readonly #journal: JournalSync
  readonly #gate: WriteGate
  #isClosed = false

  constructor(documents: DocumentCache, journal: JournalSync, gate: WriteGate) {
    this.#documents = documents
    this.#journal = journal
    this.#gate = gate
  }

  /** From now on everything is refused. */
  close(): void {
    this.#isClosed = true
  }

  /** Runs something with the store's errors. Throws when the store is closed, or a sync has failed. */
  attempt<Result>(run: () => Result): Result {
    if (this.#isClosed) throw new StoreError('STORE_CLOSED', 'the store is closed')
    if (this.#journal.failure !== null) throw this.#journal.failure
    try {
      return run()
    } catch (error) {
      throw sqliteToStoreError(error)
    }
  }

  /** Looks at anything. */
  async read<Result>(run: () => Result): Promise<Result> {
    const result = this.attempt(run)
    const durable = this.#journal.whenDurable()
    if (durable !== null) await durable
    return result
  }

  /** Looks at a document. Does not wait for what happens to others. */
  async readDocument<Result>(id: Bytes, otherwise: Result, run: (document: DocumentState) => Result): Promise<Result> {
    let commit: number | undefined
    const result = this.attempt(() => {
      const document = this.#documents.peek(id)
      if (document === null || document === 'deleted') return otherwise
      commit = document.commit
      return run(document)
    })
    const durable = this.#journal.whenDurable(commit)
    if (durable !== null) await durable
    return result
  }

  /** Runs a transaction. */
  async write<Result>(run: () => Result): Promise<Result> {
    for (let open = this.#gate.whenOpen(); open !== null; open = this.#gate.whenOpen()) await open
    return this.read(run)
  }
}
