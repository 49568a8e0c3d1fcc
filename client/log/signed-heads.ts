/**
 * What the relay has signed of this document's log, held against the log as it was read here: the newest head that fits, and those that are still to
 * be reached. Rules LO4, LO6.
 *
 * @module
 */
import { verifySignedHead, type Bytes, type SignedHead } from '@y-sealed/protocol'
import type { DocumentLog } from './document-log.ts'
import { PromisedHeads } from './promised-heads.ts'

export interface SignedHeadsOptions {
  readonly documentId: Bytes
  readonly log: DocumentLog
  /** `null` until a relay has shown one. */
  readonly headKey: () => Bytes | null
  /** A head that the relay signed has been found to fit. */
  readonly onHead?: (head: SignedHead) => void
}

export class SignedHeads {
  readonly #options: SignedHeadsOptions
  #newest: SignedHead | null = null
  /** Those that are not reached. */
  readonly promises: PromisedHeads = new PromisedHeads()

  constructor(options: SignedHeadsOptions) {
    this.#options = options
  }

  /** The newest that fits. */
  get newest(): SignedHead | null {
    return this.#newest
  }

  /** The furthest, reached or not. */
  get furthest(): SignedHead | null {
    const promised = this.promises.furthestHead
    return promised !== null && promised.seq > (this.#newest?.seq ?? 0) ? promised : this.#newest
  }

  /** Has the relay signed it? */
  isSigned(head: SignedHead): boolean {
    const { documentId, headKey } = this.#options
    const key = headKey()
    return key !== null && verifySignedHead(documentId, head, key)
  }

  /** Is another entry read at its place? */
  contradicts({ seq, transcript }: SignedHead): boolean {
    return this.#options.log.compareTranscript(seq, transcript) === 'different'
  }

  /** Is that what is read at its place? */
  fits({ seq, transcript }: SignedHead): boolean {
    return this.#options.log.compareTranscript(seq, transcript) === 'same'
  }

  /** Does it contradict only what nobody has signed for? What the relay passed on is not what it has then, and all that it signed may be true. [CL30] */
  isDoubtful(head: SignedHead): boolean {
    return this.contradicts(head) && head.seq > (this.#newest?.seq ?? 0) && this.promises.at(head.seq) === null
  }

  /** Keeps one for when its place is reached; one that is reached has to fit. False when it contradicts another one. */
  add(head: SignedHead): boolean {
    if (head.seq > this.#options.log.head.seq) return this.promises.add(head)
    this.fit(head)
    return true
  }

  /** It has been found to fit. */
  fit(head: SignedHead): void {
    if (head.seq < (this.#newest?.seq ?? 0)) return
    this.#newest = head
    this.#options.onHead?.(head)
  }

  /** The log is read again from its start: what the relay has signed for, it must show once more. */
  restart(): void {
    if (this.#newest !== null) this.promises.add(this.#newest)
    this.#newest = null
  }

  /** Nothing of it stands any more. */
  clear(): void {
    this.promises.clear()
    this.#newest = null
  }
}
