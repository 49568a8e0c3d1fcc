/**
 * Frames by which a relay that has lost entries is shown so, and given them back. Rules FR3, FR4, FR16, LO14.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { HASH_BYTES } from '../crypto/hash.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { readSignedHead, writeSignedHead, type SignedHead } from '../log/signed-head.ts'
import { MARK_BYTES } from '../log/transcript.ts'
import { ID_BYTES } from '../members/device-id.ts'
import { encodeRun, findRunFault, readRun } from './envelope-run.ts'
import { CLIENT_FRAME, RELAY_FRAME } from './frame-type.ts'
import type { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** Shows the relay a head that it has signed, and that may be beyond its log. [FR16] */
export interface ShowHeadFrame {
  readonly type: 'show-head'
  /** 32 bytes: the document's id is the first half. Of a document that is lost altogether nothing else tells T_0. */
  readonly genesisHash: Bytes
  readonly head: SignedHead
}

export function encodeShowHead(frame: ShowHeadFrame): Bytes {
  const writer = new Writer(137).u8(CLIENT_FRAME['show-head']).fixed(frame.genesisHash, HASH_BYTES)
  return writeSignedHead(writer, frame.head).finish()
}

export function decodeShowHead(reader: Reader): ShowHeadFrame {
  return { type: 'show-head', genesisHash: reader.fixed(HASH_BYTES), head: readSignedHead(reader) }
}

/** Marks of the entries at seq, seq + 1, …, up to the head that was shown: by them each entry that is given back is known. [FR16] */
export interface ShowIdsFrame {
  readonly type: 'show-ids'
  readonly document: Bytes
  readonly seq: number
  /** One or more marks, one after another: id 32 ‖ signature 64 each. */
  readonly ids: Bytes
}

function isMarks(seq: number, ids: Bytes): boolean {
  const count = ids.length / MARK_BYTES
  return Number.isInteger(count) && count >= 1 && seq >= 1 && seq <= Number.MAX_SAFE_INTEGER - (count - 1)
}

/** Throws `RangeError` when these are no marks from a seq on. */
export function encodeShowIds({ document, seq, ids }: ShowIdsFrame): Bytes {
  if (!isMarks(seq, ids)) throw new RangeError('no marks of a log')
  return new Writer(25 + ids.length).u8(CLIENT_FRAME['show-ids']).fixed(document, ID_BYTES).u64(seq).raw(ids).finish()
}

export function decodeShowIds(reader: Reader): ShowIdsFrame {
  const document = reader.fixed(ID_BYTES)
  const seq = reader.u64()
  const ids = reader.rest()
  reader.require(isMarks(seq, ids), 'range')
  return { type: 'show-ids', document, seq, ids }
}

/** Gives lost entries back, verbatim, from `seq` on. [LO14] */
export interface RestoreFrame {
  readonly type: 'restore'
  readonly seq: number
  readonly envelopes: readonly Envelope[]
}

/** Throws `RangeError` when the envelopes are no run of entries. */
export function encodeRestore(frame: RestoreFrame): Bytes {
  const fault = findRunFault(frame.seq, frame.envelopes)
  if (fault !== null) throw new RangeError(`no run of entries: ${fault}`)
  return encodeRun(
    CLIENT_FRAME.restore,
    frame.seq,
    frame.envelopes.map(({ bytes }) => bytes),
  )
}

export function decodeRestore(reader: Reader): RestoreFrame {
  return { type: 'restore', ...readRun(reader) }
}

/** How far the log has come, and what it lacks. Answers SHOW_HEAD, SHOW_IDS and RESTORE. [FR16] */
export interface RestoredFrame {
  readonly type: 'restored'
  readonly document: Bytes
  /** The relay's head; zeros where the document does not exist. */
  readonly head: SignedHead
  /** The furthest head that it was shown and lacks; zeros: it lacks nothing. */
  readonly lost: SignedHead
}

export function encodeRestored(frame: RestoredFrame): Bytes {
  const writer = new Writer(225).u8(RELAY_FRAME.restored).fixed(frame.document, ID_BYTES)
  return writeSignedHead(writeSignedHead(writer, frame.head), frame.lost).finish()
}

export function decodeRestored(reader: Reader): RestoredFrame {
  const document = reader.fixed(ID_BYTES)
  return { type: 'restored', document, head: readSignedHead(reader), lost: readSignedHead(reader) }
}
