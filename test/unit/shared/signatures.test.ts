/** What is signed holds for exactly that, and for nobody else. */
import {
  certificateInput,
  cryptoReady,
  deviceIdOf,
  headInput,
  headKeyInput,
  helloInput,
  isSuccessor,
  provesFork,
  roomTokenInput,
  signatureInput,
  sodiumSha512,
  tokenRequestInput,
  verifyCertificate,
  verifyHeadKeyStatement,
  verifyIntroduction,
  verifySignature,
  verifySignedHead,
  type Bytes,
  type HeadKeyStatement,
} from '@y-sealed/protocol'
import { Device } from '@y-sealed/protocol/sealing'
import { verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'

import { putBytes } from '../../support/edit-bytes.ts'
import { counting, createCast, filled, OTHER_SESSION, SESSION } from '../../vectors/cast.ts'
import { signHead, stateHeadKey } from '../../vectors/log.ts'

await cryptoReady()
const cast = createCast()
const { alice, bob, relay, nextRelay, document } = cast

/** The identity point: a key under which (identity, 0) verifies for any message where small orders are let pass. */
const IDENTITY = putBytes(new Uint8Array(32), 0, 1)
const EMPTY_SIGNATURE = putBytes(new Uint8Array(64), 0, 1)

function addOrder(signature: Bytes): Bytes {
  const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n
  let s = [...signature.subarray(32)].reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) + order
  return signature.map((byte, i) => {
    if (i < 32) return byte
    const low = Number(s & 0xffn)
    s >>= 8n
    return low
  })
}

describe('signatures', () => {
  it('[WI7] [F10] a small-order key verifies nothing here, whatever OpenSSL says', () => {
    const message = counting(20, 1)
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), IDENTITY])
    const openssl = verify(null, message, { key: spki, format: 'der', type: 'spki' }, EMPTY_SIGNATURE)
    expect([openssl, verifySignature(EMPTY_SIGNATURE, message, IDENTITY)]).toEqual([true, false])
  })

  it('[WI7] [F10] refuses S + L, zeros, other lengths and other messages', () => {
    const message = counting(20, 1)
    const signature = alice.sign(message)
    expect(verifySignature(signature, message, alice.signPublic)).toBe(true)
    const forged = [addOrder(signature), filled(64, 0), signature.slice(0, 63), putBytes(signature, 5, 0)]
    expect(forged.filter((each) => verifySignature(each, message, alice.signPublic))).toEqual([])
    expect(verifySignature(signature, counting(20, 2), alice.signPublic)).toBe(false)
    expect(verifySignature(signature, message, bob.signPublic)).toBe(false)
    expect(verifySignature(signature, message, alice.signPublic.slice(1))).toBe(false)
  })

  it('[WI5] [F10] no signature for one purpose is one for another', () => {
    const request = { nonce: 'n', audience: 'a', document, device: alice.id }
    const inputs = [
      certificateInput(alice.signPublic, alice.boxPublic),
      headKeyInput(alice.signPublic, alice.boxPublic),
      headInput(document, 1, filled(32, 1)),
      helloInput(filled(32, 1), 'a', filled(32, 2)),
      tokenRequestInput(request),
      roomTokenInput(request),
      signatureInput(filled(32, 1)),
    ]
    const verified = inputs.map((signed) => {
      const signature = alice.sign(signed)
      return inputs.filter((input) => verifySignature(signature, input, alice.signPublic)).length
    })
    expect(verified).toEqual(inputs.map(() => 1))
  })

  it('[KM1] a certificate is of both keys, by the first', () => {
    const certificate = alice.certificate()
    expect(verifyCertificate(certificate)).toBe(true)
    expect(verifyCertificate({ ...certificate, boxPublic: bob.boxPublic })).toBe(false)
    expect(verifyCertificate({ ...certificate, signPublic: bob.signPublic })).toBe(false)
    expect(verifyCertificate({ ...certificate, signPublic: IDENTITY, signature: EMPTY_SIGNATURE })).toBe(false)
  })

  it('[KM1] a device id is of both keys, in their order', () => {
    const { signPublic, boxPublic } = alice
    expect(deviceIdOf(sodiumSha512, signPublic, boxPublic)).toEqual(alice.id)
    expect(deviceIdOf(sodiumSha512, boxPublic, signPublic)).not.toEqual(alice.id)
    expect(() => deviceIdOf(sodiumSha512, signPublic.slice(1), boxPublic)).toThrow(TypeError)
  })

  it('[KM15] an introduction is of one device, for one document and session, by one room', () => {
    const introduction = cast.room.introduce(cast.roomDocument, alice, SESSION)
    const check = (
      intro = introduction,
      doc = cast.roomDocument,
      session = SESSION,
      key = cast.room.publicKey,
    ): boolean => verifyIntroduction(sodiumSha512, intro, doc, session, key)
    expect(check()).toBe(true)
    expect(check({ ...introduction, boxPublic: bob.boxPublic })).toBe(false)
    expect(check(introduction, document)).toBe(false)
    expect(check(introduction, cast.roomDocument, OTHER_SESSION)).toBe(false)
    expect(check(introduction, cast.roomDocument, SESSION, relay.signPublic)).toBe(false)
  })
})

describe('heads', () => {
  it('[LO4] a head is of one document, seq and transcript, by one key', () => {
    const head = signHead(cast, 9, filled(32, 1))
    expect(verifySignedHead(document, head, relay.signPublic)).toBe(true)
    expect(verifySignedHead(cast.roomDocument, head, relay.signPublic)).toBe(false)
    expect(verifySignedHead(document, { ...head, seq: 10 }, relay.signPublic)).toBe(false)
    expect(verifySignedHead(document, { ...head, transcript: filled(32, 2) }, relay.signPublic)).toBe(false)
    expect(verifySignedHead(document, head, nextRelay.signPublic)).toBe(false)
  })

  it('[LO4] one seq with two transcripts proves a fork, anything less does not', () => {
    const [one, other, later] = [
      signHead(cast, 9, filled(32, 1)),
      signHead(cast, 9, filled(32, 2)),
      signHead(cast, 10, filled(32, 2)),
    ]
    const unsigned = { ...other, signature: filled(64, 7) }
    expect(provesFork(document, one, other, relay.signPublic)).toBe(true)
    expect(provesFork(document, one, one, relay.signPublic)).toBe(false)
    expect(provesFork(document, one, later, relay.signPublic)).toBe(false)
    expect(provesFork(document, one, unsigned, relay.signPublic)).toBe(false)
    expect(provesFork(document, unsigned, one, relay.signPublic)).toBe(false)
    expect(provesFork(cast.roomDocument, one, other, relay.signPublic)).toBe(false)
  })

  const third = new Device({ sign: filled(32, 0xf1), box: filled(32, 0xf2) })
  const state = (older: Device, newer: Device): HeadKeyStatement => {
    const [oldKey, newKey] = [older.signPublic, newer.signPublic]
    return { oldKey, newKey, signature: older.sign(headKeyInput(oldKey, newKey)) }
  }

  it('[LO5] a statement is of both keys, by the old one', () => {
    const statement = stateHeadKey(cast)
    expect(verifyHeadKeyStatement(statement)).toBe(true)
    expect(verifyHeadKeyStatement({ ...statement, newKey: third.signPublic })).toBe(false)
    expect(verifyHeadKeyStatement({ ...statement, oldKey: third.signPublic })).toBe(false)
  })

  it('[LO5] a key succeeds another by a chain of statements, in any order and with circles', () => {
    const [a, b, c] = [relay.signPublic, nextRelay.signPublic, third.signPublic]
    const [ab, bc, ba] = [state(relay, nextRelay), state(nextRelay, third), state(nextRelay, relay)]
    expect(isSuccessor(a, a, [])).toBe(true)
    expect(isSuccessor(a, c, [ab, bc])).toBe(true)
    expect(isSuccessor(a, c, [bc, ba, ab])).toBe(true)
    expect(isSuccessor(a, c, [bc])).toBe(false)
    expect(isSuccessor(c, a, [ab, bc])).toBe(false)
    expect(isSuccessor(a, c, [ab, ba])).toBe(false)
    expect(isSuccessor(a, b, [{ ...ab, signature: filled(64, 1) }])).toBe(false)
  })
})
