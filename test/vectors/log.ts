/**
 * Vectors of the log: transcript, signed heads, head keys.
 *
 * @module
 */
import {
  encodeForkProof,
  encodeSignedHead,
  concatBytes,
  extendByMark,
  headInput,
  headKeyInput,
  sodiumSha512,
  startTranscript,
  type Bytes,
  type HeadKeyStatement,
  type SignedHead,
} from '@y-sealed/protocol'

import { filled, SEEDS, type Cast } from './cast.ts'
import { sealAll } from './envelopes.ts'
import { vector, type Vector, type VectorFile } from './vector.ts'

/** A head of the vectors' document under the relay's key. [LO4] */
export function signHead({ relay, document }: Cast, seq: number, transcript: Bytes): SignedHead {
  return { seq, transcript, signature: relay.sign(headInput(document, seq, transcript)) }
}

/** The relay's word for its next head key. [LO5] */
export function stateHeadKey({ relay, nextRelay }: Cast): HeadKeyStatement {
  const [oldKey, newKey] = [relay.signPublic, nextRelay.signPublic]
  return { oldKey, newKey, signature: relay.sign(headKeyInput(oldKey, newKey)) }
}

/** Two heads of one seq; and a later head with the marks that lead to it from the other history's place. */
function forkProofs(cast: Cast, marks: readonly Bytes[], transcripts: readonly Bytes[]): Vector[] {
  const last = transcripts.length - 1
  const cases: readonly (readonly [number, number])[] = [
    [last, last],
    [1, last],
  ]
  return cases.map(([at, to]) => {
    const input = {
      genesisHash: cast.genesisHash,
      headKey: cast.relay.signPublic,
      earlier: signHead(cast, at, filled(32, 0x9b)),
      later: signHead(cast, to, transcripts[to]!),
      transcript: transcripts[at]!,
      marks: concatBytes(...marks.slice(at, to)),
    }
    return vector(`proof of a fork at ${at}, by a head at ${to}`, ['LO16'], input, { proof: encodeForkProof(input) })
  })
}

export function logVectors(cast: Cast): VectorFile {
  const marks = sealAll(cast)
    .filter(({ sealable }) => sealable.kind < 7)
    .map(({ sealed }) => concatBytes(sealed.id, sealed.envelope.signature))
  const transcripts = [startTranscript(sodiumSha512, cast.genesisHash)]
  for (const mark of marks) transcripts.push(extendByMark(sodiumSha512, transcripts.at(-1)!, mark))
  const statement = stateHeadKey(cast)
  const heads = [filled(32, 0x99), filled(32, 0x9a)].map((transcript) => signHead(cast, 9, transcript))
  return {
    about:
      'Transcript over the marks (id, signature) of the session in envelopes.json, signed heads and head keys. Byte fields are hexadecimal.',
    vectors: [
      vector('transcript', ['LO1', 'LO2'], { genesisHash: cast.genesisHash, marks }, { transcripts }),
      ...heads.map((head) =>
        vector(
          'signed head (two of one seq: a proven fork)',
          ['LO4'],
          { headSeed: SEEDS.relay.sign, document: cast.document, seq: head.seq, transcript: head.transcript },
          { headKey: cast.relay.signPublic, signedHead: encodeSignedHead(head) },
        ),
      ),
      ...forkProofs(cast, marks, transcripts),
      vector('head key changes', ['LO5'], { oldSeed: SEEDS.relay.sign, newKey: statement.newKey }, { statement }),
    ],
  }
}
