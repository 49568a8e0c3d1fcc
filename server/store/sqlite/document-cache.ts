/**
 * The documents used last, at most a number of them; the least recently used makes room.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import { idToKey, type DocumentState, loadDocument } from './document-state.ts'
import type { Statements } from './statements.ts'

export class DocumentCache {
  readonly #sql: Statements
  readonly #maxDocuments: number
  readonly #documentsById = new Map<string, DocumentState>()

  constructor(sql: Statements, maxDocuments: number) {
    this.#sql = sql
    this.#maxDocuments = maxDocuments
  }

  /** The document for writing to: what is not remembered is read and remembered. */
  use(id: Bytes): DocumentState | 'deleted' | null {
    const key = idToKey(id)
    const cached = this.#documentsById.get(key)
    if (cached !== undefined) {
      this.#documentsById.delete(key)
      this.#documentsById.set(key, cached)
      return cached
    }
    const loaded = loadDocument(this.#sql, id)
    if (loaded !== null && loaded !== 'deleted') this.add(id, loaded)
    return loaded
  }

  /** The document for looking at: a sweep over many does not push out those in use. */
  peek(id: Bytes): DocumentState | 'deleted' | null {
    return this.#documentsById.get(idToKey(id)) ?? loadDocument(this.#sql, id)
  }

  add(id: Bytes, document: DocumentState): void {
    if (this.#documentsById.size >= this.#maxDocuments) {
      const [oldest] = this.#documentsById.keys()
      if (oldest !== undefined) this.#documentsById.delete(oldest)
    }
    this.#documentsById.set(idToKey(id), document)
  }

  /** Forgets everything: after a failed transaction nothing remembered is certain. */
  clear(): void {
    this.#documentsById.clear()
  }
}
