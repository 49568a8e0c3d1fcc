/**
 * An "invisible salamander" (Dodis, Grubbs, Ristenpart, Woodage, CRYPTO 2018): one ciphertext that opens under two keys, to two
 * different contents, both rightly padded. XChaCha20-Poly1305 does not prevent it: the tag is linear in each block, so one block
 * is chosen such that both keys give the same tag.
 *
 * @module
 */
import { NONCE_BYTES, TAG_BYTES, type Bytes } from '@y-sealed/protocol'

import { xchachaBlock, xchachaEncrypt } from './independent/chacha.ts'
import { aeadMessage, poly1305, PRIME, readBlocks, splitKey, writeLittleEndian } from './independent/poly1305.ts'

/** A padded length with 2 048 contents' lengths (PADMÉ's steps are that wide here). [EN9] */
const PADDED = 47_104
const LONGEST = PADDED - 4
const SHORTEST = PADDED - 2_048 + 1 - 4

/** One ciphertext and how long its content is under each key. */
export interface Salamander {
  readonly nonce: Bytes
  /** Ciphertext and tag. */
  readonly sealed: Bytes
  readonly lengths: readonly [number, number]
}

function nonceOf(trial: number): Bytes {
  const nonce = new Uint8Array(NONCE_BYTES).fill(0x5a)
  new DataView(nonce.buffer).setUint32(20, trial)
  return nonce
}

function firstWord(key: Bytes, nonce: Bytes): number {
  return new DataView(xchachaBlock(key, nonce, 1).buffer).getUint32(0)
}

/**
 * The content's length under the second key when under the first it is the longest: both stand in the same four bytes. One nonce in
 * two million gives a possible one.
 */
function secondLength(keys: readonly [Bytes, Bytes], nonce: Bytes): number {
  return (firstWord(keys[0], nonce) ^ firstWord(keys[1], nonce) ^ LONGEST) >>> 0
}

/** The first nonce from `trial` on under which both lengths are possible. */
function findNonce(keys: readonly [Bytes, Bytes], trial: number): Bytes {
  for (let next = trial; ; next++) {
    const nonce = nonceOf(next)
    const length = secondLength(keys, nonce)
    if (length >= SHORTEST && length <= LONGEST) return nonce
  }
}

function invert(value: bigint): bigint {
  let [result, base, exponent] = [1n, value % PRIME, PRIME - 2n]
  for (; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % PRIME
    base = (base * base) % PRIME
  }
  return result
}

/** Under one key: the tag as `sum + weight · block (mod 2^130 − 5) + s`, for the block at `index` of the message. */
function linearise(oneTimeKey: Bytes, message: Bytes, index: number): { weight: bigint; sum: bigint } {
  const { r, s } = splitKey(oneTimeKey)
  let [weight, sum] = [0n, 0n]
  for (const [i, block] of readBlocks(message).entries()) {
    sum = ((sum + (i === index ? 0n : block)) * r) % PRIME
    weight = ((i === index ? 1n : weight) * r) % PRIME
  }
  return { weight, sum: sum + s }
}

/** The block that makes both tags one, or `null` when this ciphertext has none. */
function solve(oneTimeKeys: readonly [Bytes, Bytes], message: Bytes, index: number): Bytes | null {
  const [a, b] = [linearise(oneTimeKeys[0], message, index), linearise(oneTimeKeys[1], message, index)]
  const difference = (((b.sum - a.sum) % PRIME) + PRIME) % PRIME
  const block = (difference * invert((a.weight - b.weight + PRIME) % PRIME)) % PRIME
  // A whole block has its terminating bit at 2^128.
  return block >> 128n === 1n ? writeLittleEndian(block & ((1n << 128n) - 1n), 16) : null
}

/**
 * One ciphertext for two keys with the same associated data. `dataFor` gives the data, since a header holds the nonce. `trial` is
 * where the search for a nonce begins; the place recorded by a caller is found at once.
 */
export function buildSalamander(
  keys: readonly [Bytes, Bytes],
  dataFor: (nonce: Bytes, length: number) => Bytes,
  trial: number,
): Salamander {
  const nonce = findNonce(keys, trial)
  const second = secondLength(keys, nonce)
  const data = dataFor(nonce, PADDED + TAG_BYTES)
  const streams = keys.map((key) => xchachaEncrypt(key, nonce, new Uint8Array(PADDED), data)) as [Bytes, Bytes]
  const oneTimeKeys = keys.map((key) => xchachaBlock(key, nonce, 0).slice(0, 32)) as [Bytes, Bytes]
  const ciphertext = new Uint8Array(PADDED)
  new DataView(ciphertext.buffer).setUint32(0, (firstWord(keys[0], nonce) ^ LONGEST) >>> 0)
  // Under the second key the tail is padding: zeros.
  ciphertext.set(streams[1].subarray(4 + second, PADDED), 4 + second)
  const blocksOfData = Math.ceil(data.length / 16)
  for (let attempt = 0; ; attempt++) {
    new DataView(ciphertext.buffer).setUint32(16, attempt)
    const block = solve(oneTimeKeys, aeadMessage(data, ciphertext), blocksOfData + 2)
    if (block === null) continue
    const candidate = ciphertext.slice()
    candidate.set(block, 32)
    const tags = oneTimeKeys.map((key) => poly1305(key, aeadMessage(data, candidate))) as [Bytes, Bytes]
    // The sums may differ by the prime, and the tags then by five.
    if (Buffer.compare(tags[0], tags[1]) === 0) {
      return { nonce, sealed: Uint8Array.from([...candidate, ...tags[0]]), lengths: [LONGEST, second] }
    }
  }
}
