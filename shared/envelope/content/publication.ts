/**
 * Body of a publication: the entry that puts a snapshot into force. Rules EN10, LO11.
 *
 * @module
 */
import type { Bytes } from '../../bytes.ts'
import { HASH_BYTES } from '../../crypto/hash.ts'
import { readEpoch, writeEpoch } from '../../members/rotation.ts'
import type { DecodeResult } from '../../wire/fault.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'

const PUBLICATION_BYTES = 144

/** What a publication says. */
export interface PublicationBody {
  readonly snapshotId: Bytes
  /** The snapshot is exactly the counted log up to here. */
  readonly seq: number
  /** T at `seq`. */
  readonly transcript: Bytes
  /** Zeros for none. */
  readonly parentId: Bytes
  readonly snapshotEpoch: number
  readonly snapshotBytes: number
  readonly contentDigest: Bytes
}

/** The body as bytes. */
export function encodePublication(body: PublicationBody): Bytes {
  const writer = new Writer(PUBLICATION_BYTES)
    .fixed(body.snapshotId, HASH_BYTES)
    .u64(body.seq)
    .fixed(body.transcript, HASH_BYTES)
    .fixed(body.parentId, HASH_BYTES)
  return writeEpoch(writer, body.snapshotEpoch).u32(body.snapshotBytes).fixed(body.contentDigest, HASH_BYTES).finish()
}

/** Reads the body. Never throws. [WI3] */
export function decodePublication(body: Bytes): DecodeResult<PublicationBody> {
  const reader = new Reader(body)
  return reader.finish({
    snapshotId: reader.fixed(HASH_BYTES),
    seq: reader.u64(),
    transcript: reader.fixed(HASH_BYTES),
    parentId: reader.fixed(HASH_BYTES),
    snapshotEpoch: readEpoch(reader),
    snapshotBytes: reader.u32(),
    contentDigest: reader.fixed(HASH_BYTES),
  })
}
