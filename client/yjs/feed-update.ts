/**
 * Gives a Doc what `checkUpdate` has let pass, so that every replica shows the same by it. Rule CL9.
 *
 * The log's state does not say which list an item stands in. A hostile item whose two neighbours stand in different
 * lists would be shown where Yjs still holds both and not where it has forgotten the deleted one, and can make Yjs throw
 * while it cleans up, after which the Doc tells nobody of edits any more; types nested by the thousand overflow the stack
 * when they are deleted. Such items become GC structs: what Yjs itself makes of an item whose neighbour it has forgotten.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { applyUpdateV2, ContentType, diffUpdateV2, GC, getItem, getState, Item, type AbstractType, type Doc } from 'yjs'
import { inspectUpdate, type StructId, type UpdateStruct, type UpdateSummary } from './inspect-update.ts'
import { integrationOrder } from './integration-order.ts'
import { rewriteUpdate } from './rewrite-update.ts'
import { encodeStateVector } from './state-vector.ts'
import { MAX_TYPE_NESTING } from './update-limits.ts'

type SharedType = AbstractType<unknown>

/** Where an item stands: in the sequence or under a key of a type, in the Doc or made by the same update. */
interface List {
  readonly type: SharedType | UpdateStruct
  readonly key: string | null
  /** How many types it stands in. */
  readonly depth: number
}

/**
 * Applies `update` with `origin`. Never throws for what `checkUpdate` let pass in a Doc that holds the log's state and
 * nothing but the device's own edits beyond it; what an observer of the application throws passes through. [CL9]
 */
export function feedUpdate(doc: Doc, update: Bytes, origin: unknown): void {
  applyUpdateV2(doc, neutralise(doc, update), origin)
}

/**
 * Yjs cuts a half-known item by itself, and throws where it has forgotten the known half. `checkUpdate` has cut it by the log, but not what is
 * read again for a history, nor by a Doc that holds what the log has lost.
 */
function withoutHalves(doc: Doc, update: Bytes, { blocks }: UpdateSummary): Bytes {
  const known = new Map<number, number>()
  for (const { client, start, end, structs } of blocks) {
    const state = getState(doc.store, client)
    const isHalf = ({ clock, length }: UpdateStruct): boolean => clock < state && state < clock + length
    if (start < state && state < end && structs.some(isHalf)) known.set(client, state)
  }
  return known.size === 0 ? update : (diffUpdateV2(update, encodeStateVector(known)) as Bytes)
}

/** `update`, with a GC in place of each item that does not stand in one list, or stands too deep, and without known halves. [CL9] */
export function neutralise(doc: Doc, update: Bytes): Bytes {
  const whole = inspectUpdate(update)
  if (!whole.ok) return update
  const unknown = withoutHalves(doc, update, whole.summary)
  const inspection = unknown === update ? whole : inspectUpdate(unknown)
  if (!inspection.ok) return unknown
  const misplaced = findMisplaced(doc, inspection.summary)
  if (misplaced.size === 0) return unknown
  return rewriteUpdate(unknown, (struct) => [
    misplaced.has(nameOf(struct.id)) ? new GC(struct.id, struct.length) : struct,
  ])
}

/** Names of the misplaced items, `client:clock`. */
function findMisplaced(doc: Doc, summary: UpdateSummary): Set<string> {
  const { store } = doc
  const misplaced = new Set<string>()
  const fresh = new Map<number, readonly UpdateStruct[]>()
  for (const { client, end, structs } of summary.blocks) {
    const known = getState(store, client)
    if (end > known)
      fresh.set(
        client,
        structs.filter((struct) => struct.clock + struct.length > known),
      )
  }
  const lists = new Map<UpdateStruct, List | null>()

  const freshAt = (id: StructId): UpdateStruct | undefined => {
    const structs = fresh.get(id.client) ?? []
    let low = 0
    let high = structs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((structs[middle] as UpdateStruct).clock <= id.clock) low = middle
      else high = middle - 1
    }
    return structs[low]
  }
  const listAt = (id: StructId): List | null => {
    if (id.clock >= getState(store, id.client)) return lists.get(freshAt(id) as UpdateStruct) ?? null
    const item: Item | GC = getItem(store, id)
    return item instanceof Item ? listIn(item.parent as SharedType, item.parentSub) : null
  }
  const listUnder = (id: StructId, key: string | null): List | null => {
    if (id.clock < getState(store, id.client)) {
      const item: Item | GC = getItem(store, id)
      return item instanceof Item && item.content instanceof ContentType
        ? listIn(item.content.type as SharedType, key)
        : null
    }
    const type = freshAt(id) as UpdateStruct
    const list = type.isType && lists.get(type)
    return list ? { type, key, depth: list.depth + 1 } : null
  }
  const place = (struct: UpdateStruct): List | null => {
    if (struct.isGc) return null
    const { origin, rightOrigin, parent, root, key } = struct
    if (origin !== null || rightOrigin !== null) {
      const left = origin && listAt(origin)
      const right = rightOrigin && listAt(rightOrigin)
      if (origin === null) return right
      if (rightOrigin === null || left === null || right === null) return rightOrigin === null ? left : null
      if (left.type === right.type && left.key === right.key) return left
      misplaced.add(nameOf(struct))
      return null
    }
    return parent === null ? { type: doc.get(root as string) as SharedType, key, depth: 0 } : listUnder(parent, key)
  }

  for (const struct of integrationOrder(fresh, (client) => getState(store, client)) ?? []) {
    let list = place(struct)
    const isDeep = struct.isType && list !== null && list.depth >= MAX_TYPE_NESTING
    // Under a key Yjs deletes all but the last of its items, by item: half of one would live on.
    const isLong = list !== null && list.key !== null && struct.length > 1 && !isWhollyDeleted(struct, summary)
    if (isDeep || isLong) {
      misplaced.add(nameOf(struct))
      list = null
    }
    lists.set(struct, list)
  }
  return misplaced
}

function listIn(type: SharedType, key: string | null): List {
  let depth = 0
  for (let item = type._item; item !== null; item = (item.parent as SharedType)._item) depth++
  return { type, key, depth }
}

function isWhollyDeleted({ client, clock, length, isDeleted }: UpdateStruct, { deletes }: UpdateSummary): boolean {
  return (
    isDeleted ||
    deletes.some(
      (range) => range.client === client && range.clock <= clock && clock + length <= range.clock + range.length,
    )
  )
}

function nameOf({ client, clock }: StructId): string {
  return `${client}:${clock}`
}
