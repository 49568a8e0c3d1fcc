/**
 * A snapshot on its way from the relay, put together from its chunks. Rules FR5, FR18.
 *
 * @module
 */
import {
  equalBytes,
  MAX_CHUNK_BYTES,
  MAX_SNAPSHOT_ENVELOPE_BYTES,
  type Bytes,
  type SnapshotChunkFrame,
} from '@y-sealed/protocol'

/** READ_SNAPSHOT is answered by so many chunks. [FR18] */
const PAGE_CHUNKS = 4

export class SnapshotFetch {
  /** 32 bytes. */
  readonly id: Bytes
  readonly #ask: (offset: number) => void
  #bytes: Bytes | null = null
  #length = 0
  #pageEnd = 0

  /** `ask` sends READ_SNAPSHOT. */
  constructor(id: Bytes, ask: (offset: number) => void) {
    this.id = id
    this.#ask = ask
  }

  /** Asks for the first page; of one that comes by itself nothing need be asked. */
  start(): void {
    this.#askPage()
  }

  /** Takes the next chunk: all of it once it is whole, `more` before, `other` for another snapshot's, `broken` for what cannot follow. */
  take({ snapshotId, total, offset, bytes }: SnapshotChunkFrame): Bytes | 'more' | 'other' | 'broken' {
    if (!equalBytes(snapshotId, this.id)) return 'other'
    this.#bytes ??= total <= MAX_SNAPSHOT_ENVELOPE_BYTES ? new Uint8Array(total) : null
    const all = this.#bytes
    if (all === null || all.length !== total || offset !== this.#length) return 'broken'
    all.set(bytes, offset)
    this.#length += bytes.length
    if (this.#length === total) return all
    // Each chunk is waited for anew: in crumbs it would never be over.
    if (this.#length % MAX_CHUNK_BYTES !== 0) return 'broken'
    if (this.#pageEnd > 0 && this.#length >= this.#pageEnd) this.#askPage()
    return 'more'
  }

  #askPage(): void {
    this.#pageEnd = (Math.floor(this.#length / MAX_CHUNK_BYTES) + PAGE_CHUNKS) * MAX_CHUNK_BYTES
    this.#ask(this.#length)
  }
}
