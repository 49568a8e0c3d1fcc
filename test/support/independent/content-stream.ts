/**
 * The stream of LO12 from runs as vectors list them, written a second time, from the tables of SPEC.md.
 *
 * @module
 */
import type { Json } from '../../vectors/vector.ts'
import { u32, u64 } from './hash.ts'

type Fields = { readonly [name: string]: Json }

const one = (value: number): Uint8Array => Uint8Array.of(value)

function id(value: Json | undefined): Uint8Array[] {
  if (!Array.isArray(value)) return [one(0)]
  return [one(1), u64(value[0] as number), u64(value[1] as number)]
}

function long(bytes: Uint8Array): Uint8Array[] {
  return [u32(bytes.length), bytes]
}

function run(fields: Fields): Uint8Array[] {
  const place = [u64(fields['client'] as number), u64(fields['clock'] as number)]
  if (fields['deleted'] !== undefined) return [one(0), ...place, u64(fields['deleted'] as number)]
  const root = fields['root'] as string | null
  const key = fields['key'] as string | null
  const text = fields['text'] as string | undefined
  const content = Buffer.from((fields['content'] as string | undefined) ?? '', 'hex')
  const parent = root === null ? id(fields['parent']) : [one(0), ...long(Buffer.from(root))]
  const keyed = key === null ? [one(0)] : [one(1), ...long(Buffer.from(key))]
  return [
    one(1),
    ...place,
    u32(fields['units'] as number),
    ...id(fields['origin']),
    ...id(fields['rightOrigin']),
    ...(fields['origin'] === null && fields['rightOrigin'] === null ? [...parent, ...keyed] : []),
    one(fields['ref'] as number),
    ...long(text === undefined ? content : Buffer.from(text, 'utf16le').swap16()),
  ]
}

/** The stream of all runs. */
export function streamOf(runs: readonly Json[]): Buffer {
  return Buffer.concat(runs.flatMap((each) => run(each as Fields)))
}
