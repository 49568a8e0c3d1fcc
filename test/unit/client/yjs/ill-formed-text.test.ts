/** Where Yjs writes U+FFFD for half of a surrogate pair, who typed it is told; where everybody has the same, nobody is. */
import type { Bytes } from '@y-sealed/protocol'
import { expect, it } from 'vitest'
import * as Y from 'yjs'

import { hasIllFormedText } from '../../../../client/yjs/ill-formed-text.ts'

const [HIGH, LOW, PAIR] = ['\uD83D', '\uDE00', '\u{1F600}']

function insert(doc: Y.Doc, node: Y.XmlElement): Y.XmlElement {
  doc.getXmlFragment('xml').insert(0, [node])
  return node
}

/** What `edit` does here, and what came of it elsewhere. */
function play(edit: (doc: Y.Doc) => void) {
  const [here, there] = [new Y.Doc(), new Y.Doc()]
  const told: boolean[] = []
  here.on('updateV2', (update) => {
    told.push(hasIllFormedText(here, update as Bytes))
    Y.applyUpdateV2(there, update)
  })
  edit(here)
  const read = (doc: Y.Doc): string =>
    JSON.stringify([
      doc.getMap<unknown>('map').toJSON(),
      doc.getArray('array').toJSON(),
      doc.getText('text').toDelta(),
      doc.getXmlFragment('xml').toJSON(),
      [...doc.subdocs].map(({ guid }) => guid),
    ])
  return { told: told.includes(true), isSame: read(here) === read(there) }
}

it.each<readonly [string, (doc: Y.Doc) => void]>([
  ['a key of a map', (doc) => doc.getMap('map').set(`k${HIGH}`, 1)],
  ['a value', (doc) => doc.getMap('map').set('k', LOW)],
  ['a value deep inside', (doc) => doc.getArray('array').push([{ deep: [`v${HIGH}v`] }])],
  ['a key deep inside', (doc) => doc.getArray('array').push([[{ [`k${LOW}k`]: 1 }]])],
  ['a text', (doc) => doc.getText('text').insert(0, `a${HIGH}b`)],
  ['one half and then the other', (doc) => [HIGH, LOW].forEach((half, at) => doc.getText('text').insert(at, half))],
  ['the name of a format', (doc) => doc.getText('text').insert(0, 'a', { [`f${HIGH}`]: true })],
  ['the value of a format', (doc) => doc.getText('text').insert(0, 'a', { f: LOW })],
  ['an embed', (doc) => doc.getText('text').insertEmbed(0, { image: HIGH })],
  ['the name of an attribute', (doc) => insert(doc, new Y.XmlElement('p')).setAttribute(`n${HIGH}`, '1')],
  ['an attribute', (doc) => insert(doc, new Y.XmlElement('p')).setAttribute('n', HIGH)],
  ['the name of a node', (doc) => insert(doc, new Y.XmlElement(`p${LOW}`))],
  ['the name of a subdocument', (doc) => doc.getMap('map').set('k', new Y.Doc({ guid: `g${HIGH}` }))],
])('[CL5] half of a pair in %s is told of, for others have something else', (_, edit) => {
  expect(play(edit)).toEqual({ told: true, isSame: false })
})

it('[CL5] also in the name of a hook, which no text shows', () => {
  expect(play((doc) => doc.getMap('map').set('k', new Y.XmlHook(HIGH))).told).toBe(true)
})

it.each<readonly [string, (doc: Y.Doc) => void]>([
  ['whole pairs', (doc) => doc.getText('text').insert(0, `${PAIR}${PAIR}`)],
  ['U+FFFD that was typed', (doc) => doc.getMap('map').set('\uFFFD', ['\uFFFD'])],
  ['a pair that is cut apart', (doc) => [PAIR, 'x'].forEach((text, at) => doc.getText('text').insert(at, text))],
  ['a pair of which half is deleted', (doc) => (doc.getText('text').insert(0, PAIR), doc.getText('text').delete(0, 1))],
  [
    'two halves in one transaction',
    (doc) => doc.transact(() => [HIGH, LOW].forEach((half, at) => doc.getText('text').insert(at, half))),
  ],
  ['bytes', (doc) => doc.getArray('array').push([new Uint8Array([0xef, 0xbf, 0xbd, 0xed, 0xa0, 0xbd])])],
])('[CL5] of %s nobody is told: everybody has the same', (_, edit) => {
  expect(play(edit)).toEqual({ told: false, isSame: true })
})
