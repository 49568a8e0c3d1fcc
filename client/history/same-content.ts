/**
 * Do two places of two documents show the same, whoever wrote it?
 *
 * @module
 */
import { equalityDeep } from 'lib0/function'
import { XmlElement, XmlHook } from 'yjs'
import { listUnits, mapUnits, type SharedType, type Unit, type UnitContent } from './list-units.ts'

/** The same, their formatting apart. */
export function isSameContent(one: UnitContent, other: UnitContent): boolean {
  if (one.kind === 'text') return other.kind === 'text' && one.text === other.text
  if (one.kind === 'type') return other.kind === 'type' && isSameType(one.type, other.type)
  if (one.kind === 'document') return other.kind === 'document' && one.doc.guid === other.doc.guid
  return other.kind === one.kind && equalityDeep(one.value, other.value)
}

/** Types of one kind that show the same. */
export function isSameType(one: SharedType, other: SharedType): boolean {
  if (one.constructor !== other.constructor || nameOf(one) !== nameOf(other)) return false
  const [units, others] = [listUnits(one), listUnits(other)]
  if (units.length !== others.length || !units.every((unit, index) => isSameUnit(unit, others[index] as Unit)))
    return false
  const [entries, otherEntries] = [mapUnits(one), mapUnits(other)]
  if (entries.size !== otherEntries.size) return false
  for (const [key, { content }] of entries) {
    const match = otherEntries.get(key)
    if (match === undefined || !isSameContent(content, match.content)) return false
  }
  return true
}

/** What an XML element or hook is called. */
export function nameOf(type: SharedType): string | null {
  if (type instanceof XmlElement) return type.nodeName
  return type instanceof XmlHook ? type.hookName : null
}

function isSameUnit(one: Unit, other: Unit): boolean {
  return isSameContent(one.content, other.content) && equalityDeep(one.attributes, other.attributes)
}
