/**
 * BLAKE2b (RFC 7693) with key, salt and personalisation, written from the RFC and the paper: what libsodium's `crypto_generichash`
 * and `crypto_kdf` are made of, computed without libsodium.
 *
 * @module
 */

const MASK = (1n << 64n) - 1n

const IV: readonly bigint[] = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
]

/** RFC 7693 §2.7, one hexadecimal digit an entry. */
const SIGMA: readonly string[] = [
  '0123456789abcdef',
  'ea489fd61c02b753',
  'b8c052fdae367194',
  '7931dcbe265a40f8',
  '905724afe1bc683d',
  '2c6a0b834d75fe19',
  'c51fed4a0763928b',
  'db7ec13950f4862a',
  '6fe9b308c2d714a5',
  'a2847615fb9e3cd0',
]

const COLUMNS: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
]

function rotateRight(word: bigint, bits: bigint): bigint {
  return ((word >> bits) | (word << (64n - bits))) & MASK
}

function compress(state: bigint[], block: Uint8Array, counter: bigint, isLast: boolean): void {
  const view = new DataView(block.buffer, block.byteOffset, 128)
  const message = Array.from({ length: 16 }, (_, i) => view.getBigUint64(8 * i, true))
  const v = [...state, ...IV]
  v[12]! ^= counter
  if (isLast) v[14]! ^= MASK
  for (let round = 0; round < 12; round++) {
    const order = SIGMA[round % 10]!
    for (const [i, [a, b, c, d]] of COLUMNS.entries()) {
      v[a] = (v[a]! + v[b]! + message[Number.parseInt(order[2 * i]!, 16)]!) & MASK
      v[d] = rotateRight(v[d]! ^ v[a], 32n)
      v[c] = (v[c]! + v[d]) & MASK
      v[b] = rotateRight(v[b]! ^ v[c], 24n)
      v[a] = (v[a] + v[b] + message[Number.parseInt(order[2 * i + 1]!, 16)]!) & MASK
      v[d] = rotateRight(v[d] ^ v[a], 16n)
      v[c] = (v[c] + v[d]) & MASK
      v[b] = rotateRight(v[b] ^ v[c], 63n)
    }
  }
  for (let i = 0; i < 8; i++) state[i]! ^= v[i]! ^ v[i + 8]!
}

/** What is hashed under what. */
export interface Blake2bInput {
  readonly length: number
  readonly message?: Uint8Array
  readonly key?: Uint8Array
  readonly salt?: Uint8Array
  readonly person?: Uint8Array
}

const NOTHING = new Uint8Array(0)

export function blake2b({
  length,
  message = NOTHING,
  key = NOTHING,
  salt = NOTHING,
  person = NOTHING,
}: Blake2bInput): Uint8Array<ArrayBuffer> {
  const parameters = new Uint8Array(64)
  parameters.set([length, key.length, 1, 1])
  parameters.set(salt, 32)
  parameters.set(person, 48)
  const view = new DataView(parameters.buffer)
  const state = IV.map((word, i) => word ^ view.getBigUint64(8 * i, true))
  const keyBlock = new Uint8Array(key.length === 0 ? 0 : 128)
  keyBlock.set(key)
  const input = new Uint8Array(keyBlock.length + message.length)
  input.set(keyBlock)
  input.set(message, keyBlock.length)
  const blocks = Math.max(1, Math.ceil(input.length / 128))
  for (let i = 0; i < blocks; i++) {
    const block = new Uint8Array(128)
    block.set(input.subarray(128 * i, 128 * (i + 1)))
    const isLast = i === blocks - 1
    compress(state, block, BigInt(isLast ? input.length : 128 * (i + 1)), isLast)
  }
  const out = new DataView(new ArrayBuffer(64))
  for (const [i, word] of state.entries()) out.setBigUint64(8 * i, word, true)
  return new Uint8Array(out.buffer.slice(0, length))
}

/** libsodium's `crypto_kdf_derive_from_key`: the subkey's number as salt, the context as personalisation. */
export function deriveSubkey(id: number, context: string, key: Uint8Array): Uint8Array<ArrayBuffer> {
  const salt = new Uint8Array(16)
  salt[0] = id
  const person = new Uint8Array(16)
  person.set(new TextEncoder().encode(context))
  return blake2b({ length: 32, key, salt, person })
}
