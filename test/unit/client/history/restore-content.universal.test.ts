/** What was shown comes back as an edit, whatever the document is made of. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { restoreContent } from '../../../../client/history/restore-content.ts'
import { fuzzRuns } from '../../../support/fuzz-runs.ts'
import { changeAtRandom, contentOf } from '../../../support/random-document.ts'
import { createRandom, type Random } from '../../../support/random.ts'

function createDoc(clientID: number): Y.Doc {
  const doc = new Y.Doc()
  doc.clientID = clientID
  return doc
}

/** A document of its own with what `doc` shows now, whose roots nobody has named. */
function pastOf(doc: Y.Doc): Y.Doc {
  const past = new Y.Doc()
  Y.applyUpdateV2(past, Y.encodeStateAsUpdateV2(doc))
  return past
}

/** Until nobody has news: Yjs tidies formatting by itself after others' edits, and that is an edit too. */
function exchange(...docs: readonly Y.Doc[]): void {
  let isNews = true
  const learn = (): void => {
    isNews = true
  }
  for (const doc of docs) doc.on('update', learn)
  while (isNews) {
    isNews = false
    for (const from of docs)
      for (const to of docs) Y.applyUpdateV2(to, Y.encodeStateAsUpdateV2(from, Y.encodeStateVector(to)))
  }
  for (const doc of docs) doc.off('update', learn)
}

/** Two people change at random, and now and then hear of each other. */
function write(docs: readonly Y.Doc[], edits: number, random: Random): void {
  for (let i = 0; i < edits; i++) {
    changeAtRandom(docs[random(docs.length)] as Y.Doc, random)
    if (random(3) === 0) exchange(...docs)
  }
  exchange(...docs)
}

/** All clocks, so that everything in `doc` is to be undone. */
function clocksOf(doc: Y.Doc): ReadonlyMap<number, number> {
  return new Map([...doc.store.clients.keys()].map((client) => [client, Y.getState(doc.store, client)]))
}

function restore(doc: Y.Doc, past: Y.Doc, since = clocksOf(doc)): void {
  restoreContent(doc, past, { origin: 'restore', since })
}

describe('[HI3] restoring', () => {
  it('shows what was shown, in documents of every kind of type', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 25 }), fc.integer({ min: 0, max: 25 }), (seed, before, after) => {
        const random = createRandom(seed)
        const docs = [createDoc(1), createDoc(2)]
        write(docs, before, random)
        const [doc] = docs as [Y.Doc, Y.Doc]
        const past = pastOf(doc)
        write(docs, after, random)
        restore(doc, past)
        expect(contentOf(doc)).toEqual(contentOf(past))
        exchange(...docs)
        expect(contentOf(docs[1] as Y.Doc)).toEqual(contentOf(doc))
      }),
      { numRuns: fuzzRuns(150) },
    )
  })

  it('goes to and fro among versions, and where it is there already it changes nothing', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = createRandom(seed)
        const docs = [createDoc(1), createDoc(2)]
        const pasts: Y.Doc[] = []
        for (let i = 0; i < 4; i++) {
          write(docs, 6, random)
          pasts.push(pastOf(docs[0] as Y.Doc))
        }
        for (let i = 0; i < 6; i++) {
          const doc = docs[random(2)] as Y.Doc
          const past = pasts[random(4)] as Y.Doc
          restore(doc, past)
          exchange(...docs)
          for (const each of docs) expect(contentOf(each)).toEqual(contentOf(past))
          const before = Y.encodeStateVector(doc)
          restore(doc, past)
          expect(Y.encodeStateVector(doc)).toEqual(before)
        }
      }),
      { numRuns: fuzzRuns(50) },
    )
  })

  it('keeps what somebody else writes at the same time', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = createRandom(seed)
        const docs = [createDoc(1), createDoc(2)]
        write(docs, 12, random)
        const [doc, other] = docs as [Y.Doc, Y.Doc]
        const past = pastOf(doc)
        write(docs, 12, random)
        const at = random(other.getText('text').length + 1)
        other.getText('text').insert(at, 'MEANWHILE')
        other.getArray('array').insert(random(other.getArray('array').length + 1), ['MEANWHILE'])
        other.getXmlFragment('xml').insert(random(other.getXmlFragment('xml').length + 1), [new Y.XmlText('MEANWHILE')])
        restore(doc, past)
        exchange(...docs)
        expect(contentOf(other)).toEqual(contentOf(doc))
        expect(doc.getText('text').toJSON()).toContain('MEANWHILE')
        expect(doc.getArray('array').toArray()).toContain('MEANWHILE')
        expect(doc.getXmlFragment('xml').toArray().map(String)).toContain('MEANWHILE')
      }),
      { numRuns: fuzzRuns(80) },
    )
  })

  it('keeps what came after it was asked for, and undoes only what was there', () => {
    const doc = createDoc(1)
    const text = doc.getText('text')
    text.insert(0, 'one two')
    const past = pastOf(doc)
    text.delete(0, 4)
    text.insert(3, ' three')
    const since = clocksOf(doc)
    text.insert(3, ' MEANWHILE')
    doc.getMap('map').set('key', 'MEANWHILE')
    restore(doc, past, since)
    expect([text.toJSON(), doc.getMap('map').toJSON()]).toEqual(['one two MEANWHILE', { key: 'MEANWHILE' }])
    restore(doc, past)
    expect([text.toJSON(), doc.getMap('map').toJSON()]).toEqual(['one two', {}])
  })

  it('changes the least: one paragraph of a hundred, one mark of a word', () => {
    const doc = createDoc(1)
    const xml = doc.getXmlFragment('xml')
    const paragraphs = Array.from({ length: 100 }, (_, i) => {
      const paragraph = new Y.XmlElement('paragraph')
      paragraph.insert(0, [new Y.XmlText(`This is paragraph ${i}. `.repeat(10))])
      return paragraph
    })
    xml.insert(0, paragraphs)
    const past = pastOf(doc)
    ;(paragraphs[50] as Y.XmlElement).delete(0, 1)
    const text = (paragraphs[51] as Y.XmlElement).get(0) as Y.XmlText
    text.format(0, 4, { bold: true })
    xml.delete(99, 1)
    const updates: Uint8Array[] = []
    doc.on('updateV2', (update) => updates.push(update))
    restore(doc, past)
    expect(contentOf(doc)).toEqual(contentOf(past))
    expect(updates.length).toBe(1)
    expect(updates[0]?.length).toBeLessThan(700)
    // What stands there still is the same as before, so that a caret in it stays.
    expect(xml.get(51)).toBe(paragraphs[51])
  })

  it('leaves roots alone that the app has not named, and lets it name them afterwards', () => {
    const writer = createDoc(1)
    writer.getText('text').insert(0, 'kept ', { bold: true })
    writer.getArray('array').insert(0, [1, 2, 3])
    writer.getMap('map').set('key', 1)
    const past = pastOf(writer)
    writer.getText('text').delete(0, 3)
    writer.getArray('array').delete(1, 1)
    writer.getMap('map').delete('key')
    writer.getXmlFragment('xml').insert(0, [new Y.XmlElement('p')])
    const doc = pastOf(writer)
    doc.clientID = 7
    restore(doc, past)
    expect(contentOf(doc)).toEqual(contentOf(past))
  })

  it('[HI4] leaves what y-sealed keeps in the document for itself', () => {
    const doc = createDoc(1)
    const past = pastOf(doc)
    doc.getMap('y-sealed/versions').set('3', { name: 'first draft' })
    doc.getText('text').insert(0, 'x')
    restore(doc, past)
    expect([doc.getMap('y-sealed/versions').size, doc.getText('text').length]).toEqual([1, 0])
  })

  it('does not tear characters apart that share a half', () => {
    const doc = createDoc(1)
    const text = doc.getText('text')
    text.insert(0, 'a😀b')
    const past = pastOf(doc)
    text.delete(1, 2)
    text.insert(1, '😁')
    restore(doc, past)
    expect(text.toJSON()).toBe('a😀b')
    // Yjs leaves a replacement character under the id of the other half.
    text.delete(2, 1)
    expect(text.toJSON()).toBe('a\ufffdb')
    restore(doc, past)
    expect(text.toJSON()).toBe('a😀b')
  })

  it('brings back subdocuments and bytes', () => {
    const doc = createDoc(1)
    const map = doc.getMap('map')
    const sub = new Y.Doc({ meta: { title: 'sub' } })
    map.set('sub', sub)
    doc.getArray('array').insert(0, [Uint8Array.of(1, 2)])
    const past = pastOf(doc)
    map.delete('sub')
    doc.getArray('array').delete(0, 1)
    restore(doc, past)
    expect([(map.get('sub') as Y.Doc).guid, (map.get('sub') as Y.Doc).meta]).toEqual([sub.guid, { title: 'sub' }])
    expect(doc.getArray('array').toArray()).toEqual([Uint8Array.of(1, 2)])
  })
})
