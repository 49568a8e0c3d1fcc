/**
 * Frames by which entries, records and ids come to a client. Rules FR3–FR8.
 *
 * @module
 */
import { equalBytes, type Bytes } from '../bytes.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { KIND } from '../envelope/kind.ts'
import { MARK_BYTES } from '../log/transcript.ts'
import { ID_BYTES } from '../members/device-id.ts'
import { encodeRun, findRunFault, readRun } from './envelope-run.ts'
import { CLIENT_FRAME, RELAY_FRAME } from './frame-type.ts'
import type { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** Asks for the entries after a seq. [FR7] */
export interface ReadFrame {
  readonly type: 'read'
  readonly document: Bytes
  readonly after: number
  readonly maxBytes: number
}

export function encodeRead(frame: ReadFrame): Bytes {
  return new Writer(29)
    .u8(CLIENT_FRAME.read)
    .fixed(frame.document, ID_BYTES)
    .u64(frame.after)
    .u32(frame.maxBytes)
    .finish()
}

export function decodeRead(reader: Reader): ReadFrame {
  return { type: 'read', document: reader.fixed(ID_BYTES), after: reader.u64(), maxBytes: reader.u32() }
}

/** Asks for the ids after one seq and through another. */
export interface ReadIdsFrame {
  readonly type: 'read-ids'
  readonly document: Bytes
  readonly after: number
  readonly through: number
}

export function encodeReadIds(frame: ReadIdsFrame): Bytes {
  return new Writer(33)
    .u8(CLIENT_FRAME['read-ids'])
    .fixed(frame.document, ID_BYTES)
    .u64(frame.after)
    .u64(frame.through)
    .finish()
}

export function decodeReadIds(reader: Reader): ReadIdsFrame {
  return { type: 'read-ids', document: reader.fixed(ID_BYTES), after: reader.u64(), through: reader.u64() }
}

/** Entries of one document at seq, seq + 1, …; the same bytes for every subscriber. [FR8] */
export interface EntriesFrame {
  readonly type: 'entries'
  readonly seq: number
  /** One or more; views of the message. */
  readonly envelopes: readonly Envelope[]
}

/**
 * ENTRIES of whole envelopes as the log holds them. The relay's hot path: copies each once and trusts that they are entries of one
 * document at consecutive seqs.
 */
export function encodeEntries(seq: number, envelopes: readonly Bytes[]): Bytes {
  return encodeRun(RELAY_FRAME.entries, seq, envelopes)
}

/** {@link encodeEntries} with its trust checked: throws `RangeError` when the envelopes are no run of entries. */
export function encodeEntriesFrame(frame: EntriesFrame): Bytes {
  const fault = findRunFault(frame.seq, frame.envelopes)
  if (fault !== null) throw new RangeError(`no run of entries: ${fault}`)
  return encodeEntries(
    frame.seq,
    frame.envelopes.map(({ bytes }) => bytes),
  )
}

export function decodeEntries(reader: Reader): EntriesFrame {
  return { type: 'entries', ...readRun(reader) }
}

/** Ends the answer to READ. [FR7] */
export interface ReadDoneFrame {
  readonly type: 'read-done'
  readonly document: Bytes
  /** Last seq sent. */
  readonly through: number
  readonly headSeq: number
}

export function encodeReadDone(frame: ReadDoneFrame): Bytes {
  return new Writer(33)
    .u8(RELAY_FRAME['read-done'])
    .fixed(frame.document, ID_BYTES)
    .u64(frame.through)
    .u64(frame.headSeq)
    .finish()
}

export function decodeReadDone(reader: Reader): ReadDoneFrame {
  return { type: 'read-done', document: reader.fixed(ID_BYTES), through: reader.u64(), headSeq: reader.u64() }
}

/** A record and its place in the log. */
export interface PlacedRecord {
  readonly seq: number
  readonly envelope: Envelope
}

/** Records after the client's record head, ascending by seq; more frames follow while `more`. [FR5] */
export interface RecordsFrame {
  readonly type: 'records'
  readonly document: Bytes
  readonly more: boolean
  readonly records: readonly PlacedRecord[]
}

/** Trusts that `records` are records of the document, ascending by seq. */
export function encodeRecords(
  document: Bytes,
  more: boolean,
  records: readonly { readonly seq: number; readonly envelope: Bytes }[],
): Bytes {
  const writer = new Writer(18).u8(RELAY_FRAME.records).fixed(document, ID_BYTES).flag(more)
  for (const record of records) writer.u64(record.seq).raw(record.envelope)
  return writer.finish()
}

function isNextRecord(document: Bytes, last: number, { seq, envelope }: PlacedRecord): boolean {
  return seq > last && envelope.kind === KIND.record && equalBytes(envelope.document, document)
}

/** {@link encodeRecords} with its trust checked: throws `RangeError`. */
export function encodeRecordsFrame({ document, more, records }: RecordsFrame): Bytes {
  let last = 0
  for (const record of records) {
    if (!isNextRecord(document, last, record)) throw new RangeError('not the records of this document, ascending')
    last = record.seq
  }
  return encodeRecords(
    document,
    more,
    records.map(({ seq, envelope }) => ({ seq, envelope: envelope.bytes })),
  )
}

function readRecord(reader: Reader, document: Bytes, last: number): PlacedRecord {
  const seq = reader.u64()
  reader.require(seq > last, 'order')
  const envelope = reader.envelope()
  if (reader.fault === null) {
    reader.require(envelope.kind === KIND.record, 'kind')
    reader.require(equalBytes(envelope.document, document), 'mixed')
  }
  return { seq, envelope }
}

export function decodeRecords(reader: Reader): RecordsFrame {
  const document = reader.fixed(ID_BYTES)
  const more = reader.flag()
  const records: PlacedRecord[] = []
  while (reader.remaining > 0) records.push(readRecord(reader, document, records.at(-1)?.seq ?? 0))
  return { type: 'records', document, more, records }
}

/** Marks of the entries at seq, seq + 1, …: enough to recompute the transcript. */
export interface IdsFrame {
  readonly type: 'ids'
  readonly document: Bytes
  readonly seq: number
  /** Marks one after another: id 32 ‖ signature 64 each. */
  readonly ids: Bytes
}

export function encodeIds(frame: IdsFrame): Bytes {
  if (frame.ids.length % MARK_BYTES !== 0) throw new RangeError('a mark has 96 bytes')
  return new Writer(25 + frame.ids.length)
    .u8(RELAY_FRAME.ids)
    .fixed(frame.document, ID_BYTES)
    .u64(frame.seq)
    .raw(frame.ids)
    .finish()
}

export function decodeIds(reader: Reader): IdsFrame {
  const document = reader.fixed(ID_BYTES)
  const seq = reader.u64()
  const ids = reader.rest()
  reader.require(ids.length % MARK_BYTES === 0, 'truncated')
  return { type: 'ids', document, seq, ids }
}

/** Live delivery stopped after `through`: read on. */
export interface LaggedFrame {
  readonly type: 'lagged'
  readonly document: Bytes
  readonly through: number
}

export function encodeLagged(frame: LaggedFrame): Bytes {
  return new Writer(25).u8(RELAY_FRAME.lagged).fixed(frame.document, ID_BYTES).u64(frame.through).finish()
}

export function decodeLagged(reader: Reader): LaggedFrame {
  return { type: 'lagged', document: reader.fixed(ID_BYTES), through: reader.u64() }
}
