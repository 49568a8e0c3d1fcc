/**
 * The transcript: a hash chain over the entries of a document's log in the relay's order. Whoever knows T_n has agreed on
 * every entry up to n, on their order, and on their signatures: whether an entry is authentic follows from them, so a relay
 * that showed somebody another signature would show another history. Rules LO1, LO2.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { HASH_BYTES, hashFields, type Sha512 } from '../crypto/hash.ts'

/** T_0, the transcript of the empty log of the document that `genesisHash` (32 bytes) names. [LO1] */
export function startTranscript(sha512: Sha512, genesisHash: Bytes): Bytes {
  return hashFields(sha512, 'y-sealed/v1/log', genesisHash)
}

/** An entry as the transcript takes it: id 32 ‖ signature 64. What is kept of entries whose bodies are trimmed. [LO15] */
export const MARK_BYTES = 96

/** T_n from T_{n−1} (32 bytes), the id of entry n (32) and its signature (64). [LO2] */
export function extendTranscript(sha512: Sha512, transcript: Bytes, id: Bytes, signature: Bytes): Bytes {
  return hashFields(sha512, 'y-sealed/v1/transcript', transcript, id, signature)
}

/** {@link extendTranscript} by a mark (96 bytes). */
export function extendByMark(sha512: Sha512, transcript: Bytes, mark: Bytes): Bytes {
  return extendTranscript(sha512, transcript, mark.subarray(0, HASH_BYTES), mark.subarray(HASH_BYTES))
}
