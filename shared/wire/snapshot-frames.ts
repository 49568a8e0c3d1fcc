/**
 * Frames that carry snapshots, in chunks. Rules FR3, FR4, FR17, FR18.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { HASH_BYTES } from '../crypto/hash.ts'
import { MAX_CHUNK_BYTES, MAX_SNAPSHOT_ENVELOPE_BYTES, MIN_CHUNK_BYTES } from '../limits.ts'
import { ID_BYTES } from '../members/device-id.ts'
import { CLIENT_FRAME, RELAY_FRAME } from './frame-type.ts'
import type { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** Asks for a snapshot from an offset on. */
export interface ReadSnapshotFrame {
  readonly type: 'read-snapshot'
  readonly document: Bytes
  readonly snapshotId: Bytes
  readonly offset: number
}

export function encodeReadSnapshot(frame: ReadSnapshotFrame): Bytes {
  return new Writer(53)
    .u8(CLIENT_FRAME['read-snapshot'])
    .fixed(frame.document, ID_BYTES)
    .fixed(frame.snapshotId, HASH_BYTES)
    .u32(frame.offset)
    .finish()
}

export function decodeReadSnapshot(reader: Reader): ReadSnapshotFrame {
  return {
    type: 'read-snapshot',
    document: reader.fixed(ID_BYTES),
    snapshotId: reader.fixed(HASH_BYTES),
    offset: reader.u32(),
  }
}

/** A piece of a snapshot's envelope of `total` bytes: at least one byte, and none beyond its end. */
interface Chunk {
  readonly document: Bytes
  readonly snapshotId: Bytes
  readonly total: number
  readonly offset: number
  readonly bytes: Bytes
}

function isPiece({ total, offset, bytes }: Chunk): boolean {
  return total <= MAX_SNAPSHOT_ENVELOPE_BYTES && bytes.length > 0 && offset + bytes.length <= total
}

/** An upload in crumbs would cost the relay a commit for each: what does not end the snapshot is not small. */
function isCrumb({ total, offset, bytes }: Chunk): boolean {
  return bytes.length < MIN_CHUNK_BYTES && offset + bytes.length < total
}

function encodeChunk(type: number, chunk: Chunk): Bytes {
  if (!isPiece(chunk)) throw new RangeError('no piece of a snapshot')
  return new Writer(61 + chunk.bytes.length)
    .u8(type)
    .fixed(chunk.document, ID_BYTES)
    .fixed(chunk.snapshotId, HASH_BYTES)
    .u32(chunk.total)
    .u32(chunk.offset)
    .bytes32(chunk.bytes, MAX_CHUNK_BYTES)
    .finish()
}

function readChunk(reader: Reader): Chunk {
  const chunk = {
    document: reader.fixed(ID_BYTES),
    snapshotId: reader.fixed(HASH_BYTES),
    total: reader.u32(),
    offset: reader.u32(),
    bytes: reader.bytes32(MAX_CHUNK_BYTES),
  }
  reader.require(isPiece(chunk), 'range')
  return chunk
}

/** Uploads a piece of a snapshot. */
export interface PutSnapshotFrame extends Chunk {
  readonly type: 'put-snapshot'
}

/** Throws `RangeError` for what is no piece, or less than {@link MIN_CHUNK_BYTES} and not the last. */
export function encodePutSnapshot(frame: PutSnapshotFrame): Bytes {
  if (isCrumb(frame)) throw new RangeError('too small a piece of a snapshot')
  return encodeChunk(CLIENT_FRAME['put-snapshot'], frame)
}

export function decodePutSnapshot(reader: Reader): PutSnapshotFrame {
  const chunk = readChunk(reader)
  reader.require(!isCrumb(chunk), 'range')
  return { type: 'put-snapshot', ...chunk }
}

/** Answers READ_SNAPSHOT. */
export interface SnapshotChunkFrame extends Chunk {
  readonly type: 'snapshot-chunk'
}

export function encodeSnapshotChunk(frame: SnapshotChunkFrame): Bytes {
  return encodeChunk(RELAY_FRAME['snapshot-chunk'], frame)
}

export function decodeSnapshotChunk(reader: Reader): SnapshotChunkFrame {
  return { type: 'snapshot-chunk', ...readChunk(reader) }
}

/** Answers PUT_SNAPSHOT: the relay has the bytes before `nextOffset`. */
export interface SnapshotTakenFrame {
  readonly type: 'snapshot-taken'
  readonly document: Bytes
  readonly snapshotId: Bytes
  readonly nextOffset: number
}

export function encodeSnapshotTaken(frame: SnapshotTakenFrame): Bytes {
  return new Writer(53)
    .u8(RELAY_FRAME['snapshot-taken'])
    .fixed(frame.document, ID_BYTES)
    .fixed(frame.snapshotId, HASH_BYTES)
    .u32(frame.nextOffset)
    .finish()
}

export function decodeSnapshotTaken(reader: Reader): SnapshotTakenFrame {
  return {
    type: 'snapshot-taken',
    document: reader.fixed(ID_BYTES),
    snapshotId: reader.fixed(HASH_BYTES),
    nextOffset: reader.u32(),
  }
}
