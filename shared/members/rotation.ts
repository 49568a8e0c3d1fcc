/**
 * What a record says of a new epoch: its commitment, the way back to the old key, and the new key sealed to each device.
 * Rules KM6, KM7, KM9.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { HASH_BYTES } from '../crypto/hash.ts'
import { MAX_ITEMS_PER_RECORD } from '../limits.ts'
import type { Reader } from '../wire/reader.ts'
import { packRows, readRows, type Row, type SortedRows } from '../wire/sorted-rows.ts'
import type { Writer } from '../wire/writer.ts'
import { ID_BYTES } from './device-id.ts'

/** An epoch key sealed to one device. [KM6] */
export const WRAP_BYTES = 80
/** The old epoch's key under the new one's. [KM7] */
export const BACK_LINK_BYTES = 72

const WRAP_ROW = { keyBytes: ID_BYTES, valueBytes: WRAP_BYTES }
const DEVICE_ROW = { keyBytes: ID_BYTES, valueBytes: 0 }

/** Wraps by device id, for a record; in any order. Throws `RangeError` for a device that comes twice. */
export function packWraps(wraps: Iterable<Row>): SortedRows {
  return packRows(WRAP_ROW, wraps)
}

/** A set of device ids, for a record; in any order. Throws `RangeError` for one that comes twice. */
export function packDevices(devices: Iterable<Bytes>): SortedRows {
  const rows: Row[] = []
  for (const device of devices) rows.push([device, new Uint8Array(0)])
  return packRows(DEVICE_ROW, rows)
}

function writeCounted(writer: Writer, rows: SortedRows, rowBytes: number, least: number): Writer {
  const count = rows.bytes.length / rowBytes
  if (!Number.isInteger(count) || count < least || count > MAX_ITEMS_PER_RECORD) {
    throw new RangeError(`not ${least} to ${MAX_ITEMS_PER_RECORD} rows`)
  }
  return writer.u16(count).raw(rows.bytes)
}

function readCount(reader: Reader, least: number): number {
  const count = reader.u16()
  reader.require(count >= least && count <= MAX_ITEMS_PER_RECORD, 'count')
  return count
}

/** `u16 count (1…1000) ‖ device 16 each, ascending`. [KM9] */
export function writeDevices(writer: Writer, devices: SortedRows): Writer {
  return writeCounted(writer, devices, ID_BYTES, 1)
}

export function readDevices(reader: Reader): SortedRows {
  return readRows(reader, DEVICE_ROW, readCount(reader, 1))
}

/** `u16 count (0…1000) ‖ (device 16 ‖ wrap 80) each, ascending by device`. [KM9] */
export function writeWraps(writer: Writer, wraps: SortedRows): Writer {
  return writeCounted(writer, wraps, ID_BYTES + WRAP_BYTES, 0)
}

export function readWraps(reader: Reader): SortedRows {
  return readRows(reader, WRAP_ROW, readCount(reader, 0))
}

/** A change of the epoch key. [KM9] */
export interface Rotation {
  /** The new epoch. */
  readonly epoch: number
  /** 32 bytes. [KM5] */
  readonly commitment: Bytes
  /** 72 bytes. [KM7] */
  readonly backLink: Bytes
  /** The new key for each device that keeps access. */
  readonly wraps: SortedRows
}

/** An epoch number; 0 is none. [KM4] */
export function readEpoch(reader: Reader): number {
  const epoch = reader.u32()
  reader.require(epoch !== 0, 'range')
  return epoch
}

export function writeEpoch(writer: Writer, epoch: number): Writer {
  if (epoch === 0) throw new RangeError('epochs begin at 1')
  return writer.u32(epoch)
}

export function writeRotation(writer: Writer, { epoch, commitment, backLink, wraps }: Rotation): Writer {
  return writeWraps(writeEpoch(writer, epoch).fixed(commitment, HASH_BYTES).fixed(backLink, BACK_LINK_BYTES), wraps)
}

export function readRotation(reader: Reader): Rotation {
  return {
    epoch: readEpoch(reader),
    commitment: reader.fixed(HASH_BYTES),
    backLink: reader.fixed(BACK_LINK_BYTES),
    wraps: readWraps(reader),
  }
}
