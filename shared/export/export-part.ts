/**
 * An exported document as bytes: a header, then parts, each with a link of a hash chain, so that a file that was cut or changed is noticed
 * where it was, by anybody and without a key. Whether the log in it is authentic is judged by whoever reads it. Rules EX1–EX3.
 *
 * @module
 */
import { equalBytes, type Bytes } from '../bytes.ts'
import { HASH_BYTES, hashFields, type Sha512 } from '../crypto/hash.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { KIND } from '../envelope/kind.ts'
import { SyncError } from '../errors.ts'
import { MAX_SNAPSHOT_ENVELOPE_BYTES } from '../limits.ts'
import { decodeSignedHead, encodeSignedHead, SIGNED_HEAD_BYTES, type SignedHead } from '../log/signed-head.ts'
import { documentIdOf, genesisHash, type Genesis } from '../members/genesis.ts'
import { decodeRecord } from '../members/record.ts'
import { readRun } from '../wire/envelope-run.ts'
import { Reader } from '../wire/reader.ts'
import type { PlacedRecord } from '../wire/read-frames.ts'
import { Writer } from '../wire/writer.ts'

const MAGIC: Bytes = Uint8Array.from('y-sealed', (letter) => letter.charCodeAt(0))
const VERSION = 1
/** Longer than any genesis. */
const MAX_GENESIS_BYTES = 1_024
/** Magic, version, and the length of the genesis. [EX1] */
const PREFIX_BYTES = 11
/** Of one part's body: memory for a file of any size is a few of these. [EX1] */
export const MAX_EXPORT_PART_BYTES = 1_048_576

/** What a file is of. */
export interface ExportHeader {
  readonly mode: Genesis['mode']
  /** Body of the first record: a room is judged by it alone, and its hash names the document. [KM3] */
  readonly genesis: Bytes
  /** 32 bytes. */
  readonly genesisHash: Bytes
}

/** Numbers of the parts, in the order in which they stand. [EX2] */
export const EXPORT_PART = { keys: 1, head: 2, records: 3, snapshot: 4, entries: 5, end: 6 } as const

/** One part. Byte fields are views. */
export type ExportPart =
  /** Epoch keys, sealed under the file's key. [EX4] */
  | { readonly type: 'keys'; readonly sealed: Bytes }
  /** The newest head that the relay has signed, and by which key (32 bytes). */
  | { readonly type: 'head'; readonly head: SignedHead; readonly headKey: Bytes }
  /** Member records, the genesis first, ascending. */
  | { readonly type: 'records'; readonly records: readonly PlacedRecord[] }
  | SnapshotPiece
  | { readonly type: 'entries'; readonly seq: number; readonly envelopes: readonly Envelope[] }
  /** The last seq, and T there (32 bytes). */
  | { readonly type: 'end'; readonly seq: number; readonly transcript: Bytes }

/** Of the snapshot behind which the entries begin: a piece of its whole envelope. */
export interface SnapshotPiece {
  readonly type: 'snapshot'
  /** Its place. */
  readonly seq: number
  /** T there, 32 bytes. */
  readonly transcript: Bytes
  readonly total: number
  readonly offset: number
  readonly bytes: Bytes
}

/** The first bytes of a file; `genesis` is the body of the document's first record. */
export function encodeExportHeader(genesis: Bytes): Bytes {
  const writer = new Writer(PREFIX_BYTES + genesis.length).raw(MAGIC).u8(VERSION)
  return writer.bytes16(genesis, MAX_GENESIS_BYTES).finish()
}

/**
 * The header with which a file begins, and its length; `null` while it is not whole. Throws `EXPORT_FORMAT` for what is no exported document,
 * `EXPORT_VERSION` for one that another version made, `EXPORT_DAMAGED` for one of no document.
 */
export function decodeExportHeader(
  sha512: Sha512,
  bytes: Bytes,
): { readonly header: ExportHeader; readonly length: number } | null {
  if (bytes.length < PREFIX_BYTES) return null
  if (!equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) {
    throw new SyncError('EXPORT_FORMAT', 'this is no exported document')
  }
  if (bytes[MAGIC.length] !== VERSION) {
    throw new SyncError('EXPORT_VERSION', 'this document was exported by another version: update the app')
  }
  const length = PREFIX_BYTES + new Reader(bytes, PREFIX_BYTES - 2).u16()
  if (length > PREFIX_BYTES + MAX_GENESIS_BYTES) throw exportDamaged()
  if (bytes.length < length) return null
  const genesis = bytes.slice(PREFIX_BYTES, length)
  const record = decodeRecord(genesis)
  if (!record.ok || record.value.type !== 'genesis') throw exportDamaged()
  return { header: { mode: record.value.mode, genesis, genesisHash: genesisHash(sha512, genesis) }, length }
}

/** The body of a part. */
export function encodeExportBody(part: ExportPart): Bytes {
  switch (part.type) {
    case 'keys':
      return part.sealed
    case 'head':
      return new Writer(136).raw(encodeSignedHead(part.head)).fixed(part.headKey, HASH_BYTES).finish()
    case 'records': {
      const writer = new Writer(4_096)
      for (const { seq, envelope } of part.records) writer.u64(seq).raw(envelope.bytes)
      return writer.finish()
    }
    case 'snapshot': {
      const { seq, transcript, total, offset, bytes } = part
      const writer = new Writer(48 + bytes.length).u64(seq).fixed(transcript, HASH_BYTES)
      return writer.u32(total).u32(offset).raw(bytes).finish()
    }
    case 'entries': {
      const writer = new Writer(65_536).u64(part.seq)
      for (const envelope of part.envelopes) writer.raw(envelope.bytes)
      return writer.finish()
    }
    case 'end':
      return new Writer(40).u64(part.seq).fixed(part.transcript, HASH_BYTES).finish()
    default:
      throw new RangeError('no such part')
  }
}

/** Throws `EXPORT_DAMAGED` for what is no such part of this document. */
export function decodeExportBody(type: number, body: Bytes, header: ExportHeader): ExportPart {
  const reader = new Reader(body)
  const part = readBody(type, reader, documentIdOf(header.genesisHash))
  const result = reader.finish(part)
  if (!result.ok || result.value === null) throw exportDamaged()
  return result.value
}

/** The first link of a file's chain, of its header. [EX3] */
export function startExportChain(sha512: Sha512, header: Bytes): Bytes {
  return hashFields(sha512, 'y-sealed/v1/export-part', header)
}

/** The link behind a part. [EX3] */
export function extendExportChain(sha512: Sha512, chain: Bytes, type: number, body: Bytes): Bytes {
  return hashFields(sha512, 'y-sealed/v1/export-part', chain, Uint8Array.of(type), body)
}

/** Changed, or put together wrong. */
export function exportDamaged(cause?: unknown): SyncError {
  const message = 'the exported document is damaged: take another copy of the file'
  return new SyncError('EXPORT_DAMAGED', message, { cause })
}

function readBody(type: number, reader: Reader, document: Bytes): ExportPart | null {
  switch (type) {
    case EXPORT_PART.keys:
      return { type: 'keys', sealed: reader.rest() }
    case EXPORT_PART.head: {
      const head = decodeSignedHead(reader.fixed(SIGNED_HEAD_BYTES))
      return head && { type: 'head', head, headKey: reader.fixed(HASH_BYTES) }
    }
    case EXPORT_PART.records:
      return { type: 'records', records: readRecords(reader, document) }
    case EXPORT_PART.snapshot:
      return readPiece(reader)
    case EXPORT_PART.entries: {
      const { seq, envelopes } = readRun(reader)
      for (const envelope of envelopes) reader.require(equalBytes(envelope.document, document), 'mixed')
      return { type: 'entries', seq, envelopes }
    }
    case EXPORT_PART.end:
      return { type: 'end', seq: reader.u64(), transcript: reader.fixed(HASH_BYTES) }
    default:
      return null
  }
}

function readRecords(reader: Reader, document: Bytes): readonly PlacedRecord[] {
  const records: PlacedRecord[] = []
  while (reader.remaining > 0) {
    const record = { seq: reader.u64(), envelope: reader.envelope() }
    if (reader.fault !== null) break
    reader.require(record.envelope.kind === KIND.record && equalBytes(record.envelope.document, document), 'kind')
    reader.require(record.seq > (records.at(-1)?.seq ?? 0), 'order')
    records.push(record)
  }
  return records
}

function readPiece(reader: Reader): SnapshotPiece {
  const [seq, transcript] = [reader.u64(), reader.fixed(HASH_BYTES)]
  const [total, offset, bytes] = [reader.u32(), reader.u32(), reader.rest()]
  const fits = bytes.length > 0 && offset + bytes.length <= total && total <= MAX_SNAPSHOT_ENVELOPE_BYTES
  reader.require(fits && seq > 0, 'range')
  return { type: 'snapshot', seq, transcript, total, offset, bytes }
}
