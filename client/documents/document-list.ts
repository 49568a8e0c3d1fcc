/**
 * What a person's own devices tell each other in their personal document: which documents there are, and which device has been let into
 * which. It trusts nothing that it reads: whatever has not the right form is passed over. Rule CL12.
 *
 * @module
 */
import { base64urlToBytes, bytesToBase64url, documentIdOf, type Bytes } from '@y-sealed/protocol'
import type * as Y from 'yjs'

/** A document of this person. */
export interface ListedDocument {
  /** base64url of 16 bytes. */
  readonly id: string
  /** 32 bytes. [KM3] */
  readonly genesisHash: Bytes
  /** This person's own name for it; others do not see it. */
  readonly name: string
  /** Unix ms, by the clock of the device that added it. */
  readonly addedAt: number
}

/** Root types of the personal document. */
const DOCUMENTS = 'documents'
const ACCESS = 'access'
const REMOVALS = 'removals'

/** The list, as a view of the personal document. */
export class DocumentList {
  readonly #doc: Y.Doc
  readonly #documents: Y.Map<unknown>
  /** Under `document/device`: true where a device has been let in, false where it was taken out again. */
  readonly #access: Y.Map<unknown>
  /** Under `document/device`: the record that took the device from among the person's, once it was taken out of the document too. */
  readonly #removals: Y.Map<unknown>

  constructor(doc: Y.Doc) {
    this.#doc = doc
    this.#documents = doc.getMap(DOCUMENTS)
    this.#access = doc.getMap(ACCESS)
    this.#removals = doc.getMap(REMOVALS)
  }

  /** All documents, the one added first first. */
  get all(): readonly ListedDocument[] {
    const listed: ListedDocument[] = []
    for (const id of this.#documents.keys()) {
      const document = this.get(id)
      if (document !== null) listed.push(document)
    }
    return listed.toSorted((a, b) => a.addedAt - b.addedAt || (a.id < b.id ? -1 : 1))
  }

  /** A document by its id, or `null`. */
  get(id: string): ListedDocument | null {
    const value = this.#documents.get(id)
    if (typeof value !== 'object' || value === null) return null
    const { genesis, name, addedAt } = value as Record<string, unknown>
    const hash = typeof genesis === 'string' ? base64urlToBytes(genesis) : null
    if (hash?.length !== 32 || bytesToBase64url(documentIdOf(hash)) !== id) return null
    if (typeof name !== 'string' || typeof addedAt !== 'number' || !Number.isFinite(addedAt)) return null
    return { id, genesisHash: hash, name, addedAt }
  }

  /** Lists a document, or names it anew. */
  put(genesisHash: Bytes, name: string, addedAt: number): void {
    const id = bytesToBase64url(documentIdOf(genesisHash))
    this.#documents.set(id, { genesis: bytesToBase64url(genesisHash), name, addedAt })
  }

  /** Takes a document off the list, and forgets who was let into it. */
  remove(id: string): void {
    this.#doc.transact(() => {
      this.#documents.delete(id)
      for (const map of [this.#access, this.#removals]) {
        for (const key of map.keys()) if (key.startsWith(`${id}/`)) map.delete(key)
      }
    })
  }

  /** Has this device (16 bytes) been let into the document, or taken out? `waiting`: neither, so that another of the person's is to let it in. */
  accessOf(id: string, device: Bytes): 'in' | 'out' | 'waiting' {
    const noted = this.#access.get(accessKey(id, device))
    return noted === true ? 'in' : noted === false ? 'out' : 'waiting'
  }

  /** Notes that a device was let into a document, or taken out; writes nothing where that is noted already. */
  noteAccess(id: string, device: Bytes, access: 'in' | 'out'): void {
    if (this.accessOf(id, device) !== access) this.#access.set(accessKey(id, device), access === 'in')
  }

  /**
   * Is it noted that a device, removed by `record` (its id, 32 bytes) from among the person's, was taken out of the document? Nobody could
   * name that record before it was made: not the device either, which wrote here until then.
   */
  isTakenOut(id: string, device: Bytes, record: Bytes): boolean {
    return this.#removals.get(accessKey(id, device)) === bytesToBase64url(record)
  }

  /** Notes it. */
  noteTakenOut(id: string, device: Bytes, record: Bytes): void {
    this.#doc.transact(() => {
      this.#removals.set(accessKey(id, device), bytesToBase64url(record))
      this.noteAccess(id, device, 'out')
    })
  }

  /** Calls back after every change, whoever made it. Returns what ends it. */
  observe(listener: () => void): () => void {
    this.#documents.observe(listener)
    this.#access.observe(listener)
    return () => {
      this.#documents.unobserve(listener)
      this.#access.unobserve(listener)
    }
  }
}

function accessKey(id: string, device: Bytes): string {
  return `${id}/${bytesToBase64url(device)}`
}
