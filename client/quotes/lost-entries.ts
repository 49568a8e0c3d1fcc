/**
 * Entries of a log that was given up, or of its end that was, kept apart in this device's DocumentStore until the log that goes on has what they say.
 * Rules CL30, CL31, LO14.
 *
 * @module
 */
import {
  bytesToHex,
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
import { sessionOf } from './quote-judge.ts'

const PAGE_BYTES = 262_144
const PAGE_ENTRIES = 256
/** What a quote may hold. */
const QUOTABLE: ReadonlySet<number | undefined> = new Set([KIND.update, KIND.part, KIND.bind])

/** Up to where they go at a moment. */
export interface LostPlace {
  readonly seq: number
  readonly unwritten: readonly Bytes[]
}

/** Stands in the place of those that are forgotten. */
const FORGOTTEN = new Uint8Array([0])

export class LostEntries {
  readonly #store: DocumentStore
  /** Under which name they lie there: no document has it. */
  readonly #name: Bytes
  /** What there was no room for beside the log: once that is gone there may be. */
  #unwritten: Bytes[] = []

  constructor(store: DocumentStore, documentId: Bytes) {
    this.#store = store
    this.#name = hashFields(sodiumSha512, 'y-sealed/v1/lost', documentId).slice(0, 16)
  }

  /** Are there any? */
  async isEmpty(): Promise<boolean> {
    const { baseSeq, lastSeq } = await this.#store.extent(this.#name)
    return this.#unwritten.length === 0 && lastSeq === baseSeq
  }

  /**
   * Keeps those after a place of a log that are about to be forgotten, with the binds before it that begin their sessions (KM15), behind the ones that
   * are kept already, and none of these twice: a relay may show them again and again. What cannot be written waits in memory for {@link writeAgain};
   * rejects where there is such.
   */
  async keep(documentId: Bytes, afterSeq = 0): Promise<void> {
    const { baseSeq } = await this.#store.extent(documentId)
    const pages = this.#quotable(documentId, baseSeq, Math.max(baseSeq, afterSeq))
    for await (const page of pages) {
      try {
        await this.#append(page)
      } catch (error) {
        this.#unwritten.push(...page)
        for await (const rest of pages) this.#unwritten.push(...rest)
        throw error
      }
    }
  }

  /** Writes what could not be written before. Rejects as {@link keep}. */
  async writeAgain(): Promise<void> {
    while (this.#unwritten.length > 0) {
      const page = this.#unwritten.slice(0, PAGE_ENTRIES)
      await this.#append(page)
      this.#unwritten.splice(0, page.length)
    }
  }

  /** Entries of a log, as far as a quote may hold them, but for those that are kept already. */
  async *#quotable(
    documentId: Bytes,
    baseSeq: number,
    afterSeq: number,
  ): AsyncGenerator<readonly Bytes[], void, undefined> {
    const known = await this.#hashes()
    const isFresh = (envelope: Bytes): boolean => known.size === 0 || !known.has(hashOf(envelope))
    if (afterSeq > baseSeq) {
      const sessions = new Set<string>()
      for await (const page of this.#pages(documentId, afterSeq + 1))
        for (const envelope of decodePage(page)) sessions.add(sessionOf(envelope))
      if (sessions.size === 0) return
      for await (const page of this.#pages(documentId, baseSeq + 1, afterSeq)) {
        const binds = decodePage(page).filter((each) => each.kind === KIND.bind && sessions.has(sessionOf(each)))
        yield binds.map(({ bytes }) => bytes).filter(isFresh)
      }
    }
    for await (const page of this.#pages(documentId, afterSeq + 1))
      yield page.filter((envelope) => QUOTABLE.has(envelope[OFFSET.kind]) && isFresh(envelope))
  }

  /** Envelopes of a log. */
  async *#pages(
    documentId: Bytes,
    fromSeq: number,
    throughSeq = Infinity,
  ): AsyncGenerator<readonly Bytes[], void, undefined> {
    for (let next = fromSeq; next <= throughSeq;) {
      const page = await this.#store.read(documentId, next, PAGE_BYTES)
      if (page.length === 0) return
      next += page.length
      yield page.filter(({ seq }) => seq <= throughSeq).map(({ envelope }) => envelope)
    }
  }

  /** Of those that are kept. */
  async #hashes(): Promise<ReadonlySet<string>> {
    const hashes = new Set<string>()
    for await (const page of this.read()) for (const { bytes } of page) hashes.add(hashOf(bytes))
    return hashes
  }

  /** Behind what is there, which other tabs may be keeping too. */
  async #append(envelopes: readonly Bytes[]): Promise<void> {
    for (;;) {
      const place = (await this.#store.extent(this.#name)).lastSeq
      const rows = envelopes.map((envelope, index): StoredEntry => ({ seq: place + index + 1, envelope }))
      try {
        return await this.#store.append(this.#name, rows)
      } catch (error) {
        if (!(error instanceof SyncError) || error.code !== 'FORK') throw error
      }
    }
  }

  /** All of them, in the order of the log that had them. */
  async *read(): AsyncGenerator<readonly Envelope[], void, undefined> {
    const { baseSeq } = await this.#store.extent(this.#name)
    for (let next = baseSeq + 1; ;) {
      const page = await this.#store.read(this.#name, next, PAGE_BYTES)
      if (page.length === 0) break
      next += page.length
      yield decodePage(page.map(({ envelope }) => envelope))
    }
    if (this.#unwritten.length > 0) yield decodePage(this.#unwritten)
  }

  /** The end of them, as {@link read} would give them now or more. */
  async place(): Promise<LostPlace> {
    const unwritten = [...this.#unwritten]
    return { seq: (await this.#store.extent(this.#name)).lastSeq, unwritten }
  }

  /** The log has those up to there, in one form or another. What has come behind them since, from another tab say, stays. */
  async forgetUpTo({ seq, unwritten }: LostPlace): Promise<void> {
    const gone = new Set(unwritten)
    this.#unwritten = this.#unwritten.filter((envelope) => !gone.has(envelope))
    if (seq === 0) return
    const id = hashFields(sodiumSha512, 'y-sealed/v1/lost', FORGOTTEN).slice(0, 32)
    await this.#store.putSnapshot(this.#name, { seq, id, envelope: FORGOTTEN })
    await this.#store.trim(this.#name, seq)
  }

  /** Nobody needs any of them: the document is given up on this device. */
  async forget(): Promise<void> {
    this.#unwritten = []
    await this.#store.delete(this.#name)
  }
}

/** Of all of it: what has its signature may be another, which a relay has made up. */
function hashOf(envelope: Bytes): string {
  return bytesToHex(hashFields(sodiumSha512, 'y-sealed/v1/lost', envelope).subarray(0, 16))
}

function decodePage(envelopes: readonly Bytes[]): readonly Envelope[] {
  return envelopes.map(readWholeEnvelope).filter((envelope) => envelope !== null)
}
