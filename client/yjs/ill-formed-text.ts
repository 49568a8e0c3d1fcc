/**
 * Halves of surrogate pairs in what a document was given: Yjs writes U+FFFD in their place, so that everybody else, and the next run, has other text
 * than who made it. Rule CL5.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import {
  ContentAny,
  ContentDoc,
  ContentEmbed,
  ContentFormat,
  ContentJSON,
  ContentString,
  ContentType,
  decodeUpdateV2,
  getItem,
  Item,
  XmlElement,
  XmlHook,
  type Doc,
} from 'yjs'

/** Half a pair, in no pair. */
export const LONE_SURROGATE: RegExp = /\p{Surrogate}/u

/**
 * Is there other text in the document than in `update` (V2), which has just been made in it? Looked for in texts and values, in keys, and in names of
 * nodes, of attributes and of subdocuments; names of root types stand in no item. One search for three bytes where all is well.
 */
export function hasIllFormedText(doc: Doc, update: Bytes): boolean {
  return mentionsReplacement(update) && decodeUpdateV2(update).structs.some((struct) => isAltered(doc, struct))
}

/** Is U+FFFD anywhere in it, by its bytes? */
function mentionsReplacement(update: Bytes): boolean {
  for (let at = update.indexOf(0xef); at !== -1; at = update.indexOf(0xef, at + 1)) {
    if (update[at + 1] === 0xbf && update[at + 2] === 0xbd) return true
  }
  return false
}

function isAltered(doc: Doc, struct: { readonly id: Item['id']; readonly length: number }): boolean {
  const { client, clock } = struct.id
  const end = clock + struct.length
  for (let at = clock; at < end;) {
    // By its types always an item; what was collected is none.
    const item: unknown = getItem(doc.store, { client, clock: at })
    const { id, length } = item as Item
    if (item instanceof Item && isIllFormed(item, at - id.clock, end - id.clock)) return true
    at = id.clock + length
  }
  return false
}

function isIllFormed({ parentSub, content }: Item, from: number, to: number): boolean {
  if (parentSub !== null && LONE_SURROGATE.test(parentSub)) return true
  // What another edit has added before or behind went out with that.
  if (content instanceof ContentString) return LONE_SURROGATE.test(content.str.slice(from, to))
  if (content instanceof ContentAny || content instanceof ContentJSON) return isIllFormedValue(content.arr)
  if (content instanceof ContentEmbed) return isIllFormedValue(content.embed)
  if (content instanceof ContentFormat) return isIllFormedValue({ [content.key]: content.value as unknown })
  if (content instanceof ContentDoc) return isIllFormedValue([content.doc.guid, content.opts])
  if (!(content instanceof ContentType)) return false
  const { type } = content
  if (type instanceof XmlElement) return LONE_SURROGATE.test(type.nodeName)
  return type instanceof XmlHook && LONE_SURROGATE.test(type.hookName)
}

function isIllFormedValue(value: unknown): boolean {
  if (typeof value === 'string') return LONE_SURROGATE.test(value)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  return Object.entries(value).some(([key, each]) => LONE_SURROGATE.test(key) || isIllFormedValue(each))
}
