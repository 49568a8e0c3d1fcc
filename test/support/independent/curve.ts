/**
 * Ed25519 and X25519 by OpenSSL, from seeds as libsodium takes them.
 *
 * @module
 */
import { createHash, createPrivateKey, createPublicKey, diffieHellman, sign, type KeyObject } from 'node:crypto'

/** PKCS #8 and SPKI heads of both curves (RFC 8410 §7, §4). */
const PRIVATE = { ed: '302e020100300506032b657004220420', x: '302e020100300506032b656e04220420' } as const
const PUBLIC = { ed: '302a300506032b6570032100', x: '302a300506032b656e032100' } as const

type Curve = keyof typeof PRIVATE

function privateKey(curve: Curve, bytes: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([Buffer.from(PRIVATE[curve], 'hex'), bytes]),
    format: 'der',
    type: 'pkcs8',
  })
}

function publicKey(curve: Curve, bytes: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.concat([Buffer.from(PUBLIC[curve], 'hex'), bytes]),
    format: 'der',
    type: 'spki',
  })
}

function publicOf(curve: Curve, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const der = createPublicKey(privateKey(curve, bytes)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(der.subarray(der.length - 32))
}

/** The public half of an Ed25519 seed. */
export function signPublicOf(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  return publicOf('ed', seed)
}

export function signWith(seed: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sign(null, message, privateKey('ed', seed)))
}

/** libsodium's `crypto_box_seed_keypair`: the private key is the first half of SHA-512 of the seed. */
export function boxPrivateOf(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha512').update(seed).digest().subarray(0, 32))
}

export function boxPublicOf(boxPrivate: Uint8Array): Uint8Array<ArrayBuffer> {
  return publicOf('x', boxPrivate)
}

export function agree(boxPrivate: Uint8Array, boxPublic: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    diffieHellman({ privateKey: privateKey('x', boxPrivate), publicKey: publicKey('x', boxPublic) }),
  )
}
