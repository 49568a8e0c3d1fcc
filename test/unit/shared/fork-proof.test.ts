/** Proofs that a relay has signed two histories: what holds, and that nothing else does. Rule LO16. */
import {
  concatBytes,
  cryptoReady,
  encodeForkProof,
  extendByMark,
  sodiumSha512,
  verifyForkProofWith,
  type ForkProof,
  type ForkProofVerdict,
} from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { signHead } from '../../../server/core/signed-head.ts'
import { createTestDevice } from '../../support/raw-client.ts'

await cryptoReady()
const device = createTestDevice()
const headKey = { publicKey: device.signPublic, sign: (message: Uint8Array<ArrayBuffer>) => device.sign(message) }
const genesisHash = randomBytes(32)
const document = genesisHash.slice(0, 16)

/** Of a fork at `seq`, whose other history is known up to `count` entries later. */
function makeProof(seq: number, count: number): ForkProof {
  const transcript = randomBytes(32)
  const marks = Array.from({ length: count }, () => randomBytes(96))
  const end = marks.reduce((before, mark) => extendByMark(sodiumSha512, before, mark), transcript)
  const earlier = signHead(headKey, document, { seq, transcript: randomBytes(32) })
  const later = signHead(headKey, document, { seq: seq + count, transcript: end })
  return { genesisHash, headKey: headKey.publicKey, earlier, later, transcript, marks: concatBytes(...marks) }
}

function verdictOn(proof: ForkProof): ForkProofVerdict {
  return verifyForkProofWith(sodiumSha512, encodeForkProof(proof))
}

describe('a proof of a fork', () => {
  it.each([0, 1, 7])('[LO16] holds with %d marks between its heads', (count) => {
    expect(verdictOn(makeProof(9, count))).toMatchObject({ ok: true, proof: { earlier: { seq: 9 } } })
  })

  it('[LO16] does not hold with any one bit turned', () => {
    const bytes = encodeForkProof(makeProof(9, 2))
    for (let at = 0; at < bytes.length; at++) {
      const turned = bytes.with(at, bytes[at]! ^ (1 << (at % 8)))
      // The second half of the genesis hash is for whoever asks: it names the document no further.
      const isOwnMatter = at >= 17 && at < 33
      expect([at, verifyForkProofWith(sodiumSha512, turned).ok]).toEqual([at, isOwnMatter])
    }
  })

  it.each<[string, Partial<ForkProof>, string]>([
    ['two heads of one history', { earlier: undefined! }, 'same-history'],
    ['a mark left out', { marks: randomBytes(96) }, 'marks'],
    ['a mark too many', { marks: randomBytes(288) }, 'marks'],
    ['a head of another relay', { headKey: createTestDevice().signPublic }, 'signature'],
    ['a head of another document', { genesisHash: randomBytes(32) }, 'signature'],
  ])('[LO16] %s prove nothing', (_, changes, fault) => {
    const proof = makeProof(9, 2)
    const earlier = signHead(headKey, document, { seq: 9, transcript: proof.transcript })
    expect(verdictOn({ ...proof, ...changes, earlier: 'earlier' in changes ? earlier : proof.earlier })).toEqual({
      ok: false,
      fault,
    })
  })

  it('[LO16] the wrong way round, too short, or of another version, is none', () => {
    const proof = makeProof(9, 2)
    expect(verdictOn({ ...proof, earlier: proof.later, later: proof.earlier })).toEqual({ ok: false, fault: 'marks' })
    const bytes = encodeForkProof(proof)
    for (const wrong of [bytes.slice(0, 304), bytes.slice(0, -1), bytes.with(0, 2), new Uint8Array(0)]) {
      expect(verifyForkProofWith(sodiumSha512, wrong).ok).toBe(false)
    }
  })

  it('[LO16] of the vectors holds, by its layout and by SHA-512 alone', () => {
    const file = JSON.parse(readFileSync(new URL('../../vectors/log.json', import.meta.url), 'utf8')) as {
      vectors: { name: string; output: { proof?: string } }[]
    }
    const proofs = file.vectors.flatMap(({ output }) =>
      output.proof === undefined ? [] : [Buffer.from(output.proof, 'hex')],
    )
    expect(proofs).toHaveLength(2)
    for (const bytes of proofs) {
      expect(verifyForkProofWith(sodiumSha512, new Uint8Array(bytes)).ok).toBe(true)
      const field = (each: Buffer): Buffer => Buffer.concat([u32(each.length), each])
      let transcript: Buffer = bytes.subarray(273, 305)
      for (let at = 305; at < bytes.length; at += 96) {
        const [id, signature] = [bytes.subarray(at, at + 32), bytes.subarray(at + 32, at + 96)]
        const label = Buffer.from('y-sealed/v1/transcript')
        const input = Buffer.concat([Buffer.of(label.length), label, field(transcript), field(id), field(signature)])
        transcript = createHash('sha512').update(input).digest().subarray(0, 32)
      }
      expect(transcript).toEqual(bytes.subarray(177, 209))
    }
  })
})

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
