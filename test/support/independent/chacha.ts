/**
 * XChaCha20-Poly1305 as HChaCha20 (draft-irtf-cfrg-xchacha-03 §2.2) and OpenSSL's ChaCha20-Poly1305: nothing of libsodium.
 *
 * @module
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'

import { readWords, rotate, SIGMA, writeWords } from './words.ts'

function quarterRound(s: Uint32Array, a: number, b: number, c: number, d: number): void {
  const step = (sum: number, other: number, target: number, bits: number): void => {
    s[sum] = s[sum]! + s[other]!
    s[target] = rotate(s[target]! ^ s[sum], bits)
  }
  step(a, b, d, 16)
  step(c, d, b, 12)
  step(a, b, d, 8)
  step(c, d, b, 7)
}

/** 32 bytes from a key and the first 16 bytes of the nonce. */
export function hchacha20(key: Uint8Array, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const s = Uint32Array.from([...SIGMA, ...readWords(key), ...readWords(nonce.subarray(0, 16))])
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) quarterRound(s, i, 4 + i, 8 + i, 12 + i)
    for (let i = 0; i < 4; i++) quarterRound(s, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4))
  }
  return writeWords([...s.subarray(0, 4), ...s.subarray(12)])
}

/** Nonce of the inner cipher: four zeros and the last eight bytes. */
export function innerNonce(nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const inner = new Uint8Array(12)
  inner.set(nonce.subarray(16, 24), 4)
  return inner
}

const OPTIONS = { authTagLength: 16 } as const

/** Ciphertext and tag. */
export function xchachaEncrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv('chacha20-poly1305', hchacha20(key, nonce), innerNonce(nonce), OPTIONS)
  cipher.setAAD(data, { plaintextLength: plaintext.length })
  return new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]))
}

/** Plaintext, or `null` when the tag is wrong. */
export function xchachaDecrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> | null {
  const end = sealed.length - 16
  const decipher = createDecipheriv('chacha20-poly1305', hchacha20(key, nonce), innerNonce(nonce), OPTIONS)
  decipher.setAAD(data, { plaintextLength: end })
  decipher.setAuthTag(sealed.subarray(end))
  const opened = decipher.update(sealed.subarray(0, end))
  try {
    return new Uint8Array(Buffer.concat([opened, decipher.final()]))
  } catch {
    return null
  }
}

/** One 64-byte block of the inner key stream. */
export function xchachaBlock(key: Uint8Array, nonce: Uint8Array, block: number): Uint8Array<ArrayBuffer> {
  const iv = new Uint8Array(16)
  new DataView(iv.buffer).setUint32(0, block, true)
  iv.set(innerNonce(nonce), 4)
  return new Uint8Array(createCipheriv('chacha20', hchacha20(key, nonce), iv).update(new Uint8Array(64)))
}
