/**
 * Yjs V2 updates written by hand, as no honest Yjs would write them.
 *
 * @module
 */
import * as encoding from 'lib0/encoding'
import { ID, UpdateEncoderV2 } from 'yjs'

import type { Bytes } from '@y-sealed/protocol'

export type Id = readonly [client: number, clock: number]
export type Content = (encoder: UpdateEncoderV2) => void

export type Struct =
  | { readonly gc: number }
  | { readonly skip: number }
  | {
      readonly ref: number
      readonly content: Content
      readonly origin?: Id
      readonly right?: Id
      readonly parent?: Id | string
      readonly sub?: string
      /** More bits of the info byte. */
      readonly bits?: number
    }

export interface Block {
  readonly client: number
  readonly clock: number
  readonly structs: readonly Struct[]
  /** How many structs it claims. */
  readonly claims?: number
}

export interface Crafted {
  readonly blocks?: readonly Block[]
  readonly deletes?: readonly (readonly [client: number, ...ranges: (readonly [clock: number, length: number])[]])[]
}

/** An update with exactly these structs and deletes. */
export function craftUpdate({ blocks = [], deletes = [] }: Crafted): Bytes {
  const encoder = new UpdateEncoderV2()
  const rest = encoder.restEncoder
  encoding.writeVarUint(rest, blocks.length)
  for (const { client, clock, structs, claims } of blocks) {
    encoding.writeVarUint(rest, claims ?? structs.length)
    encoder.writeClient(client)
    encoding.writeVarUint(rest, clock)
    for (const struct of structs) writeStruct(encoder, struct)
  }
  encoding.writeVarUint(rest, deletes.length)
  for (const [client, ...ranges] of deletes) {
    encoder.resetDsCurVal()
    encoding.writeVarUint(rest, client)
    encoding.writeVarUint(rest, ranges.length)
    for (const [clock, length] of ranges) {
      encoder.writeDsClock(clock)
      encoder.writeDsLen(length)
    }
  }
  return encoder.toUint8Array() as Bytes
}

function writeStruct(encoder: UpdateEncoderV2, struct: Struct): void {
  if ('gc' in struct) {
    encoder.writeInfo(0)
    encoder.writeLen(struct.gc)
    return
  }
  if ('skip' in struct) {
    encoder.writeInfo(10)
    encoding.writeVarUint(encoder.restEncoder, struct.skip)
    return
  }
  const { ref, content, origin, right, parent, sub, bits = 0 } = struct
  encoder.writeInfo(ref | bits | (origin ? 0x80 : 0) | (right ? 0x40 : 0) | (sub === undefined ? 0 : 0x20))
  if (origin) encoder.writeLeftID(new ID(...origin))
  if (right) encoder.writeRightID(new ID(...right))
  if (!origin && !right) {
    encoder.writeParentInfo(typeof parent === 'string')
    if (typeof parent === 'string') encoder.writeString(parent)
    else encoder.writeLeftID(new ID(...(parent ?? ([0, 0] as const))))
    if (sub !== undefined) encoder.writeString(sub)
  }
  content(encoder)
}

/** Content `ref`s with what they carry. */
export const content = {
  deleted: (length: number) => ({ ref: 1, content: (encoder: UpdateEncoderV2) => encoder.writeLen(length) }),
  json: (...texts: string[]) => ({
    ref: 2,
    content: (encoder: UpdateEncoderV2) => {
      encoder.writeLen(texts.length)
      for (const text of texts) encoder.writeString(text)
    },
  }),
  text: (text: string) => ({ ref: 4, content: (encoder: UpdateEncoderV2) => encoder.writeString(text) }),
  format: (key: string, value: unknown) => ({
    ref: 6,
    content: (encoder: UpdateEncoderV2) => {
      encoder.writeKey(key)
      encoder.writeJSON(value)
    },
  }),
  /** 0 array, 1 map, 2 text, 3 element (with a key). */
  type: (type: number) => ({ ref: 7, content: (encoder: UpdateEncoderV2) => encoder.writeTypeRef(type) }),
  any: (...values: unknown[]) => ({
    ref: 8,
    content: (encoder: UpdateEncoderV2) => {
      encoder.writeLen(values.length)
      for (const value of values) encoder.writeAny(value)
    },
  }),
  document: (guid: string, options: unknown) => ({
    ref: 9,
    content: (encoder: UpdateEncoderV2) => {
      encoder.writeString(guid)
      encoder.writeAny(options)
    },
  }),
}

/** An update whose rest column is these bytes, and whose other columns are these. */
export function craftColumns(columns: Partial<Record<ColumnName, Uint8Array>>, rest: readonly number[]): Bytes {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 0)
  for (const name of COLUMN_NAMES) encoding.writeVarUint8Array(encoder, columns[name] ?? EMPTY[name])
  encoding.writeUint8Array(encoder, Uint8Array.from(rest))
  return encoding.toUint8Array(encoder)
}

const COLUMN_NAMES = [
  'keyClock',
  'client',
  'leftClock',
  'rightClock',
  'info',
  'string',
  'parentInfo',
  'typeRef',
  'length',
] as const
type ColumnName = (typeof COLUMN_NAMES)[number]
const NONE = new Uint8Array()
const EMPTY: Record<ColumnName, Uint8Array> = {
  keyClock: NONE,
  client: NONE,
  leftClock: NONE,
  rightClock: NONE,
  info: NONE,
  string: Uint8Array.of(0),
  parentInfo: NONE,
  typeRef: NONE,
  length: NONE,
}
