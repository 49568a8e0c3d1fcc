/**
 * libsodium's `crypto_box_seal` from its parts (X25519, HSalsa20, XSalsa20-Poly1305, BLAKE2b), with the ephemeral key as an
 * input, so that vectors can fix it.
 *
 * @module
 */
import { blake2b } from './blake2b.ts'
import { agree, boxPublicOf } from './curve.ts'
import { poly1305 } from './poly1305.ts'
import { readWords, rotate, SIGMA, writeWords } from './words.ts'

function salsaRounds(words: Uint32Array): Uint32Array {
  const s = words.slice()
  const step = (a: number, b: number, c: number, bits: number): void => {
    s[a]! ^= rotate((s[b]! + s[c]!) | 0, bits)
  }
  const quarter = (a: number, b: number, c: number, d: number): void => {
    step(b, a, d, 7)
    step(c, b, a, 9)
    step(d, c, b, 13)
    step(a, d, c, 18)
  }
  for (let round = 0; round < 10; round++) {
    quarter(0, 4, 8, 12)
    quarter(5, 9, 13, 1)
    quarter(10, 14, 2, 6)
    quarter(15, 3, 7, 11)
    quarter(0, 1, 2, 3)
    quarter(5, 6, 7, 4)
    quarter(10, 11, 8, 9)
    quarter(15, 12, 13, 14)
  }
  return s
}

function salsaInput(key: Uint8Array, middle: Uint8Array): Uint32Array {
  const k = readWords(key)
  const [s0, s1, s2, s3] = SIGMA as [number, number, number, number]
  return Uint32Array.from([s0, ...k.subarray(0, 4), s1, ...readWords(middle), s2, ...k.subarray(4), s3])
}

function hsalsa20(key: Uint8Array, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const s = salsaRounds(salsaInput(key, nonce))
  return writeWords([0, 5, 10, 15, 6, 7, 8, 9].map((i) => s[i]!))
}

function salsaStream(key: Uint8Array, nonce: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(64 * Math.ceil(length / 64))
  for (let block = 0; 64 * block < length; block++) {
    const middle = new Uint8Array(16)
    middle.set(nonce)
    middle[8] = block
    const input = salsaInput(key, middle)
    const rounds = salsaRounds(input)
    out.set(writeWords(input.map((word, i) => word + rounds[i]!)), 64 * block)
  }
  return out
}

/** `crypto_secretbox`: tag first. */
function secretbox(key: Uint8Array, nonce: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  const stream = salsaStream(hsalsa20(key, nonce.subarray(0, 16)), nonce.subarray(16), 32 + message.length)
  const ciphertext = message.map((byte, i) => byte ^ stream[32 + i]!)
  const out = new Uint8Array(16 + message.length)
  out.set(poly1305(stream.subarray(0, 32), ciphertext))
  out.set(ciphertext, 16)
  return out
}

/** A sealed box whose ephemeral private key is given. */
export function sealBoxWith(
  ephemeral: Uint8Array,
  message: Uint8Array,
  boxPublic: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const ephemeralPublic = boxPublicOf(ephemeral)
  const nonce = blake2b({ length: 24, message: Uint8Array.from([...ephemeralPublic, ...boxPublic]) })
  const key = hsalsa20(agree(ephemeral, boxPublic), new Uint8Array(16))
  return Uint8Array.from([...ephemeralPublic, ...secretbox(key, nonce, message)])
}
