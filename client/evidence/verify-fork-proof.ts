/**
 * Checking a proof that a relay has signed two histories. Rule LO16.
 *
 * @module
 */
import { sodiumSha512, verifyForkProofWith, type Bytes, type ForkProofVerdict } from '@y-sealed/protocol'

/**
 * Does this proof, as `integrity` events carry it, hold? It says that whoever has the head key in it has signed two histories of the document
 * in it: whether that is a relay one knows, its head key tells. Needs `cryptoReady()`. Never throws.
 */
export function verifyForkProof(proof: Bytes): ForkProofVerdict {
  return verifyForkProofWith(sodiumSha512, proof)
}
