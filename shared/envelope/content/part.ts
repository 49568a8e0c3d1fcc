/**
 * Content of an update part: a piece of an update that does not fit one envelope. Rules EN10, LO9.
 *
 * @module
 */
import type { Bytes } from '../../bytes.ts'
import { MAX_PARTED_UPDATE_BYTES, MAX_PARTS } from '../../limits.ts'
import type { DecodeResult } from '../../wire/fault.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'

/** What a part says. */
export interface PartContent {
  readonly index: number
  readonly count: number
  /** Of the whole update. */
  readonly totalBytes: number
  /** This piece, at least one byte. */
  readonly bytes: Bytes
}

function isPart({ index, count, totalBytes, bytes }: PartContent): boolean {
  const isIndex = count >= 2 && count <= MAX_PARTS && index < count
  return isIndex && bytes.length > 0 && bytes.length < totalBytes && totalBytes <= MAX_PARTED_UPDATE_BYTES
}

/** The content as bytes. Throws `RangeError` for what is no part. */
export function encodePart(part: PartContent): Bytes {
  if (!isPart(part)) throw new RangeError('no such part')
  return new Writer(8 + part.bytes.length).u16(part.index).u16(part.count).u32(part.totalBytes).raw(part.bytes).finish()
}

/** Reads the content; `bytes` is a view. Never throws. [WI3] */
export function decodePart(content: Bytes): DecodeResult<PartContent> {
  const reader = new Reader(content)
  const part = { index: reader.u16(), count: reader.u16(), totalBytes: reader.u32(), bytes: reader.rest() }
  reader.require(isPart(part), 'range')
  return reader.finish(part)
}
