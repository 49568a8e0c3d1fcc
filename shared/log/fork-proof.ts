/**
 * Portable proof that a relay has signed two histories of one document: anybody can check it who knows the relay's head key. Rule LO16.
 *
 * @module
 */
import { equalBytes, type Bytes } from '../bytes.ts'
import { HASH_BYTES, type Sha512 } from '../crypto/hash.ts'
import { documentIdOf } from '../members/genesis.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { readSignedHead, verifySignedHead, writeSignedHead, type SignedHead } from './signed-head.ts'
import { extendByMark, MARK_BYTES } from './transcript.ts'

/** First byte of a proof. */
const VERSION = 1
/** A hundred megabytes: the longest log that a relay takes by default. */
export const MAX_PROOF_MARKS = 1_048_576

/** Two heads of one document under one head key, and how the history of the later one ran from the place of the earlier. [LO16] */
export interface ForkProof {
  /** 32 bytes. */
  readonly genesisHash: Bytes
  /** The relay's, 32 bytes. */
  readonly headKey: Bytes
  readonly earlier: SignedHead
  /** At the same seq, or behind it. */
  readonly later: SignedHead
  /** T at the earlier one's seq in the history of the later one, 32 bytes. */
  readonly transcript: Bytes
  /** Marks of that history from there up to the later one. */
  readonly marks: Bytes
}

export function encodeForkProof(proof: ForkProof): Bytes {
  const writer = new Writer(305 + proof.marks.length)
    .u8(VERSION)
    .fixed(proof.genesisHash, HASH_BYTES)
    .fixed(proof.headKey, HASH_BYTES)
  writeSignedHead(writeSignedHead(writer, proof.earlier), proof.later)
  return writer.fixed(proof.transcript, HASH_BYTES).raw(proof.marks).finish()
}

/** What exactly these bytes hold, nothing of it checked; `null` for anything else. */
export function decodeForkProof(bytes: Bytes): ForkProof | null {
  const reader = new Reader(bytes)
  reader.require(reader.u8() === VERSION, 'version')
  const genesisHash = reader.fixed(HASH_BYTES)
  const headKey = reader.fixed(HASH_BYTES)
  const earlier = readSignedHead(reader)
  const later = readSignedHead(reader)
  const transcript = reader.fixed(HASH_BYTES)
  const marks = reader.rest()
  const result = reader.finish({ genesisHash, headKey, earlier, later, transcript, marks })
  return result.ok ? result.value : null
}

/** Why a proof proves nothing. */
export type ForkProofFault = 'malformed' | 'signature' | 'same-history' | 'marks'

export type ForkProofVerdict =
  | { readonly ok: true; readonly proof: ForkProof }
  | { readonly ok: false; readonly fault: ForkProofFault }

/**
 * Does it prove that whoever holds its head key has signed two histories of its document? That the key is the relay's, whoever asks must know.
 * Never throws. [LO16]
 */
export function verifyForkProofWith(sha512: Sha512, bytes: Bytes): ForkProofVerdict {
  const proof = decodeForkProof(bytes)
  if (proof === null) return { ok: false, fault: 'malformed' }
  const { genesisHash, headKey, earlier, later, marks } = proof
  const document = documentIdOf(genesisHash)
  const count = later.seq - earlier.seq
  if (count < 0 || count > MAX_PROOF_MARKS || marks.length !== count * MARK_BYTES) return { ok: false, fault: 'marks' }
  if (!verifySignedHead(document, earlier, headKey) || !verifySignedHead(document, later, headKey)) {
    return { ok: false, fault: 'signature' }
  }
  if (equalBytes(proof.transcript, earlier.transcript)) return { ok: false, fault: 'same-history' }
  let { transcript } = proof
  for (let at = 0; at < marks.length; at += MARK_BYTES) {
    transcript = extendByMark(sha512, transcript, marks.subarray(at, at + MARK_BYTES))
  }
  return equalBytes(transcript, later.transcript) ? { ok: true, proof } : { ok: false, fault: 'marks' }
}
