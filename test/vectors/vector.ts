/**
 * What a vector is, and how values stand in JSON: bytes as hexadecimal, rows as pairs, envelopes as their bytes.
 *
 * @module
 */
import { bytesToHex, Envelope, SortedRows } from '@y-sealed/protocol'

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** One case: from `input` alone another implementation must come to `output`. */
export interface Vector {
  readonly name: string
  /** Rules of SPEC.md. */
  readonly source: readonly string[]
  readonly input: { readonly [name: string]: Json }
  readonly output: { readonly [name: string]: Json }
}

/** Vectors of one subject. */
export interface VectorFile {
  readonly about: string
  readonly vectors: readonly Vector[]
}

/** A value as it stands in a vector. */
export function toJson(value: unknown): Json {
  if (value instanceof Uint8Array) return bytesToHex(value)
  if (value instanceof Envelope) return bytesToHex(value.bytes)
  if (value instanceof SortedRows) return [...value].map(([key, row]) => [bytesToHex(key), bytesToHex(row)])
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toJson(field)]))
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null)
    return value
  throw new TypeError(`no place in a vector for ${typeof value}`)
}

/** A vector from plain values. */
export function vector(
  name: string,
  source: readonly string[],
  input: Readonly<Record<string, unknown>>,
  output: Readonly<Record<string, unknown>>,
): Vector {
  const asObject = (fields: Readonly<Record<string, unknown>>): { [name: string]: Json } =>
    Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, toJson(value)]))
  return { name, source, input: asObject(input), output: asObject(output) }
}

/** The text of a vector file. */
export function formatVectors(file: VectorFile): string {
  return `${JSON.stringify(file, null, 1)}\n`
}
