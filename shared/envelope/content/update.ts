/**
 * Content of an update, in one envelope or joined from parts: when its author says that it was made, and what Yjs made. Rule EN10.
 *
 * @module
 */
import type { Bytes } from '../../bytes.ts'
import type { DecodeResult } from '../../wire/fault.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'

/** What stands before the Yjs update. */
export const AUTHORED_BYTES = 8

/** An edit and the time that its author claims for it. */
export interface AuthoredUpdate {
  /** Unix ms, the author's word and nobody else's; 0: not said. */
  readonly authored: number
  /** One Yjs V2 update. */
  readonly update: Bytes
}

/** The content as bytes. Throws `RangeError` for a time that is no `u64` of WI1. */
export function encodeAuthoredUpdate({ authored, update }: AuthoredUpdate): Bytes {
  return new Writer(AUTHORED_BYTES + update.length).u64(authored).raw(update).finish()
}

/** Reads the content; `update` is a view, and Yjs has not seen it. Never throws. [WI3] */
export function decodeAuthoredUpdate(content: Bytes): DecodeResult<AuthoredUpdate> {
  const reader = new Reader(content)
  return reader.finish({ authored: reader.u64(), update: reader.rest() })
}
