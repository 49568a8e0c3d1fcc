import { createHash } from 'node:crypto'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { bytesToHex, cryptoReady, type Bytes } from '@y-sealed/protocol'
import { ApartDocument } from '../../../../client/snapshots/apart-document.ts'
import { writeContent } from '../../../../client/snapshots/content-stream.ts'
import { LeafHasher } from '../../../../client/snapshots/leaf-hasher.ts'
import { streamOf } from '../../../support/independent/content-stream.ts'
import { createRandom } from '../../../support/random.ts'
import { isNothingPending, Person, type Step } from '../yjs/replicas.ts'

await cryptoReady()

function leavesOf(doc: Y.Doc): string {
  const hasher = new LeafHasher()
  for (const _ of writeContent(Y.encodeStateAsUpdateV2(doc) as Bytes, hasher)) void 0
  return bytesToHex(hasher.finish())
}

function docOf(...updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdateV2(doc, update)
  return doc
}

/** People who edit and hear of each other now and then: the log of what they did, in an order in which nothing depends on later. */
function playLog(steps: readonly Step[]): Bytes[] {
  const people = [0, 1, 2].map((index) => new Person(index, { gc: true }))
  const log: Bytes[] = []
  const readBy = [0, 0, 0]
  for (const step of steps) {
    const who = step.who % 3
    const person = people[who]!
    person.edit(step)
    if (step.size % 3 !== 0) continue
    person.apply(log.slice(readBy[who]))
    log.push(...person.unsent.splice(0))
    readBy[who] = log.length
  }
  for (const [who, person] of people.entries()) {
    person.apply(log.slice(readBy[who]))
    log.push(...person.unsent.splice(0))
  }
  return log
}

/** The same updates as they may come to others. */
const WAYS: Readonly<Record<string, (log: readonly Bytes[], seed: number) => Y.Doc>> = {
  'one by one': (log) => {
    const apart = new ApartDocument()
    for (const update of log) apart.feed([update])
    return apart.doc
  },
  'without collecting': (log) => {
    const doc = new Y.Doc({ gc: false })
    for (const update of log) Y.applyUpdateV2(doc, update)
    return doc
  },
  'in any order': (log, seed) => {
    const random = createRandom(seed)
    const left = [...log]
    const doc = new Y.Doc()
    while (left.length > 0) Y.applyUpdateV2(doc, left.splice(random(left.length), 1)[0]!)
    return doc
  },
  merged: (log, seed) => {
    const random = createRandom(seed)
    const apart = new ApartDocument()
    for (let at = 0; at < log.length;) {
      const end = at + 1 + random(9)
      apart.feed([Y.mergeUpdatesV2(log.slice(at, end)) as Bytes])
      at = end
    }
    return apart.doc
  },
  'cut where the reader knows half': (log, seed) => {
    const random = createRandom(seed)
    const doc = docOf(...log.slice(0, random(log.length + 1)))
    Y.applyUpdateV2(doc, Y.diffUpdateV2(Y.mergeUpdatesV2([...log]), Y.encodeStateVector(doc)))
    return doc
  },
  'from a snapshot on': (log, seed) => {
    const at = createRandom(seed)(log.length + 1)
    const [before, after] = [new ApartDocument(), new ApartDocument()]
    before.feed(log.slice(0, at))
    after.feed([before.encode()])
    for (const update of log.slice(at)) after.feed([update])
    return after.doc
  },
}

const step = fc.record({ who: fc.nat(2), kind: fc.nat(15), at: fc.nat(50), size: fc.nat(20) })

describe('the stream of the content digest', () => {
  it.each(Object.keys(WAYS))('[LO12] is the same for a replica that gets the same updates %s', (way) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), fc.nat(), (steps, seed) => {
        const log = playLog(steps)
        const [whole, other] = [new ApartDocument(), WAYS[way]!(log, seed)]
        whole.feed(log)
        expect(isNothingPending(other)).toBe(true)
        expect(leavesOf(other)).toBe(leavesOf(whole.doc))
      }),
    )
  })

  it('[LO12] tells "pay Bob" from "pay Eve", which have equal state vectors and deletes', () => {
    const write = (name: string): Y.Doc => {
      const doc = new Y.Doc()
      doc.clientID = 7
      doc.getText('t').insert(0, `pay ${name}`)
      return doc
    }
    const [bob, eve] = [write('Bob'), write('Eve')]
    expect(Y.encodeStateVector(bob)).toEqual(Y.encodeStateVector(eve))
    expect(leavesOf(bob)).not.toBe(leavesOf(eve))
    expect(leavesOf(write('Bob'))).toBe(leavesOf(bob))
  })

  it.each<readonly [string, (doc: Y.Doc) => void, (doc: Y.Doc) => void]>([
    ['where a letter stands', (doc) => doc.getText('t').insert(0, 'x'), (doc) => doc.getText('t').insert(1, 'x')],
    ['the name of a root', (doc) => doc.getText('t').insert(0, 'x'), (doc) => doc.getText('u').insert(0, 'x')],
    ['a key', (doc) => doc.getMap('m').set('a', 1), (doc) => doc.getMap('m').set('b', 1)],
    ['a value', (doc) => doc.getMap('m').set('a', 1), (doc) => doc.getMap('m').set('a', 2)],
    ['null and undefined', (doc) => doc.getMap('m').set('a', null), (doc) => doc.getMap('m').set('a', undefined)],
    ['a number and its digits', (doc) => doc.getMap('m').set('a', 1), (doc) => doc.getMap('m').set('a', '1')],
    [
      'a byte',
      (doc) => doc.getMap('m').set('a', Uint8Array.of(1)),
      (doc) => doc.getMap('m').set('a', Uint8Array.of(2)),
    ],
    [
      'a kind of type',
      (doc) => doc.getMap('m').set('a', new Y.Map()),
      (doc) => doc.getMap('m').set('a', new Y.Array()),
    ],
    ['an element', (doc) => insertElement(doc, 'p'), (doc) => insertElement(doc, 'b')],
    ['a format', (doc) => doc.getText('t').format(0, 1, { b: true }), (doc) => doc.getText('t').format(0, 1, { b: 1 })],
    [
      'an embed',
      (doc) => doc.getText('t').insertEmbed(0, { a: 1 }),
      (doc) => doc.getText('t').insertEmbed(0, { a: 2 }),
    ],
    ['what is deleted', (doc) => doc.getText('t').delete(0, 1), (doc) => doc.getText('t').delete(1, 1)],
    [
      'a subdocument',
      (doc) => doc.getMap('m').set('a', new Y.Doc({ guid: 'a' })),
      (doc) => doc.getMap('m').set('a', new Y.Doc({ guid: 'b' })),
    ],
    [
      'how a subdocument loads',
      (doc) => doc.getMap('m').set('a', new Y.Doc({ guid: 'a' })),
      (doc) => doc.getMap('m').set('a', new Y.Doc({ guid: 'a', autoLoad: true })),
    ],
    ['an emoji', (doc) => doc.getText('t').insert(0, '😀'), (doc) => doc.getText('t').insert(0, '😈')],
  ])('[LO12] tells %s', (_, one, other) => {
    const write = (edit: (doc: Y.Doc) => void): Y.Doc => {
      const doc = new Y.Doc()
      doc.clientID = 7
      doc.getText('t').insert(0, 'ab')
      edit(doc)
      return doc
    }
    expect(leavesOf(write(one))).not.toBe(leavesOf(write(other)))
    expect(leavesOf(docOf(Y.encodeStateAsUpdateV2(write(one))))).toBe(leavesOf(write(one)))
  })

  it('[LO12] does not hang on what Yjs makes of half a surrogate pair', () => {
    const doc = new Y.Doc()
    doc.clientID = 7
    doc.getText('t').insert(0, '\uD83D')
    doc.getText('t').insert(0, 'x')
    doc.getText('u').insert(0, '\uDE00')
    expect(leavesOf(docOf(Y.encodeStateAsUpdateV2(doc)))).toBe(leavesOf(doc))
  })

  it('[LO12] knows no digest of a state of which a struct is deleted in part', () => {
    const [doc, other] = [new Y.Doc(), new Y.Doc()]
    doc.clientID = 7
    doc.getText('t').insert(0, 'abcd')
    const whole = Y.encodeStateAsUpdateV2(doc)
    doc.getText('t').delete(1, 2)
    const update = Y.mergeUpdatesV2([whole, Y.encodeStateAsUpdateV2(doc, Y.encodeStateVector(doc))]) as Bytes
    const steps = writeContent(update, new LeafHasher())
    expect(steps.next()).toEqual({ done: true, value: false })
    Y.applyUpdateV2(other, update)
    expect(leavesOf(other)).toBe(leavesOf(doc))
  })

  it('[LO12] hands over between steps, and cuts the stream where SPEC says', () => {
    const doc = new Y.Doc()
    doc.clientID = 7
    doc.getText('t').insert(0, 'é'.repeat(200_000))
    const text = { client: 7, clock: 0, units: 200_000, origin: null, rightOrigin: null, root: 't', key: null, ref: 4 }
    const stream = streamOf([{ ...text, text: 'é'.repeat(200_000) }])
    const hasher = new LeafHasher()
    const steps = [...writeContent(Y.encodeStateAsUpdateV2(doc) as Bytes, hasher)]
    expect(steps.length).toBeGreaterThan(0)
    const leaves = Array.from({ length: 7 }, (_, i) => stream.subarray(65_536 * i, 65_536 * (i + 1)))
    const hashes = leaves.map((leaf) => createHash('sha512').update(leaf).digest().subarray(0, 32))
    expect(hasher.finish()).toEqual(new Uint8Array(Buffer.concat(hashes)))
  })

  it('[LO10] [LO12] holds what the log says, and nothing that Yjs tidies by itself', () => {
    const [alice, bob] = [new Y.Doc(), new Y.Doc()]
    alice.getMap('m').set('t', new Y.Text('words'))
    const textOf = (doc: Y.Doc): Y.Text => doc.getMap('m').get('t') as Y.Text
    textOf(alice).format(0, 5, { bold: true })
    const first = Y.encodeStateAsUpdateV2(alice) as Bytes
    Y.applyUpdateV2(bob, first)
    textOf(alice).delete(0, 3)
    textOf(bob).delete(3, 2)
    const log = [
      first,
      ...[alice, bob].map((doc) => Y.encodeStateAsUpdateV2(doc, Y.encodeStateVectorFromUpdateV2(first)) as Bytes),
    ]
    const [apart, cut, whole] = [new ApartDocument(), new ApartDocument(), new Y.Doc()]
    apart.feed(log)
    for (const update of log) cut.feed([update])
    for (const update of log) Y.applyUpdateV2(whole, update)
    expect(leavesOf(cut.doc)).toBe(leavesOf(apart.doc))
    // The check has teeth: a common document tidies the formats around the words that went.
    expect(leavesOf(whole)).not.toBe(leavesOf(apart.doc))
  })
})

function insertElement(doc: Y.Doc, name: string): void {
  doc.getXmlFragment('x').insert(0, [new Y.XmlElement(name)])
}
