/** A ciphertext that opens under two keys is an envelope of one of them only. */
import {
  Authenticator,
  concatBytes,
  cryptoReady,
  envelopeId,
  KIND,
  readWholeEnvelope,
  signatureInput,
  sodiumSha512,
  verifySignature,
  writeHeader,
  type Bytes,
  type Envelope,
} from '@y-sealed/protocol'
import { EpochKey, open, unwrapKey, wrapKey } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'

import { sodium } from '../../shared/crypto/sodium.ts'
import { buildSalamander } from '../support/salamander.ts'
import { counting, createCast, SESSION, type Cast } from '../vectors/cast.ts'

/** Where a search from 0 ends for these two keys, after a few seconds. */
const TRIAL = 1_069_222

let cast: Cast
let shown: EpochKey
let hidden: EpochKey
let envelope: Envelope
let lengths: readonly [number, number]

beforeAll(async () => {
  await cryptoReady()
  cast = createCast()
  shown = cast.first
  hidden = new EpochKey(1, counting(32, 0xd0))
  const headerFor = (nonce: Bytes, length: number): Bytes =>
    writeHeader({
      kind: KIND.update,
      document: cast.document,
      epoch: 1,
      device: cast.alice.id,
      session: SESSION,
      counter: 1,
      prev: new Uint8Array(16),
      seenSeq: 0,
      seenTranscript: new Uint8Array(16),
      nonce,
      length,
    }).slice(0, 124)
  const made = buildSalamander([shown.subkey('update'), hidden.subkey('update')], headerFor, TRIAL)
  const unsigned = concatBytes(headerFor(made.nonce, made.sealed.length), made.sealed)
  const draft = readWholeEnvelope(concatBytes(unsigned, new Uint8Array(64)))!
  const signature = cast.alice.sign(signatureInput(envelopeId(sodiumSha512, shown.commitment, draft)))
  envelope = readWholeEnvelope(concatBytes(unsigned, signature))!
  lengths = made.lengths
})

describe('a ciphertext of two keys', () => {
  it('T9 [K8] opens under both in libsodium', () => {
    const plaintexts = [shown, hidden].map((key) =>
      sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        null,
        envelope.sealed,
        envelope.header,
        envelope.nonce,
        key.subkey('update'),
      ),
    )
    expect(plaintexts[0]).not.toEqual(plaintexts[1])
  })

  it('T9 [K8] opens under both here too, rightly padded: encryption alone does not stop it', () => {
    expect([open(envelope, shown).length, open(envelope, hidden).length]).toEqual(lengths)
  })

  it('T9 [K8] [EN6] is signed under the key that its author committed to, and under no other', () => {
    const isSigned = (key: EpochKey): boolean => {
      const id = envelopeId(sodiumSha512, key.commitment, envelope)
      return verifySignature(envelope.signature, signatureInput(id), cast.alice.signPublic)
    }
    expect([isSigned(shown), isSigned(hidden)]).toEqual([true, false])
  })

  it('T9 [K8] [EN13] never becomes authentic for a reader with the other key', () => {
    const author = { signPublic: cast.alice.signPublic, single: true }
    const judge = (key: EpochKey): string[] => {
      const authenticator = new Authenticator(() => author)
      const id = envelopeId(sodiumSha512, key.commitment, envelope)
      return authenticator.judge([{ seq: 1, envelope, id }]).map(({ authenticity }) => authenticity)
    }
    expect(judge(shown)).toEqual(['authentic'])
    expect(judge(hidden)).toEqual(['unsigned'])
  })

  it('T9 [K7] no wrap brings a reader the other key, for its commitment is not the record’s', () => {
    const { bob } = cast
    expect(unwrapKey(wrapKey(hidden, bob.boxPublic), bob, 1, shown.commitment)).toBeNull()
    expect(unwrapKey(wrapKey(shown, bob.boxPublic), bob, 1, shown.commitment)?.exportKey()).toEqual(shown.exportKey())
  })
})
