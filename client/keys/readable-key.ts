/**
 * Secret bytes as people write them down and type them: Crockford's base32 in groups, with a checksum, so that a slip is noticed before
 * anything is tried. Rule KM21.
 *
 * @module
 */
import { hashFields, sodiumSha512, type Bytes } from '@y-sealed/protocol'

/** Crockford's base32: no I, L, O and U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** What people write for 0 and 1. */
const LOOKALIKES: Readonly<Record<string, string>> = { O: '0', I: '1', L: '1' }
const LEAST_CHECK_BITS = 10

/** Characters that `length` bytes and their checksum take. [KM21] */
function charactersFor(length: number): number {
  return Math.ceil((8 * length + LEAST_CHECK_BITS) / 5)
}

/** `secret` in groups of `groupLength` characters, joined by `-`. 5 bytes take 10 characters, 16 take 28. Needs `cryptoReady()`. [KM21] */
export function writeReadableKey(secret: Bytes, groupLength: number): string {
  const bits = toBits(secret) + toBits(checksum(secret))
  const groups: string[] = []
  for (let i = 0; i < charactersFor(secret.length); i++) {
    const character = ALPHABET[Number.parseInt(bits.slice(5 * i, 5 * i + 5), 2)] as string
    if (i % groupLength === 0) groups.push(character)
    else groups.push((groups.pop() as string) + character)
  }
  return groups.join('-')
}

/** The `length` bytes that were written so, whatever the case, spaces and dashes; `null` for a slip. [KM21] */
export function readReadableKey(text: string, length: number): Bytes | null {
  const characters = [...text.toUpperCase().replace(/[\s-]/g, '')].map(
    (character) => LOOKALIKES[character] ?? character,
  )
  if (characters.length !== charactersFor(length) || !characters.every((character) => ALPHABET.includes(character)))
    return null
  const bits = characters.map((character) => ALPHABET.indexOf(character).toString(2).padStart(5, '0')).join('')
  const secret = new Uint8Array(length)
  for (let i = 0; i < length; i++) secret[i] = Number.parseInt(bits.slice(8 * i, 8 * i + 8), 2)
  return toBits(checksum(secret)).startsWith(bits.slice(8 * length)) ? secret : null
}

function checksum(secret: Bytes): Bytes {
  return hashFields(sodiumSha512, 'y-sealed/v1/readable', secret)
}

function toBits(bytes: Bytes): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
}
