/**
 * The transcript: a hash chain over the ids of a document's log in the relay's order. Whoever knows T_n has agreed on
 * every entry up to n and on their order. Rules LO1, LO2.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { hashFields, type Sha512 } from '../crypto/hash.ts'

/** T_0, the transcript of the empty log of the document that `genesisHash` (32 bytes) names. [LO1] */
export function startTranscript(sha512: Sha512, genesisHash: Bytes): Bytes {
  return hashFields(sha512, 'y-sealed/v1/log', genesisHash)
}

/** T_n from T_{n−1} and the id of entry n (32 bytes each). [LO2] */
export function extendTranscript(sha512: Sha512, transcript: Bytes, id: Bytes): Bytes {
  return hashFields(sha512, 'y-sealed/v1/transcript', transcript, id)
}
