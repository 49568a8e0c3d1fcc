/**
 * What members compare with their own eyes: equal on all screens iff all see one document and one member list. Rule KM20.
 *
 * @module
 */
import { hashFields, sodiumSha512, type Bytes } from '@y-sealed/protocol'
import { SAFETY_EMOJI, type SafetyEmoji } from './safety-emoji.ts'

export interface SafetyCode {
  /** Seven, to look at. */
  readonly emoji: readonly SafetyEmoji[]
  /** Five groups of five digits, to read out. */
  readonly digits: string
}

/** The code of a document (32 bytes) at a record head (32 bytes). Needs `cryptoReady()`. [KM20] */
export function safetyCode(genesisHash: Bytes, recordHead: Bytes): SafetyCode {
  const hash = hashFields(sodiumSha512, 'y-sealed/v1/safety', genesisHash, recordHead)
  const emoji: SafetyEmoji[] = []
  const groups: string[] = []
  for (let i = 0; i < 7; i++) emoji.push(SAFETY_EMOJI[readBits(hash, 6 * i, 6)] as SafetyEmoji)
  for (let i = 0; i < 5; i++)
    groups.push(String(readInteger(hash.subarray(6 + 5 * i, 11 + 5 * i)) % 100_000).padStart(5, '0'))
  return { emoji, digits: groups.join(' ') }
}

/** `count` bits from bit `from` on, the first of a byte being its highest. */
function readBits(bytes: Bytes, from: number, count: number): number {
  let value = 0
  for (let at = from; at < from + count; at++) value = value * 2 + (((bytes[at >> 3] as number) >> (7 - (at & 7))) & 1)
  return value
}

/** Up to six bytes, big-endian. */
function readInteger(bytes: Bytes): number {
  let value = 0
  for (const byte of bytes) value = value * 256 + byte
  return value
}
