/** Project Wycheproof's cases for the primitives of suite 1. */
import { cryptoReady, hexToBytes, verifySignature, type Bytes } from '@y-sealed/protocol'
import { beforeAll, describe, expect, it } from 'vitest'

import { sodium } from '../../../shared/crypto/sodium.ts'
import { readTestData } from '../../support/test-data.ts'

interface AeadCase {
  readonly tcId: number
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly msg: string
  readonly ct: string
  readonly tag: string
  readonly result: string
}

interface SignatureCase {
  readonly tcId: number
  readonly msg: string
  readonly sig: string
  readonly result: string
}

interface File<Group> {
  readonly numberOfTests: number
  readonly testGroups: readonly Group[]
}

type AeadFile = File<{ readonly tests: readonly AeadCase[] }>
type SignatureFile = File<{ readonly publicKey: { readonly pk: string }; readonly tests: readonly SignatureCase[] }>

const aead = readTestData('wycheproof/xchacha20_poly1305_test.json') as AeadFile | null
const signatures = readTestData('wycheproof/ed25519_test.json') as SignatureFile | null
const hex = (text: string): Bytes => hexToBytes(text)!

/** What libsodium opens, in hexadecimal, or `invalid`. */
function openCase({ key, iv, aad, ct, tag }: AeadCase): string {
  try {
    const opened = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, hex(ct + tag), hex(aad), hex(iv), hex(key))
    return Buffer.from(opened).toString('hex')
  } catch {
    return 'invalid'
  }
}

function sealCase({ key, iv, aad, msg }: AeadCase): string {
  const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(hex(msg), hex(aad), null, hex(iv), hex(key))
  return Buffer.from(sealed).toString('hex')
}

describe('Wycheproof', () => {
  beforeAll(cryptoReady)

  it.skipIf(aead === null)('[EN8] XChaCha20-Poly1305 agrees in every case', () => {
    const cases = aead!.testGroups.flatMap(({ tests }) => tests)
    const expected = cases.map(({ tcId, result, msg }) => [tcId, result === 'valid' ? msg : 'invalid'])
    expect(cases).toHaveLength(aead!.numberOfTests)
    expect(cases.map((each) => [each.tcId, openCase(each)])).toEqual(expected)
    const valid = cases.filter(({ result }) => result === 'valid')
    expect(valid.map(sealCase)).toEqual(valid.map(({ ct, tag }) => ct + tag))
  })

  it.skipIf(signatures === null)('[WI7] Ed25519 agrees in every case', () => {
    const cases = signatures!.testGroups.flatMap(({ publicKey, tests }) =>
      tests.map((each) => ({ ...each, ...publicKey })),
    )
    const verified = cases.map(({ tcId, pk, sig, msg }) => [tcId, verifySignature(hex(sig), hex(msg), hex(pk))])
    expect(cases).toHaveLength(signatures!.numberOfTests)
    expect(verified).toEqual(cases.map(({ tcId, result }) => [tcId, result === 'valid']))
  })
})
