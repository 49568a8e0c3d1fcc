/**
 * Exported documents piece by piece: neither who writes one nor who reads one holds more of it than a part. Rules EX1–EX3.
 *
 * @module
 */
import { concatBytes, equalBytes, type Bytes } from '../bytes.ts'
import { HASH_BYTES, type Sha512 } from '../crypto/hash.ts'
import { SyncError } from '../errors.ts'
import { Writer } from '../wire/writer.ts'
import {
  decodeExportBody,
  decodeExportHeader,
  encodeExportBody,
  encodeExportHeader,
  EXPORT_PART,
  exportDamaged,
  extendExportChain,
  MAX_EXPORT_PART_BYTES,
  startExportChain,
  type ExportHeader,
  type ExportPart,
} from './export-part.ts'

/** `u8 type ‖ u32 length`. */
const PART_HEAD_BYTES = 5

/** Writes a file from its beginning to its end. */
export class ExportWriter {
  /** The first bytes of the file. */
  readonly header: Bytes
  readonly #sha512: Sha512
  #chain: Bytes

  /** `genesis`: body of the document's first record. */
  constructor(sha512: Sha512, genesis: Bytes) {
    this.#sha512 = sha512
    this.header = encodeExportHeader(genesis)
    this.#chain = startExportChain(sha512, this.header)
  }

  /** The next bytes. Throws `RangeError` for a part that is too large. */
  write(part: ExportPart): Bytes {
    const body = encodeExportBody(part)
    if (body.length > MAX_EXPORT_PART_BYTES) throw new RangeError('a part is too large')
    const type = EXPORT_PART[part.type]
    this.#chain = extendExportChain(this.#sha512, this.#chain, type, body)
    const writer = new Writer(PART_HEAD_BYTES + body.length + HASH_BYTES).u8(type).u32(body.length)
    return writer.raw(body).raw(this.#chain).finish()
  }
}

/** Reads a file as it comes. */
export class ExportReader {
  readonly #sha512: Sha512
  #header: ExportHeader | null = null
  #chain: Bytes = new Uint8Array(0)
  #left: Bytes = new Uint8Array(0)
  #lastType = 0

  constructor(sha512: Sha512) {
    this.#sha512 = sha512
  }

  /** What the file is of; `null` before its first bytes. */
  get header(): ExportHeader | null {
    return this.#header
  }

  /**
   * Takes the next bytes, however many, and gives the parts that are whole by then, one after another. Throws `EXPORT_FORMAT`,
   * `EXPORT_VERSION`, and `EXPORT_DAMAGED` where a part is not what was written.
   */
  *take(bytes: Bytes): Generator<ExportPart, void, undefined> {
    let left = this.#left.length === 0 ? bytes : concatBytes(this.#left, bytes)
    // Kept while the caller works on a part, and when it stops.
    this.#left = left
    if (this.#header === null) {
      const begun = decodeExportHeader(this.#sha512, left)
      if (begun === null) return
      this.#header = begun.header
      this.#chain = startExportChain(this.#sha512, left.subarray(0, begun.length))
      this.#left = left = left.subarray(begun.length)
    }
    for (;;) {
      const length = partLength(left)
      if (length === null || left.length < length) break
      const part = this.#readPart(this.#header, left.subarray(0, length))
      this.#left = left = left.subarray(length)
      yield part
    }
    // Not a view of what may be much more.
    this.#left = left.slice()
  }

  /** The file has ended. Throws `EXPORT_TRUNCATED` where more was to come, also for an empty one. */
  finish(): void {
    if (this.#lastType === EXPORT_PART.end && this.#left.length === 0) return
    if (this.#lastType === EXPORT_PART.end) throw exportDamaged()
    throw new SyncError('EXPORT_TRUNCATED', 'the exported document ends too early: the file was not copied whole')
  }

  #readPart(header: ExportHeader, bytes: Bytes): ExportPart {
    const type = bytes[0] as number
    const body = bytes.subarray(PART_HEAD_BYTES, bytes.length - HASH_BYTES)
    this.#chain = extendExportChain(this.#sha512, this.#chain, type, body)
    const isNext = isRepeated(type) ? type >= this.#lastType : type > this.#lastType
    if (!isNext || !equalBytes(this.#chain, bytes.subarray(bytes.length - HASH_BYTES))) throw exportDamaged()
    this.#lastType = type
    return decodeExportBody(type, body, header)
  }
}

/** Of the part that begins here; `null` where that is not there yet. Throws `EXPORT_DAMAGED` for one that none can have. */
function partLength(bytes: Bytes): number | null {
  if (bytes.length < PART_HEAD_BYTES) return null
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
  if (length > MAX_EXPORT_PART_BYTES) throw exportDamaged()
  return PART_HEAD_BYTES + length + HASH_BYTES
}

function isRepeated(type: number): boolean {
  return type === EXPORT_PART.records || type === EXPORT_PART.snapshot || type === EXPORT_PART.entries
}
