/**
 * Updates by chance, from two sources: bytes of real ones changed, and well-formed ones whose structs point anywhere.
 * Whatever passes the check leaves nothing pending, throws nothing, and moves the clocks that it said.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import type { Bytes } from '@y-sealed/protocol'
import { checkUpdate } from '../../client/yjs/check-update.ts'
import { feedUpdate } from '../../client/yjs/feed-update.ts'
import { inspectUpdate } from '../../client/yjs/inspect-update.ts'
import { LogState } from '../../client/yjs/log-state.ts'
import { fuzzRuns } from '../support/fuzz-runs.ts'
import { isNothingPending, Person } from '../unit/client/yjs/replicas.ts'
import { content, craftUpdate, type Block, type Id, type Struct } from './yjs-update.ts'
import { startCpuClock } from '../support/cpu-clock.ts'

const MALLORY = new Uint8Array(16).fill(13)
/** Microseconds that a byte may cost, and a whole update however short: a bad machine's, not a good one's. */
const MICROSECONDS_PER_BYTE = 50
const MICROSECONDS_AT_ALL = 250_000

/** Of an update that says nothing. */
const EMPTY_BYTES = craftUpdate({}).length

/** Counts that the test prints, so that one sees what was tried. */
class Tally {
  readonly #counts = new Map<string, number>()
  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }
  get passed(): number {
    return this.#counts.get('passed') ?? 0
  }
  print(title: string): void {
    const counts = [...this.#counts].toSorted(([, a], [, b]) => b - a).map(([what, count]) => `${what} ${count}`)
    console.log(`${title}: ${counts.join(', ')}`)
  }
}

/** Real updates of one person: single edits, and merged and whole states. */
function createCorpus(): Bytes[] {
  const person = new Person(0, { gc: true })
  for (let i = 0; i < 160; i++) person.edit({ who: 0, kind: i * 7, at: i * 31, size: i * 13 })
  // Yjs tells of some transactions that changed nothing.
  const single = person.unsent.filter((update) => update.length > EMPTY_BYTES)
  const merged = Array.from(
    { length: Math.floor(single.length / 20) },
    (_, i) => Y.mergeUpdatesV2(single.slice(i * 20, i * 20 + 20)) as Bytes,
  )
  return [...single, ...merged, Y.encodeStateAsUpdateV2(person.doc) as Bytes]
}

describe('bytes changed', () => {
  const corpus = createCorpus()
  const change = fc.record({ kind: fc.nat(4), at: fc.nat(1_000_000), byte: fc.nat(255), from: fc.nat(1_000_000) })
  const mutate = (
    update: Bytes,
    changes: readonly { kind: number; at: number; byte: number; from: number }[],
  ): Bytes => {
    let bytes = [...update]
    for (const { kind, at, byte, from } of changes) {
      const place = at % Math.max(1, bytes.length)
      if (kind === 0) bytes[place] = byte
      else if (kind === 1) bytes[place] = (bytes[place] ?? 0) ^ (1 << (byte & 7))
      else if (kind === 2) bytes.splice(place, 1)
      else if (kind === 3) bytes.splice(place, 0, byte)
      else bytes = [...bytes.slice(0, place), ...bytes.slice(from % bytes.length)]
    }
    return Uint8Array.from(bytes)
  }

  it('[CL3] [K18] never throws, takes time by length, and leaves nothing pending', () => {
    const tally = new Tally()
    // What the changed update is applied to: all that its person wrote before, or nothing.
    const property = fc.property(
      fc.nat(corpus.length - 1),
      fc.array(change, { maxLength: 4 }),
      fc.boolean(),
      (pick, changes, fresh) => {
        const update = mutate(corpus[pick] as Bytes, changes)
        const log = new LogState()
        log.bind(1000, MALLORY)
        const doc = new Y.Doc()
        const before = fresh ? [] : corpus.slice(0, pick)
        for (const edit of before) {
          const verdict = checkUpdate(edit, log, MALLORY)
          if (!verdict.ok) throw new Error(verdict.code)
          log.grow(verdict.growth)
          Y.applyUpdateV2(doc, edit)
        }
        const cpuMs = startCpuClock()
        const verdict = checkUpdate(update, log, MALLORY)
        expect(cpuMs() * 1000).toBeLessThan(MICROSECONDS_AT_ALL + MICROSECONDS_PER_BYTE * update.length)
        tally.count(verdict.ok ? 'passed' : verdict.code)
        if (!verdict.ok) return
        log.grow(verdict.growth)
        feedUpdate(doc, verdict.feed, null)
        expect(isNothingPending(doc)).toBe(true)
        expect(Y.getState(doc.store, 1000)).toBe(log.clockOf(1000))
        Y.encodeStateAsUpdateV2(doc)
      },
    )
    fc.assert(property, { numRuns: fuzzRuns(600), seed: fuzzRuns(1) === 1 ? 18 : Date.now() })
    tally.print(`changed updates (corpus ${corpus.length})`)
    expect(tally.passed).toBeGreaterThan(20)
  })

  it('[CL3] reads no struct otherwise than Yjs does', () => {
    const property = fc.property(fc.nat(corpus.length - 1), fc.array(change, { maxLength: 3 }), (pick, changes) => {
      const update = mutate(corpus[pick] as Bytes, changes)
      const inspection = inspectUpdate(update)
      if (!inspection.ok) return
      const ours = inspection.summary.blocks.flatMap((block) => block.structs)
      const { structs } = Y.decodeUpdateV2(update)
      expect(ours.map(({ client, clock, length }) => [client, clock, length])).toEqual(
        structs.map(({ id, length }) => [id.client, id.clock, length]),
      )
    })
    fc.assert(property, { numRuns: fuzzRuns(600) })
  })
})

describe('structs that point anywhere', () => {
  const kinds = [
    (n: number) => content.deleted(1 + (n % 3)),
    (n: number) => content.text('abcd'.slice(0, 1 + (n % 4))),
    (n: number) => content.type(n % 3),
    (n: number) => content.any(n, { n }),
    (n: number) => content.format('b', n % 2 === 0 ? true : null),
    (n: number) => content.document(`g${n % 2}`, n % 2 === 0 ? {} : { autoLoad: true }),
    () => content.type(2),
    () => content.json('1', '[2]'),
  ]
  const reference = fc.tuple(fc.nat(2), fc.nat(1000))
  const struct = fc.record({
    kind: fc.nat(9),
    detail: fc.nat(11),
    how: fc.nat(5),
    first: reference,
    second: reference,
    key: fc.nat(5),
  })
  const update = fc.record({
    blocks: fc.array(fc.record({ overlap: fc.nat(15), structs: fc.array(struct, { minLength: 1, maxLength: 5 }) }), {
      minLength: 0,
      maxLength: 3,
    }),
    deletes: fc.array(fc.tuple(reference, fc.nat(3)), { maxLength: 2 }),
  })

  it('[CL3] [CL9] leaves nothing pending and throws nothing, with and without garbage collection, one by one and in a page', () => {
    const tally = new Tally()
    const property = fc.property(fc.array(update, { maxLength: 12 }), (updates) => {
      const log = new LogState()
      for (const client of [1, 2, 3]) log.bind(client, MALLORY)
      const docs = [new Y.Doc(), new Y.Doc({ gc: false })]
      const feeds: Bytes[] = []
      for (const { blocks, deletes } of updates) {
        // A place that the log has, if it has any.
        const idOf = ([who, at]: readonly [number, number]): Id => {
          const clients = [1, 2, 3].filter((client) => log.clockOf(client) > 0)
          const client = clients[who % Math.max(1, clients.length)] ?? 1 + who
          return [client, at % Math.max(1, log.clockOf(client) + (at > 980 ? 3 : 0))]
        }
        const hasAny = log.clocks().size > 0
        const crafted = craftUpdate({
          blocks: blocks.map(({ overlap, structs }, i): Block => {
            const known = log.clockOf(i + 1)
            return {
              client: i + 1,
              clock: overlap < 4 ? Math.max(0, known - overlap) : known,
              structs: structs.map(({ kind, detail, how, first, second, key }): Struct => {
                const make = kinds[kind]
                if (!make) return { gc: 1 + detail }
                const sub = key < 2 ? { sub: `k${key}` } : {}
                if (!hasAny || how === 0) return { ...make(detail), parent: 't', ...sub }
                if (how === 1) return { ...make(detail), parent: idOf(first), ...sub }
                const origin = how === 3 ? {} : { origin: idOf(first) }
                return { ...make(detail), ...origin, ...(how === 2 ? {} : { right: idOf(second) }) }
              }),
            }
          }),
          deletes: deletes.map(([id, length]) => {
            const [client, clock] = idOf(id)
            return [client, [clock, 1 + length]] as const
          }),
        })
        const verdict = checkUpdate(crafted, log, MALLORY)
        tally.count(verdict.ok ? 'passed' : verdict.code)
        if (!verdict.ok) continue
        log.grow(verdict.growth)
        feeds.push(verdict.feed)
        for (const doc of docs) feedUpdate(doc, verdict.feed, null)
      }
      const page = new Y.Doc()
      page.transact(() => {
        for (const feed of feeds) feedUpdate(page, feed, null)
      })
      for (const doc of [...docs, page]) {
        expect(isNothingPending(doc)).toBe(true)
        for (const [client, clock] of log.clocks()) expect(Y.getState(doc.store, client)).toBe(clock)
        const copy = new Y.Doc()
        feedUpdate(copy, Y.encodeStateAsUpdateV2(doc) as Bytes, null)
        expect(isNothingPending(copy)).toBe(true)
      }
    })
    fc.assert(property, { numRuns: fuzzRuns(600), seed: fuzzRuns(1) === 1 ? 18 : Date.now() })
    tally.print('crafted updates')
    expect(tally.passed).toBeGreaterThan(1000)
  })
})
