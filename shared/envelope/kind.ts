/**
 * The kinds of envelope, and what each implies. Rules EN3, EN4, EN5, EN8.
 *
 * @module
 */
import { MAX_SEALED_BYTES } from '../limits.ts'

/** Kind bytes by name. [EN3] */
export const KIND = {
  update: 1,
  part: 2,
  bind: 3,
  record: 4,
  publication: 5,
  attestation: 6,
  snapshot: 7,
  awareness: 8,
} as const

export type KindName = keyof typeof KIND
export type Kind = (typeof KIND)[KindName]

const NAMES = new Map<number, KindName>((Object.keys(KIND) as KindName[]).map((name) => [KIND[name], name]))

/** The name of a kind byte, or `null` for a byte that is none. */
export function kindName(kind: number): KindName | null {
  return NAMES.get(kind) ?? null
}

/** Kinds whose body is in clear: zero nonce, no tag. [EN8] */
export function isClearKind(kind: number): boolean {
  return kind === KIND.record || kind === KIND.publication || kind === KIND.attestation
}

/** Kinds that are entries of the log and links of their session's chain. [EN3] */
export function isLogKind(kind: number): boolean {
  return kind >= KIND.update && kind <= KIND.attestation
}

const LIMITS: readonly number[] = [
  0,
  MAX_SEALED_BYTES.update,
  MAX_SEALED_BYTES.part,
  MAX_SEALED_BYTES.bind,
  MAX_SEALED_BYTES.record,
  MAX_SEALED_BYTES.publication,
  MAX_SEALED_BYTES.attestation,
  MAX_SEALED_BYTES.snapshot,
  MAX_SEALED_BYTES.awareness,
]

/** Longest sealed part of a kind; 0 for a byte that is no kind. [EN5] */
export function maxSealedBytes(kind: number): number {
  return LIMITS[kind] ?? 0
}
