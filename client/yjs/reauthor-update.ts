/**
 * An own update under another Yjs client id: for when the one that it was made under turns out to be somebody else's. Rules CL2, CL14.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { createID, decodeUpdateV2, GC, ID, Item } from 'yjs'
import { encodeUpdate, type DecodedStruct } from './encode-update.ts'

/** Clocks of `client` from `clock` on become those of `heir`, from 0 on. */
export interface Inheritance {
  readonly client: number
  readonly clock: number
  readonly heir: number
}

/**
 * `update` with everything that `client` made from `clock` on made by the heir instead, and named so wherever it is named. What lies before
 * that is left as it is, and so is what others made. For updates that are known to decode.
 */
export function reauthorUpdate(update: Bytes, inheritance: Inheritance): Bytes {
  const { client, clock, heir } = inheritance
  const rename = (id: ID): ID => (isInherited(id) ? createID(heir, id.clock - clock) : id)
  const isInherited = (id: ID): boolean => id.client === client && id.clock >= clock
  const renameOrNull = (id: ID | null): ID | null => (id === null ? null : rename(id))
  const { structs, ds } = decodeUpdateV2(update)
  const byClient = new Map<number, DecodedStruct[]>()
  for (const struct of structs) {
    for (const each of struct.id.client === client ? cutAt(struct, clock) : [struct]) {
      const renamed = renameStruct(each, rename, renameOrNull)
      const block = byClient.get(renamed.id.client)
      if (block) block.push(renamed)
      else byClient.set(renamed.id.client, [renamed])
    }
  }
  const deletes = new Map<number, { readonly clock: number; readonly len: number }[]>()
  const noteDelete = (of: number, from: number, to: number): void => {
    if (to > from) deletes.set(of, [...(deletes.get(of) ?? []), { clock: from, len: to - from }])
  }
  for (const [of, ranges] of ds.clients) {
    for (const { clock: from, len } of ranges) {
      const end = from + len
      if (of !== client) noteDelete(of, from, end)
      else {
        noteDelete(of, from, Math.min(end, clock))
        noteDelete(heir, Math.max(from, clock) - clock, end - clock)
      }
    }
  }
  return encodeUpdate(byClient, deletes)
}

/** One that stands across the clock as two: Yjs joins what follows without a gap, whoever made it. */
function cutAt(struct: DecodedStruct, clock: number): readonly DecodedStruct[] {
  const { id, length } = struct
  const at = clock - id.clock
  if (at <= 0 || at >= length) return [struct]
  const behind = createID(id.client, clock)
  if (struct instanceof GC) return [new GC(id, at), new GC(behind, length - at)]
  if (!(struct instanceof Item)) return [struct]
  const { origin, rightOrigin, parent, parentSub, content } = struct
  // What is behind goes out of the first one's content.
  const rest = content.splice(at)
  return [
    new Item(id, null, origin, null, rightOrigin, parent, parentSub, content),
    new Item(behind, null, createID(id.client, clock - 1), null, rightOrigin, null, null, rest),
  ]
}

function renameStruct(
  struct: DecodedStruct,
  rename: (id: ID) => ID,
  renameOrNull: (id: ID | null) => ID | null,
): DecodedStruct {
  const id = rename(struct.id)
  if (struct instanceof GC) return new GC(id, struct.length)
  if (!(struct instanceof Item)) return struct
  const { origin, rightOrigin, parentSub, content } = struct
  // As it is decoded, a parent is an id, or the name of a root type.
  const parent = struct.parent instanceof ID ? rename(struct.parent) : struct.parent
  return new Item(id, null, renameOrNull(origin), null, renameOrNull(rightOrigin), parent, parentSub, content)
}
