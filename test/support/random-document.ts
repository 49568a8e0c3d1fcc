/**
 * Documents of every kind of shared type, changed at random, and what they show.
 *
 * @module
 */
import * as Y from 'yjs'

import type { Random } from './random.ts'

const WORDS = ['alpha', 'β', '😀', ' ', 'line\n', '🎈🎈', 'omega']
const MARKS = ['bold', 'link']
const KEYS = ['one', 'two', 'three']

/** Everything that `doc` shows, as plain values. Roots are read as what {@link changeAtRandom} makes of them. */
export function contentOf(doc: Y.Doc): unknown {
  return {
    text: deltaOf(doc.getText('text')),
    array: doc.getArray('array').toArray().map(valueOf),
    map: entriesOf(doc.getMap('map')),
    xml: valueOf(doc.getXmlFragment('xml')),
  }
}

function valueOf(value: unknown): unknown {
  if (value instanceof Y.XmlText) return ['xml-text', deltaOf(value), value.getAttributes()]
  if (value instanceof Y.Text) return ['text', deltaOf(value)]
  if (value instanceof Y.XmlElement) return [value.nodeName, value.getAttributes(), value.toArray().map(valueOf)]
  if (value instanceof Y.XmlFragment) return ['fragment', value.toArray().map(valueOf)]
  if (value instanceof Y.Array) return ['array', value.toArray().map(valueOf)]
  if (value instanceof Y.Map) return ['map', entriesOf(value)]
  return value
}

function entriesOf(map: Y.Map<unknown>): unknown {
  return Object.fromEntries([...map.keys()].toSorted().map((key) => [key, valueOf(map.get(key))]))
}

/** Neighbours with equal formatting together, as people see them. */
function deltaOf(text: Y.Text): unknown {
  const steps: { insert: unknown; attributes: string }[] = []
  for (const { insert, attributes } of text.toDelta() as { insert: unknown; attributes?: Record<string, unknown> }[]) {
    const format = JSON.stringify(
      Object.entries(attributes ?? {})
        .map((entry) => JSON.stringify(entry))
        .toSorted(),
    )
    const last = steps.at(-1)
    if (typeof insert === 'string' && typeof last?.insert === 'string' && last.attributes === format)
      last.insert += insert
    else steps.push({ insert: valueOf(insert), attributes: format })
  }
  return steps
}

/** One edit of one of the document's roots. */
export function changeAtRandom(doc: Y.Doc, random: Random): void {
  const pick = random(4)
  doc.transact(() => {
    if (pick === 0) changeText(doc.getText('text'), random)
    else if (pick === 1) changeArray(doc.getArray('array'), random, 0)
    else if (pick === 2) changeMap(doc.getMap('map'), random, 0)
    else changeXml(doc.getXmlFragment('xml'), random, 0)
  })
}

function changeText(text: Y.Text, random: Random): void {
  const at = wholeAt(text, random(text.length + 1))
  const end = wholeAt(text, Math.min(text.length, at + random(6)))
  const what = random(10)
  if (what < 4) text.insert(at, wordOf(random), random(3) === 0 ? formatOf(random) : undefined)
  else if (what < 7 && end > at) text.delete(at, end - at)
  else if (what < 9 && end > at) text.format(at, end - at, formatOf(random))
  else if (random(2) === 0) text.insertEmbed(at, { image: random(9) })
  else text.insertEmbed(at, new Y.Map([['k', random(9)]]))
}

function changeArray(array: Y.Array<unknown>, random: Random, depth: number): void {
  const at = random(array.length + 1)
  const nested = array.get(Math.min(at, array.length - 1))
  if (nested instanceof Y.AbstractType && random(2) === 0) return changeNested(nested, random, depth)
  if (array.length > at && random(3) === 0) array.delete(at, 1 + random(Math.min(3, array.length - at)))
  else array.insert(at, [valueAtRandom(random, depth), valueAtRandom(random, depth)])
}

function changeMap(map: Y.Map<unknown>, random: Random, depth: number): void {
  const key = KEYS[random(KEYS.length)] as string
  const nested = map.get(key)
  if (nested instanceof Y.AbstractType && random(2) === 0) return changeNested(nested, random, depth)
  if (random(4) === 0) map.delete(key)
  else map.set(key, valueAtRandom(random, depth))
}

function changeXml(parent: Y.XmlFragment, random: Random, depth: number): void {
  const at = random(parent.length + 1)
  const child = at < parent.length ? parent.get(at) : null
  const what = random(6)
  if (child instanceof Y.XmlText && what < 4) return changeText(child, random)
  if (child instanceof Y.XmlElement && what < 3) return changeXml(child, random, depth + 1)
  if (child instanceof Y.XmlElement && what === 3) {
    const key = KEYS[random(KEYS.length)] as string
    return random(3) === 0 ? child.removeAttribute(key) : child.setAttribute(key, wordOf(random))
  }
  if (child !== null && what === 4) return parent.delete(at, 1)
  const text = new Y.XmlText(wordOf(random))
  if (depth > 2 || random(3) === 0) return parent.insert(at, [text])
  const paragraph = new Y.XmlElement(['paragraph', 'heading'][random(2)])
  paragraph.insert(0, [text])
  parent.insert(at, [paragraph])
}

function changeNested(type: Y.AbstractType<unknown>, random: Random, depth: number): void {
  if (type instanceof Y.Text) changeText(type, random)
  else if (type instanceof Y.Map) changeMap(type, random, depth + 1)
  else if (type instanceof Y.Array) changeArray(type, random, depth + 1)
}

function valueAtRandom(random: Random, depth: number): unknown {
  const what = random(depth > 2 ? 4 : 7)
  if (what === 0) return random(100)
  if (what === 1) return wordOf(random)
  if (what === 2) return { deep: [random(5), null, true] }
  if (what === 3) return Uint8Array.of(random(255))
  if (what === 4) return new Y.Text(wordOf(random))
  return what === 5 ? new Y.Map([['k', random(9)]]) : Y.Array.from([random(9), 'x'])
}

function formatOf(random: Random): Record<string, unknown> {
  const mark = MARKS[random(MARKS.length)] as string
  const value = [null, true, { href: random(3) }][random(3)]
  return { [mark]: value }
}

function wordOf(random: Random): string {
  return WORDS[random(WORDS.length)] as string
}

/** Not in the middle of a character, where no editor puts a caret. */
function wholeAt(text: Y.Text, at: number): number {
  let index = 0
  for (const { insert } of text.toDelta() as { insert: unknown }[]) {
    const pieces = typeof insert === 'string' ? Array.from(insert, ({ length }) => length) : [1]
    for (const length of pieces) {
      if (index + length > at) return index
      index += length
    }
  }
  return index
}
