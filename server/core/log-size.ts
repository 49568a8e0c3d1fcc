/**
 * How much the log of a document holds, and how much it may still take: as last read from the store, and with what this relay has appended
 * since. Rule FR20.
 *
 * @module
 */
import type { RelayLimits } from './limits.ts'
import type { DocumentStatus } from './ports.ts'

type Limits = Pick<RelayLimits, 'documentBytes' | 'documentEntries' | 'documentRecordBytes'>

export class LogSize {
  readonly #limits: Limits
  #bytes = 0
  /** Seq up to which the bodies of its entries are gone. */
  #base = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Takes a row just read. What was appended since is not to be forgotten; what was trimmed is. */
  measure({ logBytes, base }: Pick<DocumentStatus, 'logBytes' | 'base'>): void {
    this.#bytes = base > this.#base ? logBytes : Math.max(this.#bytes, logBytes)
    this.#base = base
  }

  /** So many bytes were appended here. */
  grow(bytes: number): void {
    this.#bytes += bytes
  }

  /** How many bytes of records, or of all else, the log may still take whose newest entry is `lastSeq`: of all else none when its entries are used up. */
  roomLeft(isRecord: boolean, lastSeq: number): number {
    const { documentBytes, documentEntries, documentRecordBytes } = this.#limits
    const left = documentBytes - this.#bytes
    if (isRecord) return Math.max(0, left + documentRecordBytes)
    return lastSeq - this.#base >= documentEntries ? 0 : Math.max(0, left)
  }
}
