/**
 * 0.14: what passes the check and would still harm Yjs. Each row first shows that it does.
 */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import type { Bytes } from '@y-sealed/protocol'
import { checkUpdate } from '../../client/yjs/check-update.ts'
import { feedUpdate } from '../../client/yjs/feed-update.ts'
import { LogState } from '../../client/yjs/log-state.ts'
import { content, craftUpdate, type Crafted, type Struct } from './yjs-update.ts'

const MALLORY = new Uint8Array(16).fill(13)

/** What `updates` are fed as, all of which pass. */
function checkAll(updates: readonly Crafted[]): Bytes[] {
  const log = new LogState()
  for (const client of [1, 2, 3]) log.bind(client, MALLORY)
  return updates.map((update) => {
    const verdict = checkUpdate(craftUpdate(update), log, MALLORY)
    if (!verdict.ok) throw new Error(verdict.code)
    log.grow(verdict.growth)
    return verdict.feed
  })
}

const block = (client: number, clock: number, ...structs: Struct[]): Crafted => ({
  blocks: [{ client, clock, structs }],
})

/** A text, and a map under a key whose text is deleted with it: three clocks of 1. */
const TWO_LISTS: readonly Crafted[] = [
  block(
    1,
    0,
    { ...content.text('a'), parent: 't' },
    { ...content.type(2), parent: 'm', sub: 'k' },
    { ...content.text('b'), parent: [1, 1] },
  ),
  { deletes: [[1, [1, 2]]] },
]
const BETWEEN_LISTS = block(2, 0, { ...content.text('X'), origin: [1, 0], right: [1, 2] })

const showing = (doc: Y.Doc): string => doc.getText('t').toJSON()

describe('feedUpdate', () => {
  it('[CL9] shows the same whether or not Yjs has forgotten a deleted neighbour in another list', () => {
    const updates = checkAll([...TWO_LISTS, BETWEEN_LISTS])
    const plain = [new Y.Doc({ gc: true }), new Y.Doc({ gc: false })]
    for (const doc of plain) for (const update of updates) Y.applyUpdateV2(doc, update)
    expect(plain.map(showing)).toEqual(['a', 'aX'])

    const fed = [new Y.Doc({ gc: true }), new Y.Doc({ gc: false }), new Y.Doc({ gc: true })]
    for (const doc of fed.slice(0, 2)) for (const update of updates) feedUpdate(doc, update, null)
    const page = fed[2] as Y.Doc
    page.transact(() => {
      for (const update of updates) feedUpdate(page, update, null)
    })
    expect(fed.map(showing)).toEqual(['a', 'a', 'a'])
    for (const doc of fed) expect(Y.getState(doc.store, 2)).toBe(1)
  })

  it('[CL9] takes the unknown half of an item whose known half Yjs has as nothing, and the updates after it', () => {
    const updates = [
      block(1, 0, { gc: 2 }),
      block(1, 0, { ...content.text('abcd'), parent: 't' }),
      block(2, 0, { ...content.text('after'), parent: 't' }),
    ].map(craftUpdate)
    const plain = new Y.Doc()
    expect(() => {
      for (const update of updates) Y.applyUpdateV2(plain, update)
    }).toThrow(TypeError)
    const fed = new Y.Doc()
    fed.transact(() => {
      for (const update of updates) feedUpdate(fed, update, null)
    })
    expect([showing(fed), Y.getState(fed.store, 1)]).toEqual(['after', 4])
  })

  it('[CL9] keeps a Doc alive that Yjs would leave unable to tell of edits', () => {
    // An item of two clocks under a key, cut in two: its first half lives on when its type is deleted and cleaned up.
    const updates = checkAll([
      block(2, 0, { ...content.type(1), parent: 't', sub: 'k1' }),
      {
        blocks: [
          { client: 3, clock: 0, structs: [{ ...content.text('xy'), parent: [2, 0], sub: 'k0' }] },
          { client: 1, clock: 0, structs: [{ ...content.type(2), origin: [3, 0] }] },
        ],
        deletes: [[2, [0, 1]]],
      },
    ])
    const broken = new Y.Doc()
    expect(() => {
      for (const update of updates) Y.applyUpdateV2(broken, update)
    }).toThrow('Unexpected case')
    expect(editsHeard(broken)).toBe(0)

    const doc = new Y.Doc()
    for (const update of updates) feedUpdate(doc, update, null)
    expect(editsHeard(doc)).toBe(1)
  })

  it('[CL9] nests no types deeper than any stack is, however many updates they came in', () => {
    const depth = 20_000
    const each = 200
    const updates: Crafted[] = []
    for (let clock = 0; clock < depth; clock += each) {
      const structs = Array.from({ length: each }, (_, i): Struct => {
        const parent = clock + i === 0 ? 't' : ([1, clock + i - 1] as const)
        return { ...content.type(0), parent }
      })
      updates.push(block(1, clock, ...structs))
    }
    const feeds = checkAll([...updates, { deletes: [[1, [0, 1]]] }])
    expect(feeds.reduce((sum, feed) => sum + feed.length, 0)).toBeLessThan(100 * 40)
    const broken = new Y.Doc()
    expect(() => {
      for (const update of feeds) Y.applyUpdateV2(broken, update)
    }).toThrow(RangeError)

    const doc = new Y.Doc()
    for (const update of feeds) feedUpdate(doc, update, null)
    expect(Y.getState(doc.store, 1)).toBe(depth)
    expect(editsHeard(doc)).toBe(1)
  })

  it('[CL9] hands Yjs the very bytes of an update that is well placed', () => {
    const doc = new Y.Doc()
    const [update] = checkAll([TWO_LISTS[0] as Crafted]) as [Bytes]
    feedUpdate(doc, update, 'origin')
    expect(showing(doc)).toBe('a')
    expect(doc.getMap('m').get('k')).toBeInstanceOf(Y.Text)
  })

  it('[CL9] passes on what an observer throws', () => {
    const doc = new Y.Doc()
    doc.getText('t').observe(() => {
      throw new Error('of the application')
    })
    const [update] = checkAll([TWO_LISTS[0] as Crafted]) as [Bytes]
    expect(() => feedUpdate(doc, update, null)).toThrow('of the application')
  })
})

function editsHeard(doc: Y.Doc): number {
  let heard = 0
  doc.on('updateV2', () => heard++)
  try {
    doc.getMap('other').set('k', 1)
  } catch {
    // A Doc that is broken may throw as well.
  }
  return heard
}
