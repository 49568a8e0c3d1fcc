/**
 * The members of one document, built from its records when they are first asked for and brought up to the store's newest record each
 * time. Whoever judges by them hands the record head to the store, which stores nothing upon another. Rules KM16, KM17, FR20.
 *
 * @module
 */
import { MemberLog, readWholeEnvelope, type Bytes, type Sha512 } from '@y-sealed/protocol'

import type { OpenDocument } from './open-document.ts'
import { pause } from './pause.ts'
import type { Clock, Store, StoredEntry } from './ports.ts'

const PAGE_BYTES = 1 << 20
/** After so many bytes of records everybody else has their turn: some milliseconds of hashing. [H9] */
const BYTES_AT_ONCE = 1 << 14

export class DocumentMembers {
  readonly #store: Store
  readonly #sha512: Sha512
  readonly #document: Bytes
  readonly #clock: Clock
  #log: MemberLog | null = null
  /** While somebody takes so many records that others have their turn in between: whoever asks waits for the end of it. */
  #longReplay: Promise<void> | null = null

  constructor({ store, sha512, clock }: { store: Store; sha512: Sha512; clock: Clock }, document: Bytes) {
    this.#store = store
    this.#sha512 = sha512
    this.#clock = clock
    this.#document = document
  }

  /** The log as of the newest record stored when it was asked for, or a newer one. Rejects when the store does. */
  async current(genesisHash: Bytes): Promise<MemberLog> {
    const log = (this.#log ??= new MemberLog(this.#sha512, genesisHash))
    while (this.#longReplay !== null) await this.#longReplay
    let end = (): void => undefined
    const replay = new Promise<void>((resolve) => (end = resolve))
    try {
      await this.#catchUp(log, replay)
    } finally {
      if (this.#longReplay === replay) this.#longReplay = null
      end()
    }
    return log
  }

  /** The log, where it is known as of this record or a newer one. */
  loaded(recordSeq: number): MemberLog | null {
    return this.#log !== null && this.#longReplay === null && this.#log.recordSeq >= recordSeq ? this.#log : null
  }

  /** `replay` is done when this is. */
  async #catchUp(log: MemberLog, replay: Promise<void>): Promise<void> {
    let bytes = 0
    for (;;) {
      const records = await this.#store.readRecords(this.#document, log.recordSeq, PAGE_BYTES)
      if (records.length === 0) return
      for (const { seq, envelope } of records) {
        const record = readWholeEnvelope(envelope)
        if (record === null) throw new Error('a stored record cannot be read')
        if (bytes > BYTES_AT_ONCE) {
          bytes = 0
          this.#longReplay ??= replay
          await (this.#longReplay === replay ? pause(this.#clock) : this.#longReplay)
        }
        // Somebody else who waited for the same page may have taken it.
        if (seq <= log.recordSeq) continue
        log.replay(record, seq)
        bytes += envelope.length
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
