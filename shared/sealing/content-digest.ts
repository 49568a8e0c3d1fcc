/**
 * The content digest: what two devices compare who have each come to a snapshot's place by the log. Keyed, so that nobody without the epoch's
 * key can test a guess of the text. Rule LO12.
 *
 * @module
 */
import { hashFields, sodiumSha512, Writer, type Bytes } from '@y-sealed/protocol'
import type { EpochKey } from './epoch-key.ts'

/** What the digest is over. */
export interface DigestInput {
  /** 16 bytes. */
  readonly document: Bytes
  /** k. */
  readonly seq: number
  /** As `encodeSnapshotContext` writes it. */
  readonly context: Bytes
  /** 32 bytes for each piece of the stream of what Yjs holds. */
  readonly leaves: Bytes
}

/** 32 bytes. `key` is that of the snapshot's epoch. [LO12] */
export function contentDigest(key: EpochKey, { document, seq, context, leaves }: DigestInput): Bytes {
  const place = new Writer(8).u64(seq).finish()
  return hashFields(sodiumSha512, 'y-sealed/v1/content', key.subkey('metadata'), document, place, context, leaves)
}
