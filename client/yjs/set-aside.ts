/**
 * An own update without the content that may never leave: values too deep, or with a key that Yjs cannot write again; what is too large; all of
 * it. In place of each such item stands the same item, deleted, so that what was written after it and beside it finds its neighbours. Rules
 * CL3 (a), (h), CL5, CL15.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import * as encoding from 'lib0/encoding'
import { ContentAny, ContentDeleted, ContentString, createID, Item, UpdateEncoderV2 } from 'yjs'
import { inspectUpdate } from './inspect-update.ts'
import { rewriteUpdate } from './rewrite-update.ts'

/** Root type, a `Y.Array`, under which {@link SetAside.content} has what was taken out. */
export const SET_ASIDE_ROOT = 'set-aside'

/** What takes more than this part of the room by itself is large. */
const LARGE_PART = 8

export interface SetAside {
  /** What may leave. */
  readonly update: Bytes
  /** What was taken out, as an update for an empty document; or the whole update, where Yjs itself drops what is refused as it reads it. */
  readonly content: Bytes
  /** Names of the items, `client:clock`. */
  readonly names: readonly string[]
}

/** Without what no client takes; `null` where nothing of this kind is in it. */
export function setAside(update: Bytes): SetAside | null {
  return takeOut(update, isAllowed)
}

/** Of at most `maxBytes`: without its large items where that is enough, else without any content. `null` where that is not enough either. */
export function setAsideLarge(update: Bytes, maxBytes: number): SetAside | null {
  const limit = maxBytes / LARGE_PART
  const smaller = takeOut(update, (item) => isSmall(item, limit))
  if (smaller !== null && smaller.update.length <= maxBytes) return smaller
  const empty = setAsideAll(update)
  return empty !== null && empty.update.length <= maxBytes ? empty : null
}

/** Without any content. */
export function setAsideAll(update: Bytes): SetAside | null {
  return takeOut(update, () => false)
}

function isSmall(item: Item, maxBytes: number): boolean {
  // A UTF-16 unit is at most three bytes.
  if (item.content instanceof ContentString) return 3 * item.content.str.length <= maxBytes
  return alone([item]).length <= maxBytes
}

function takeOut(update: Bytes, isAllowed: (item: Item) => boolean): SetAside | null {
  const refused: Item[] = []
  const names: string[] = []
  const allowed = rewriteUpdate(update, (struct) => {
    if (!(struct instanceof Item) || struct.content instanceof ContentDeleted || isAllowed(struct)) return [struct]
    return cut(struct).map((item) => {
      if (isAllowed(item)) return item
      refused.push(item)
      names.push(`${item.id.client}:${item.id.clock}`)
      return itemWith(item, item.origin, new ContentDeleted(item.length))
    })
  })
  const content = refused.length > 0 ? alone(refused) : update
  return inspectUpdate(allowed).ok ? { update: allowed, content, names } : null
}

function isAllowed(item: Item): boolean {
  return inspectUpdate(alone([item])).ok
}

/** Each value of a list by itself, for one to go without its neighbours. */
function cut(item: Item): readonly Item[] {
  const { content, id } = item
  if (!(content instanceof ContentAny)) return [item]
  return content.arr.map((value: unknown, index) => {
    const origin = index === 0 ? item.origin : createID(id.client, id.clock + index - 1)
    return itemWith({ ...pick(item), id: createID(id.client, id.clock + index) }, origin, new ContentAny([value]))
  })
}

type Place = Pick<Item, 'id' | 'rightOrigin' | 'parent' | 'parentSub'>

function pick({ id, rightOrigin, parent, parentSub }: Item): Place {
  return { id, rightOrigin, parent, parentSub }
}

function itemWith(
  { id, rightOrigin, parent, parentSub }: Place,
  origin: Item['origin'],
  content: Item['content'],
): Item {
  return new Item(id, null, origin, null, rightOrigin, parent, parentSub, content)
}

/** The contents of items, one after another in a document of their own. */
function alone(items: readonly Item[]): Bytes {
  const encoder = new UpdateEncoderV2()
  const rest = encoder.restEncoder
  encoding.writeVarUint(rest, 1)
  encoding.writeVarUint(rest, items.length)
  encoder.writeClient(1)
  encoding.writeVarUint(rest, 0)
  let clock = 0
  for (const { content, length } of items) {
    const origin = clock === 0 ? null : createID(1, clock - 1)
    const parent = clock === 0 ? SET_ASIDE_ROOT : null
    // Yjs writes a root type by its name, as it reads it.
    new Item(createID(1, clock), null, origin, null, null, parent as unknown as null, null, content).write(encoder, 0)
    clock += length
  }
  encoding.writeVarUint(rest, 0)
  return encoder.toUint8Array() as Bytes
}
