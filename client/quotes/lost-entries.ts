/**
 * Entries of a log that was given up, kept apart in this device's DocumentStore until the log that goes on has what they say. Rules CL31, LO14.
 *
 * @module
 */
import {
  hashFields,
  KIND,
  OFFSET,
  readWholeEnvelope,
  sodiumSha512,
  SyncError,
  type Bytes,
  type Envelope,
} from '@y-sealed/protocol'
import type { DocumentStore, StoredEntry } from '../stores/document-store.ts'

const PAGE_BYTES = 262_144
/** What a quote may hold. */
const QUOTABLE: ReadonlySet<number | undefined> = new Set([KIND.update, KIND.part, KIND.bind])

export class LostEntries {
  readonly #store: DocumentStore
  /** Under which name they lie there: no document has it. */
  readonly #name: Bytes

  constructor(store: DocumentStore, documentId: Bytes) {
    this.#store = store
    this.#name = hashFields(sodiumSha512, 'y-sealed/v1/lost', documentId).slice(0, 16)
  }

  /** Are there any? */
  async isEmpty(): Promise<boolean> {
    return (await this.#store.extent(this.#name)).lastSeq === 0
  }

  /** Keeps those of a log that is about to be forgotten, behind the ones that are kept already. */
  async keep(documentId: Bytes): Promise<void> {
    const { baseSeq, lastSeq } = await this.#store.extent(documentId)
    for (let next = baseSeq + 1; next <= lastSeq;) {
      const page = await this.#store.read(documentId, next, PAGE_BYTES)
      if (page.length === 0) return
      next += page.length
      await this.#append(page.filter(({ envelope }) => QUOTABLE.has(envelope[OFFSET.kind])))
    }
  }

  /** Behind what is there, which other tabs may be keeping too. */
  async #append(entries: readonly StoredEntry[]): Promise<void> {
    for (;;) {
      const place = (await this.#store.extent(this.#name)).lastSeq
      const rows = entries.map(({ envelope }, index): StoredEntry => ({ seq: place + index + 1, envelope }))
      try {
        return await this.#store.append(this.#name, rows)
      } catch (error) {
        if (!(error instanceof SyncError) || error.code !== 'FORK') throw error
      }
    }
  }

  /** All of them, in the order of the log that had them. */
  async *read(): AsyncGenerator<readonly Envelope[], void, undefined> {
    for (let next = 1; ;) {
      const page = await this.#store.read(this.#name, next, PAGE_BYTES)
      if (page.length === 0) return
      next += page.length
      yield page.map(({ envelope }) => readWholeEnvelope(envelope)).filter((envelope) => envelope !== null)
    }
  }

  /** The log has them, in one form or another. */
  async forget(): Promise<void> {
    await this.#store.delete(this.#name)
  }
}
