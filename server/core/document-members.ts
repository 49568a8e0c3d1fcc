/**
 * The members of one document, built from its records when they are first asked for and brought up to the store's newest record each
 * time. Whoever judges by them hands the record head to the store, which stores nothing upon another. Rules KM16, KM17, FR20.
 *
 * @module
 */
import { MemberLog, readWholeEnvelope, type Bytes, type Sha512 } from '@y-sealed/protocol'

import type { OpenDocument } from './open-document.ts'
import type { Store, StoredEntry } from './ports.ts'

const PAGE_BYTES = 1 << 20

export class DocumentMembers {
  readonly #store: Store
  readonly #sha512: Sha512
  readonly #document: Bytes
  #log: MemberLog | null = null

  constructor(store: Store, sha512: Sha512, document: Bytes) {
    this.#store = store
    this.#sha512 = sha512
    this.#document = document
  }

  /** The log as of the newest record stored when it was asked for, or a newer one. Rejects when the store does. */
  async current(genesisHash: Bytes): Promise<MemberLog> {
    const log = (this.#log ??= new MemberLog(this.#sha512, genesisHash))
    for (;;) {
      const records = await this.#store.readRecords(this.#document, log.recordSeq, PAGE_BYTES)
      if (records.length === 0) return log
      for (const { seq, envelope } of records) {
        const record = readWholeEnvelope(envelope)
        if (record === null) throw new Error('a stored record cannot be read')
        // Somebody else who waited for the same page may have taken it.
        if (seq > log.recordSeq) log.replay(record, seq)
      }
    }
  }

  /** The record that opened the epoch in force, or the one that closed it. [FR20] */
  async epochRecord({ epoch, isEpochClosed, genesisHash }: OpenDocument): Promise<StoredEntry | null> {
    if (epoch === 1 && !isEpochClosed) return (await this.#store.readRecords(this.#document, 0, 0))[0] ?? null
    const { openedAt, closedAt } = (await this.current(genesisHash)).members.epoch
    const [record] = await this.#store.readRecords(this.#document, (closedAt ?? openedAt) - 1, 0)
    return record ?? null
  }
}
