/**
 * Makes a portable proof of two heads that the relay has signed and that cannot both be true. Rule LO16.
 *
 * @module
 */
import {
  concatBytes,
  encodeForkProof,
  equalBytes,
  extendByMark,
  sodiumSha512,
  startTranscript,
  verifyForkProofWith,
  type Bytes,
  type SignedHead,
} from '@y-sealed/protocol'

export interface ForkEvidence {
  /** 32 bytes. */
  readonly genesisHash: Bytes
  readonly headKey: Bytes
  readonly one: SignedHead
  readonly other: SignedHead
  /** Marks of the later one's history from its first entry on; `null` where they cannot be had. */
  readonly marksOfLater: (later: SignedHead) => Promise<readonly Bytes[] | null>
}

/** The proof, or `null` where the two do not contradict each other, or that cannot be shown. */
export async function proveFork(evidence: ForkEvidence): Promise<Bytes | null> {
  const { genesisHash, headKey, one, other } = evidence
  const [earlier, later] = one.seq <= other.seq ? [one, other] : [other, one]
  const base = { genesisHash, headKey, earlier, later }
  if (earlier.seq === later.seq)
    return checked(encodeForkProof({ ...base, transcript: later.transcript, marks: NOTHING }))
  const marks = await evidence.marksOfLater(later)
  if (marks === null || marks.length < later.seq) return null
  let transcript = startTranscript(sodiumSha512, genesisHash)
  for (const mark of marks.slice(0, earlier.seq)) transcript = extendByMark(sodiumSha512, transcript, mark)
  if (equalBytes(transcript, earlier.transcript)) return null
  return checked(encodeForkProof({ ...base, transcript, marks: concatBytes(...marks.slice(earlier.seq, later.seq)) }))
}

const NOTHING: Bytes = new Uint8Array(0)

/** What does not hold is no proof, and is not shown as one. */
function checked(proof: Bytes): Bytes | null {
  return verifyForkProofWith(sodiumSha512, proof).ok ? proof : null
}
