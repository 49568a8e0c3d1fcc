/**
 * Changes to bytes that are likely to matter to a decoder: bits, interesting integers, lengths, pieces moved, repeated,
 * dropped, or taken from another input.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import type { Random } from './random.ts'

const INTERESTING = [0x00, 0x01, 0x02, 0x03, 0x0f, 0x10, 0x20, 0x40, 0x7f, 0x80, 0xc0, 0xe0, 0xf0, 0xff]

function splice(bytes: Bytes, at: number, drop: number, insert: Uint8Array): Bytes {
  const out = new Uint8Array(bytes.length - drop + insert.length)
  out.set(bytes.subarray(0, at))
  out.set(insert, at)
  out.set(bytes.subarray(at + drop), at + insert.length)
  return out
}

function overwrite(bytes: Bytes, at: number, value: Uint8Array): Bytes {
  const out = bytes.slice()
  out.set(value.subarray(0, Math.max(0, bytes.length - at)), at)
  return out
}

function change(bytes: Bytes, other: Bytes, random: Random): Bytes {
  const at = random(bytes.length + 1)
  const length = Math.min(bytes.length - at, 1 + random(random(4) === 0 ? 300 : 8))
  const from = random(other.length + 1)
  switch (random(9)) {
    case 0:
      return overwrite(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << random(8))))
    case 1:
      return overwrite(bytes, at, Uint8Array.of(INTERESTING[random(INTERESTING.length)]!))
    case 2:
      return overwrite(bytes, at, Uint8Array.of((bytes[at] ?? 0) + (random(2) === 0 ? 1 : 255)))
    case 3:
      return overwrite(bytes, at, new Uint8Array([1, 2, 4, 8][random(4)]!).fill(random(2) === 0 ? 0xff : 0))
    case 4:
      return splice(bytes, at, length, new Uint8Array(0))
    case 5:
      return splice(bytes, at, 0, bytes.subarray(at, at + length))
    case 6:
      return splice(bytes, at, 0, other.subarray(from, from + 1 + random(200)))
    case 7:
      return overwrite(bytes, at, other.subarray(from, from + 1 + random(64)))
    default:
      return bytes.slice(0, at)
  }
}

/** `bytes` after one to four changes; `other` is where foreign pieces come from. */
export function mutate(bytes: Bytes, other: Bytes, random: Random): Bytes {
  let mutated = bytes
  for (let left = 1 + random(4); left > 0; left--) mutated = change(mutated, other, random)
  return mutated
}
