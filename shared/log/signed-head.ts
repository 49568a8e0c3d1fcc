/**
 * Heads signed by the relay: its word, provable to others, on what stood at a seq. Rules LO4, LO5.
 *
 * @module
 */
import { equalBytes, type Bytes } from '../bytes.ts'
import { frameFields, HASH_BYTES } from '../crypto/hash.ts'
import { verifySignature } from '../crypto/signature.ts'
import { SIGNATURE_BYTES } from '../envelope/envelope.ts'
import { Reader } from '../wire/reader.ts'
import { u64Field, Writer } from '../wire/writer.ts'

/** `u64 seq ‖ transcript 32 ‖ signature 64`. [LO4] */
export const SIGNED_HEAD_BYTES = 104

/** A head and the relay's signature on it. [LO4] */
export interface SignedHead {
  readonly seq: number
  /** T at `seq`, 32 bytes. */
  readonly transcript: Bytes
  /** 64 bytes. */
  readonly signature: Bytes
}

/** The head of a document that does not exist: zeros throughout. [FR5] */
export function zeroHead(): SignedHead {
  return { seq: 0, transcript: new Uint8Array(HASH_BYTES), signature: new Uint8Array(SIGNATURE_BYTES) }
}

/** Writes the 104 bytes. */
export function writeSignedHead(writer: Writer, head: SignedHead): Writer {
  return writer.u64(head.seq).fixed(head.transcript, HASH_BYTES).fixed(head.signature, SIGNATURE_BYTES)
}

/** Reads the 104 bytes; says nothing about the signature. */
export function readSignedHead(reader: Reader): SignedHead {
  return { seq: reader.u64(), transcript: reader.fixed(HASH_BYTES), signature: reader.fixed(SIGNATURE_BYTES) }
}

/** The head as bytes. */
export function encodeSignedHead(head: SignedHead): Bytes {
  return writeSignedHead(new Writer(SIGNED_HEAD_BYTES), head).finish()
}

/** The head that exactly these bytes hold, its signature unchecked; `null` for anything else. */
export function decodeSignedHead(bytes: Bytes): SignedHead | null {
  const reader = new Reader(bytes)
  const result = reader.finish(readSignedHead(reader))
  return result.ok ? result.value : null
}

/** What the relay signs. [LO4] */
export function headInput(document: Bytes, seq: number, transcript: Bytes): Bytes {
  return frameFields('y-sealed/v1/head', document, u64Field(seq), transcript)
}

/** True when the holder of `headKey` (32 bytes) signed this head of this document. [LO4] */
export function verifySignedHead(document: Bytes, head: SignedHead, headKey: Bytes): boolean {
  return verifySignature(head.signature, headInput(document, head.seq, head.transcript), headKey)
}

/**
 * True when the two prove that one relay signed two histories of one document: one seq, two transcripts, both signatures
 * good under `headKey`. [LO4]
 */
export function provesFork(document: Bytes, one: SignedHead, other: SignedHead, headKey: Bytes): boolean {
  if (one.seq !== other.seq || equalBytes(one.transcript, other.transcript)) return false
  return verifySignedHead(document, one, headKey) && verifySignedHead(document, other, headKey)
}
