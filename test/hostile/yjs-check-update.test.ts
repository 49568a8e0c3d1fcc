/**
 * K18: what a malicious writer may hand to Yjs under keys that are right. Every row is refused, with its code.
 */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import type { Bytes } from '@y-sealed/protocol'
import { checkState, checkUpdate } from '../../client/yjs/check-update.ts'
import { LogState } from '../../client/yjs/log-state.ts'
import { content, craftColumns, craftUpdate, type Crafted, type Struct } from './yjs-update.ts'
import { startCpuClock } from '../support/cpu-clock.ts'

const MALLORY = new Uint8Array(16).fill(13)
const ALICE = new Uint8Array(16).fill(1)
/** Mallory's clients are 1 to 3, of which only 1 has structs: 10 clocks. Alice's is 7: 20 clocks. */
function createLog(): LogState {
  const log = new LogState()
  for (const client of [1, 2, 3]) log.bind(client, MALLORY)
  log.bind(7, ALICE)
  log.grow(new Map([[1, 10], [7, 20]])) // prettier-ignore
  return log
}

const inRoot = { parent: 't' } as const
const own = (...structs: Struct[]): Crafted => ({ blocks: [{ client: 1, clock: 10, structs }] })
const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value }
  return value
}
/** Bytes of an object whose key is `__proto__`, which no honest encoder can write. */
const prototypeObject: Struct = {
  ...inRoot,
  ref: 8,
  content: (encoder) => {
    encoder.writeLen(1)
    encoder.writeAny(JSON.parse('{"__proto__":{"admin":true}}'))
  },
}
const chain = (length: number): Struct[] =>
  Array.from({ length }, (_, i) => ({ ...content.type(1), ...(i === 0 ? inRoot : { parent: [1, 9 + i] as const }) }))

const refused: readonly (readonly [code: string, what: string, update: Crafted | Bytes])[] = [
  ['growth', '[K18] a GC of 2^50 clocks of one’s own', own({ gc: 2 ** 50 })],
  ['growth', '[K18] a GC of 2^50 clocks of Alice', { blocks: [{ client: 7, clock: 20, structs: [{ gc: 2 ** 50 }] }] }],
  ['growth', '[K18] thirteen bytes that claim 2^48 clocks', own({ gc: 2 ** 48 })],
  ['growth', '[CL3] one clock more than an update may grow by', own({ gc: 2 ** 24 + 1 })],
  ['growth', '[CL3] a clock beyond 2^53 − 1', own({ gc: 2 ** 53 - 1 }, { gc: 2 ** 53 - 1 })],
  ['skip', '[K18] a Skip of 2^50 clocks', own({ skip: 2 ** 50 })],
  ['skip', '[CL3] a Skip before an Item', own({ skip: 1 }, { ...content.text('a'), ...inRoot })],
  [
    'skip',
    '[CL3] a Skip whose info byte has more bits',
    own({ ref: 10, content: () => undefined, bits: 0x80, origin: [1, 0] }),
  ],
  ['length', '[CL3] an empty text', own({ ...content.text(''), ...inRoot })],
  ['length', '[CL3] an empty GC', own({ gc: 0 })],
  ['unbound', '[K18] an edit under Alice’s client id', { blocks: [{ client: 7, clock: 20, structs: [{ gc: 1 }] }] }],
  ['unbound', '[K18] an edit that overlaps Alice’s', { blocks: [{ client: 7, clock: 5, structs: [{ gc: 16 }] }] }],
  ['unbound', '[CL3] an edit under nobody’s client id', { blocks: [{ client: 99, clock: 0, structs: [{ gc: 1 }] }] }],
  [
    'gap',
    '[CL3] structs that begin above the known clock',
    { blocks: [{ client: 1, clock: 11, structs: [{ gc: 1 }] }] },
  ],
  [
    'repeated',
    '[CL3] deletes of one client in two blocks',
    {
      deletes: [
        [7, [5, 1]],
        [7, [3, 1]],
      ],
    },
  ],
  [
    'repeated',
    '[CL3] two blocks of one client',
    { blocks: [10, 11].map((clock) => ({ client: 1, clock, structs: [{ gc: 1 }] })) },
  ],
  [
    'too-many',
    '[K18] 2^50 structs in a few bytes',
    { blocks: [{ client: 1, clock: 10, structs: [{ gc: 1 }], claims: 2 ** 50 }] },
  ],
  [
    'too-many',
    '[K18] 263 000 structs in 60 bytes',
    { blocks: [{ client: 1, clock: 10, structs: Array.from({ length: 263_000 }, () => ({ gc: 1 })) }] },
  ],
  ['undecodable', '[CL3] a block without structs', { blocks: [{ client: 1, clock: 10, structs: [] }] }],
  ['empty', '[CL3] neither structs nor deletes', {}],
  ['origin', '[K18] a left neighbour that is not there', own({ ...content.text('a'), origin: [7, 20] })],
  ['origin', '[CL3] itself as its left neighbour', own({ ...content.text('a'), origin: [1, 10] })],
  [
    'origin',
    '[CL3] what follows as its left neighbour',
    own({ ...content.text('a'), origin: [1, 11] }, { ...content.text('a'), ...inRoot }),
  ],
  ['origin', '[CL3] a left neighbour at a negative clock', own({ ...content.text('a'), origin: [7, -5] })],
  ['right-origin', '[K18] a right neighbour that is not there', own({ ...content.text('a'), right: [8, 0] })],
  ['right-origin', '[CL3] itself as its right neighbour', own({ ...content.text('a'), right: [1, 10] })],
  ['parent', '[K18] a parent that is not there', own({ ...content.text('a'), parent: [7, 21] })],
  ['parent', '[CL3] itself as its parent', own({ ...content.type(1), parent: [1, 10] })],
  [
    'cycle',
    '[CL3] structs of two clients that wait for each other',
    {
      blocks: [
        { client: 3, clock: 0, structs: [{ ...content.text('a'), origin: [2, 0] }] },
        { client: 2, clock: 0, structs: [{ ...content.text('b'), origin: [3, 0] }] },
      ],
    },
  ],
  ['delete-range', '[K18] a delete of clocks that nobody has written yet', { deletes: [[7, [20, 2 ** 16]]] }],
  ['delete-range', '[K18] a delete of 2^40 clocks', { deletes: [[7, [0, 2 ** 40]]] }],
  ['delete-range', '[CL3] a delete of one clock too many', { deletes: [[7, [19, 2]]] }],
  ['delete-range', '[CL3] a delete of an unknown client', { deletes: [[99, [0, 1]]] }],
  ['nesting', '[CL3] a value too deep for some stacks', own({ ...content.any(nested(300)), ...inRoot })],
  ['nesting', '[CL3] a JSON text too deep for some stacks', own({ ...content.json('['.repeat(300)), ...inRoot })],
  ['nesting', '[CL3] types too deep for some stacks', own(...chain(300))],
  ['undecodable', '[CL3] a JSON text that is none', own({ ...content.json('{'), ...inRoot })],
  ['content', '[CL3] an object with a key __proto__', own(prototypeObject)],
  [
    'content',
    '[CL3] a subdocument whose options name another guid',
    own({ ...content.document('g', { guid: 5 }), ...inRoot }),
  ],
  ['content', '[CL3] a subdocument with a gcFilter', own({ ...content.document('g', { gcFilter: 'x' }), ...inRoot })],
  ['content', '[CL3] a subdocument whose options are no object', own({ ...content.document('g', null), ...inRoot })],
  ['undecodable', '[CL3] an unknown content', own({ ref: 11, content: () => undefined, ...inRoot })],
  ['undecodable', '[CL3] an unknown shared type', own({ ...content.type(7), ...inRoot })],
  ['undecodable', '[CL3] no bytes', new Uint8Array()],
  ['undecodable', '[CL3] junk', Uint8Array.from({ length: 64 }, (_, i) => (i * 97) & 255)],
  [
    'undecodable',
    '[CL3] a feature flag',
    Uint8Array.from(craftUpdate(own({ gc: 1 })), (byte, i) => (i === 0 ? 1 : byte)),
  ],
  ['undecodable', '[CL3] bytes after the end', Uint8Array.from([...craftUpdate(own({ gc: 1 })), 0])],
  [
    'undecodable',
    '[CL3] a column that is read beyond its end',
    // The client of the left neighbour would be read as 0.
    craftColumns(
      {
        client: Uint8Array.of(1),
        leftClock: Uint8Array.of(0),
        info: Uint8Array.of(0x84),
        string: Uint8Array.of(1, 97, 1),
      },
      [1, 1, 10, 0],
    ),
  ],
  [
    'content',
    '[CL3] a format without a key, which Yjs takes and cannot write again',
    craftColumns(
      {
        keyClock: Uint8Array.of(0x42),
        client: Uint8Array.of(1),
        info: Uint8Array.of(6),
        parentInfo: Uint8Array.of(1),
        string: Uint8Array.of(1, 116, 1),
      },
      [1, 1, 10, 126, 0],
    ),
  ],
]

describe('checkUpdate, malicious writers', () => {
  it.each(refused)('refuses as %s: %s', (code, _, update) => {
    const bytes = update instanceof Uint8Array ? update : craftUpdate(update)
    expect(checkUpdate(bytes, createLog(), MALLORY)).toEqual({ ok: false, code })
  })

  it('[K18] refuses the update that erases whatever the victim types later: 19 bytes', () => {
    const update = craftUpdate({ deletes: [[7, [20, 1000]]] })
    expect(update.length).toBeLessThanOrEqual(19)
    const victim = new Y.Doc()
    victim.clientID = 7
    victim.getText('t').insert(0, 'twenty characters ok')
    Y.applyUpdateV2(victim, update)
    expect(victim.store.pendingDs).not.toBeNull()
    expect(checkUpdate(update, createLog(), MALLORY)).toEqual({ ok: false, code: 'delete-range' })
  })

  it('[CL3] takes no time for 2^50 structs, 2^50 values or 2^50 texts', () => {
    const many = [
      craftUpdate({ blocks: [{ client: 1, clock: 10, structs: [{ gc: 1 }], claims: 2 ** 50 }] }),
      craftUpdate(own({ ref: 8, content: (encoder) => encoder.writeLen(2 ** 50), ...inRoot })),
      craftUpdate(own({ ref: 2, content: (encoder) => encoder.writeLen(2 ** 50), ...inRoot })),
    ]
    const cpuMs = startCpuClock()
    for (const update of many) expect(checkUpdate(update, createLog(), MALLORY).ok).toBe(false)
    expect(cpuMs()).toBeLessThan(250)
  })

  it('[CL3] lets exactly 2^24 new clocks pass', () => {
    const verdict = checkUpdate(craftUpdate(own({ gc: 2 ** 24 })), createLog(), MALLORY)
    expect(verdict).toMatchObject({ ok: true, growth: new Map([[1, 10 + 2 ** 24]]) })
  })

  it('[CL3] cuts off known structs that differ, and the known half of one, before Yjs sees them', () => {
    const log = createLog()
    const doc = new Y.Doc()
    const feed = (update: Bytes): void => {
      const verdict = checkUpdate(update, log, MALLORY)
      if (!verdict.ok) throw new Error(verdict.code)
      log.grow(verdict.growth)
      Y.applyUpdateV2(doc, verdict.feed)
    }
    // A GC, and then an Item that lies half over it: Yjs throws for it as it stands.
    feed(craftUpdate({ blocks: [{ client: 2, clock: 0, structs: [{ gc: 5 }] }] }))
    const half = craftUpdate({
      blocks: [{ client: 2, clock: 0, structs: [{ ...content.text('abcdefgh'), ...inRoot }] }],
    })
    expect(() => {
      const copy = new Y.Doc()
      Y.applyUpdateV2(copy, craftUpdate({ blocks: [{ client: 2, clock: 0, structs: [{ gc: 5 }] }] }))
      Y.applyUpdateV2(copy, half)
    }).toThrow(TypeError)
    feed(half)
    expect(Y.getState(doc.store, 2)).toBe(8)
    expect(doc.getText('t').toJSON()).toBe('')
  })
})

describe('checkState', () => {
  it('[LO10] lets a stored document pass that is empty or leans on itself alone', () => {
    expect(checkState(craftUpdate({}))).toEqual({ ok: true, clocks: new Map(), deletes: [] })
    const doc = new Y.Doc()
    doc.clientID = 4
    doc.getText('t').insert(0, 'abc')
    expect(checkState(Y.encodeStateAsUpdateV2(doc) as Bytes)).toEqual({
      ok: true,
      clocks: new Map([[4, 3]]),
      deletes: [],
    })
  })

  it.each([
    ['gap', { blocks: [{ client: 4, clock: 1, structs: [{ gc: 1 }] }] }],
    ['origin', { blocks: [{ client: 4, clock: 0, structs: [{ ...content.text('a'), origin: [5, 0] }] }] }],
    ['delete-range', { deletes: [[4, [0, 1]]] }],
    ['skip', { blocks: [{ client: 4, clock: 0, structs: [{ skip: 1 }] }] }],
  ] as const)('[LO10] refuses as %s a stored document that does not', (code, update) => {
    expect(checkState(craftUpdate(update as Crafted))).toEqual({ ok: false, code })
  })
})
