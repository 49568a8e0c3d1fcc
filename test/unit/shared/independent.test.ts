/** The second implementations that vectors are checked with, themselves checked against libsodium. */
import { cryptoReady } from '@y-sealed/protocol'
import { beforeAll, describe, expect, it } from 'vitest'

import { sodium } from '../../../shared/crypto/sodium.ts'
import { blake2b, deriveSubkey } from '../../support/independent/blake2b.ts'
import { xchachaDecrypt, xchachaEncrypt } from '../../support/independent/chacha.ts'
import { boxPrivateOf, boxPublicOf, signPublicOf, signWith } from '../../support/independent/curve.ts'
import { sealBoxWith } from '../../support/independent/sealed-box.ts'

const bytes = (length: number, first = 0): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => (first + 7 * i) & 0xff)

describe('second implementations', () => {
  beforeAll(cryptoReady)

  it.each([0, 1, 127, 128, 129, 300])('BLAKE2b of %i bytes is crypto_generichash, keyed and not', (length) => {
    const message = bytes(length)
    expect(blake2b({ length: 32, message })).toEqual(sodium.crypto_generichash(32, message, null))
    expect(blake2b({ length: 24, message, key: bytes(32, 9) })).toEqual(
      sodium.crypto_generichash(24, message, bytes(32, 9)),
    )
  })

  it('deriveSubkey is crypto_kdf_derive_from_key', () => {
    const key = bytes(32, 3)
    expect(deriveSubkey(7, 'ysealed1', key)).toEqual(sodium.crypto_kdf_derive_from_key(32, 7, 'ysealed1', key))
  })

  it('XChaCha20-Poly1305 is libsodium’s', () => {
    const [key, nonce, message, data] = [bytes(32, 1), bytes(24, 2), bytes(200, 3), bytes(124, 4)]
    const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(message, data, null, nonce, key)
    expect(xchachaEncrypt(key, nonce, message, data)).toEqual(sealed)
    expect(xchachaDecrypt(key, nonce, sealed, data)).toEqual(message)
    sealed[0]! ^= 1
    expect(xchachaDecrypt(key, nonce, sealed, data)).toBeNull()
  })

  it('keys and signatures from seeds are libsodium’s', () => {
    const pair = sodium.crypto_sign_seed_keypair(bytes(32, 5))
    expect(signPublicOf(bytes(32, 5))).toEqual(pair.publicKey)
    expect(signWith(bytes(32, 5), bytes(99))).toEqual(sodium.crypto_sign_detached(bytes(99), pair.privateKey))
    const box = sodium.crypto_box_seed_keypair(bytes(32, 6))
    expect(boxPrivateOf(bytes(32, 6))).toEqual(box.privateKey)
    expect(boxPublicOf(box.privateKey)).toEqual(box.publicKey)
  })

  it('a sealed box opens in libsodium', () => {
    const box = sodium.crypto_box_seed_keypair(bytes(32, 8))
    const sealed = sealBoxWith(bytes(32, 10), bytes(32, 11), box.publicKey)
    expect(sodium.crypto_box_seal_open(sealed, box.publicKey, box.privateKey)).toEqual(bytes(32, 11))
  })
})
