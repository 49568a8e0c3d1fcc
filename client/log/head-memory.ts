/**
 * The newest head that the relay has signed for a document and this device has found to fit, kept between runs: a relay that shows less,
 * or another history, is then caught by its own signature. Rule LO6.
 *
 * @module
 */
import {
  base64urlToBytes,
  bytesToBase64url,
  decodeSignedHead,
  encodeSignedHead,
  type Bytes,
  type SignedHead,
} from '@y-sealed/protocol'
import type { KeyStore } from '../keys/key-store.ts'

const PREFIX = 'head/'

export class HeadMemory {
  readonly #keys: KeyStore
  readonly #name: string
  #writing: Promise<void> = Promise.resolve()
  #lastSeq = 0

  constructor(keys: KeyStore, documentId: Bytes) {
    this.#keys = keys
    this.#name = headName(documentId)
  }

  /** What an earlier run has kept, or `null`. */
  async recall(): Promise<SignedHead | null> {
    const stored = await this.#keys.get(this.#name)
    const head = stored && decodeSignedHead(stored)
    this.#lastSeq = head?.seq ?? 0
    return head
  }

  /** Keeps a head that is newer than the one kept. Resolves when it would survive a crash. */
  keep(head: SignedHead): Promise<void> {
    if (head.seq > this.#lastSeq) {
      this.#lastSeq = head.seq
      this.#writing = this.#writing.then(() => this.#write(head))
    }
    return this.#writing
  }

  /** That head was given up. */
  forget(): Promise<void> {
    this.#lastSeq = 0
    this.#writing = this.#writing.then(() => this.#keys.delete(this.#name))
    return this.#writing
  }

  async #write(head: SignedHead): Promise<void> {
    const stored = await this.#keys.get(this.#name)
    // Another tab has seen more: what it keeps stays.
    if (((stored && decodeSignedHead(stored))?.seq ?? 0) >= head.seq) return
    await this.#keys.set(this.#name, encodeSignedHead(head))
  }
}

/** Under which name a KeyStore, or a recovery file, has the head of a document. */
export function headName(documentId: Bytes): string {
  return PREFIX + bytesToBase64url(documentId)
}

/** What {@link headName} names, of which document; `null` for another name, and for what is no head. */
export function readHead(name: string, value: Bytes): { readonly documentId: Bytes; readonly head: SignedHead } | null {
  if (!name.startsWith(PREFIX)) return null
  const documentId = base64urlToBytes(name.slice(PREFIX.length))
  const head = decodeSignedHead(value)
  return documentId?.length === 16 && head !== null ? { documentId, head } : null
}
