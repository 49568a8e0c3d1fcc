/**
 * What a shared type shows, read from Yjs' items with their ids: the units of its list, and the entries of its map. Text and XML, typed or
 * not yet named by the app, read alike. It changes nothing.
 *
 * @module
 */
import {
  ContentAny,
  ContentBinary,
  ContentDoc,
  ContentEmbed,
  ContentFormat,
  ContentJSON,
  ContentString,
  ContentType,
  type AbstractType,
  type Doc,
  type Item,
} from 'yjs'

export type SharedType = AbstractType<unknown>

/** Formatting in force, by name. */
export type Attributes = Readonly<Record<string, unknown>>

/** What one unit holds. */
export type UnitContent =
  /** One character: two UTF-16 units where it takes so many, for Yjs spoils half of one. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'type'; readonly type: SharedType }
  | { readonly kind: 'document'; readonly doc: Doc }
  | { readonly kind: 'embed'; readonly value: unknown }
  | { readonly kind: 'value'; readonly value: unknown }

/** One thing in a list, under the id that it has in every replica. */
export interface Unit {
  readonly client: number
  readonly clock: number
  /** How many places it takes. */
  readonly length: number
  readonly content: UnitContent
  /** One object for a run of units. */
  readonly attributes: Attributes
}

const NONE: Attributes = {}

/** The units that `type` shows, in order. */
export function listUnits(type: SharedType): readonly Unit[] {
  const units: Unit[] = []
  let attributes = NONE
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted) continue
    if (item.content instanceof ContentFormat) {
      const { key, value } = item.content as ContentFormat & { readonly key: string; readonly value: unknown }
      const { [key]: _, ...others } = attributes
      attributes = value === null ? others : { ...others, [key]: value }
      continue
    }
    const { client, clock } = item.id
    let at = clock
    for (const content of contentsOf(item)) {
      const length = content.kind === 'text' ? content.text.length : 1
      units.push({ client, clock: at, length, content, attributes })
      at += length
    }
  }
  return units
}

/** What `type` shows under each key. */
export function mapUnits(type: SharedType): ReadonlyMap<string, Unit> {
  const unitByKey = new Map<string, Unit>()
  for (const [key, item] of type._map) {
    const content = item.deleted ? undefined : contentsOf(item).at(-1)
    if (content === undefined) continue
    unitByKey.set(key, { client: item.id.client, clock: item.lastId.clock, length: 1, content, attributes: NONE })
  }
  return unitByKey
}

/** The units of an item, deleted or not, as far as they are there. */
export function contentsOf({ content }: Item): readonly UnitContent[] {
  if (content instanceof ContentString) return Array.from(content.str, (text) => ({ kind: 'text', text }))
  if (content instanceof ContentType) return [{ kind: 'type', type: content.type as SharedType }]
  if (content instanceof ContentDoc) return [{ kind: 'document', doc: content.doc }]
  if (content instanceof ContentEmbed) return [{ kind: 'embed', value: content.embed }]
  if (content instanceof ContentBinary) return [{ kind: 'value', value: content.content }]
  if (content instanceof ContentAny || content instanceof ContentJSON)
    return content.arr.map((value: unknown) => ({ kind: 'value', value }))
  return []
}

/** Is there what stands in texts alone? */
export function holdsText(type: SharedType): boolean {
  for (let item = type._start; item !== null; item = item.right) {
    const { content, deleted } = item
    if (deleted) continue
    if (content instanceof ContentFormat || content instanceof ContentString || content instanceof ContentEmbed)
      return true
  }
  return false
}
