/**
 * An exported document as bytes: a header, then parts, each with a link of a hash chain, so that a file that was cut or changed is noticed
 * where it was, by anybody and without a key. Whether the log in it is authentic is judged by whoever reads it. Rules EX1–EX3.
 *
 * @module
 */
import { equalBytes, type Bytes } from '../bytes.ts'
import { HASH_BYTES, hashFields, type Sha512 } from '../crypto/hash.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { isLogKind, KIND } from '../envelope/kind.ts'
import { SyncError } from '../errors.ts'
import { decodeSignedHead, encodeSignedHead, SIGNED_HEAD_BYTES, type SignedHead } from '../log/signed-head.ts'
import { documentIdOf } from '../members/genesis.ts'
import { readRun } from '../wire/envelope-run.ts'
import { Reader } from '../wire/reader.ts'
import type { PlacedRecord } from '../wire/read-frames.ts'
import { Writer } from '../wire/writer.ts'

const MAGIC: Bytes = Uint8Array.from('y-sealed', (letter) => letter.charCodeAt(0))
const VERSION = 1
const MODES = ['members', 'shared-key'] as const

/** Magic, version, mode, genesis hash. [EX1] */
export const EXPORT_HEADER_BYTES = 42
/** Of one part's body: memory for a file of any size is a few of these. [EX1] */
export const MAX_EXPORT_PART_BYTES = 1_048_576

/** What a file is of. */
export interface ExportHeader {
  readonly mode: (typeof MODES)[number]
  /** 32 bytes. [KM3] */
  readonly genesisHash: Bytes
}

/** Numbers of the parts, in the order in which they stand. 4 is for snapshots. [EX2] */
export const EXPORT_PART = { keys: 1, head: 2, records: 3, entries: 5, end: 6 } as const

/** One part. Byte fields are views. */
export type ExportPart =
  /** Epoch keys, sealed under the file's key. [EX4] */
  | { readonly type: 'keys'; readonly sealed: Bytes }
  /** The newest head that the relay has signed, and by which key (32 bytes). */
  | { readonly type: 'head'; readonly head: SignedHead; readonly headKey: Bytes }
  /** Member records, the genesis first, ascending. */
  | { readonly type: 'records'; readonly records: readonly PlacedRecord[] }
  | { readonly type: 'entries'; readonly seq: number; readonly envelopes: readonly Envelope[] }
  /** The last seq, and T there (32 bytes). */
  | { readonly type: 'end'; readonly seq: number; readonly transcript: Bytes }

export function encodeExportHeader({ mode, genesisHash }: ExportHeader): Bytes {
  const writer = new Writer(EXPORT_HEADER_BYTES)
    .raw(MAGIC)
    .u8(VERSION)
    .u8(MODES.indexOf(mode) + 1)
  return writer.fixed(genesisHash, HASH_BYTES).finish()
}

/** Throws `EXPORT_FORMAT` for what is no exported document, `EXPORT_VERSION` for one that a newer version made. */
export function decodeExportHeader(bytes: Bytes): ExportHeader {
  if (!equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) {
    throw new SyncError('EXPORT_FORMAT', 'this is no exported document')
  }
  if (bytes[MAGIC.length] !== VERSION) {
    throw new SyncError('EXPORT_VERSION', 'this document was exported by another version: update the app')
  }
  const mode = MODES[(bytes[MAGIC.length + 1] as number) - 1]
  if (mode === undefined) throw exportDamaged()
  return { mode, genesisHash: bytes.slice(MAGIC.length + 2, EXPORT_HEADER_BYTES) }
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
export function decodeExportBody(type: number, body: Bytes, { genesisHash }: ExportHeader): ExportPart {
  const reader = new Reader(body)
  const part = readBody(type, reader, documentIdOf(genesisHash))
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
  return new SyncError('EXPORT_DAMAGED', 'the exported document is damaged: take another copy of the file', { cause })
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
    const { kind } = record.envelope
    reader.require(isLogKind(kind) && kind === KIND.record && equalBytes(record.envelope.document, document), 'kind')
    reader.require(record.seq > (records.at(-1)?.seq ?? 0), 'order')
    records.push(record)
  }
  return records
}
