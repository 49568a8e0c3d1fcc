/**
 * A shared type of a past document made anew, with all that is in it, to be put into the present one. Yjs' own `clone` does not copy types
 * that are embedded in text.
 *
 * @module
 */
import * as Y from 'yjs'
import { listUnits, mapUnits, type SharedType, type Unit, type UnitContent } from './list-units.ts'

/** One step of what `Y.Text.applyDelta` takes. */
export interface DeltaStep {
  readonly insert?: unknown
  readonly retain?: number
  readonly delete?: number
  readonly attributes?: Record<string, unknown>
}

/** Yjs takes what it inserts as arguments of one call, of which a stack holds so many. */
const BATCH = 1_000

/** What is put into a list, a map or a text to show `content`. */
export function copyContent(content: UnitContent): unknown {
  if (content.kind === 'text') return content.text
  if (content.kind === 'type') return copyType(content.type)
  return content.kind === 'document' ? copyDocument(content.doc) : content.value
}

/** `units` as insertions into a text, runs of characters together. */
export function insertSteps(units: readonly Unit[]): readonly DeltaStep[] {
  const steps: DeltaStep[] = []
  let text = ''
  for (const [index, { content, attributes }] of units.entries()) {
    if (content.kind === 'value' || content.kind === 'document') continue
    if (content.kind !== 'text') {
      steps.push({ insert: copyContent(content), attributes: { ...attributes } })
      continue
    }
    text += content.text
    const next = units[index + 1]
    if (next?.content.kind === 'text' && next.attributes === attributes) continue
    steps.push({ insert: text, attributes: { ...attributes } })
    text = ''
  }
  return steps
}

function copyType(type: SharedType): SharedType {
  const copy = createLike(type)
  const units = listUnits(type)
  if (copy instanceof Y.Text) copy.applyDelta([...insertSteps(units)])
  else if (copy instanceof Y.Array || copy instanceof Y.XmlFragment) {
    for (let at = 0; at < units.length; at += BATCH) {
      copy.insert(
        at,
        units.slice(at, at + BATCH).map(({ content }) => copyContent(content) as Y.XmlElement),
      )
    }
  }
  for (const [key, { content }] of mapUnits(type)) {
    const value = copyContent(content)
    if (copy instanceof Y.Map) copy.set(key, value)
    else if (copy instanceof Y.Text || copy instanceof Y.XmlElement) copy.setAttribute(key, value)
  }
  return copy as SharedType
}

/** Another handle to the same subdocument. */
function copyDocument(doc: Y.Doc): Y.Doc {
  const { guid, autoLoad, gc } = doc
  return new Y.Doc({ guid, autoLoad, gc, meta: doc.meta as unknown })
}

function createLike(type: SharedType): unknown {
  // Each kind before the one that it is a kind of.
  if (type instanceof Y.XmlText) return new Y.XmlText()
  if (type instanceof Y.Text) return new Y.Text()
  if (type instanceof Y.XmlHook) return new Y.XmlHook(type.hookName)
  if (type instanceof Y.Map) return new Y.Map()
  if (type instanceof Y.XmlElement) return new Y.XmlElement(type.nodeName)
  if (type instanceof Y.XmlFragment) return new Y.XmlFragment()
  return new Y.Array()
}
