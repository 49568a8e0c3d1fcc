import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import type { Bytes } from '@y-sealed/protocol'
import { checkState, checkUpdate } from '../../../../client/yjs/check-update.ts'
import { inspectUpdate } from '../../../../client/yjs/inspect-update.ts'
import { LogState } from '../../../../client/yjs/log-state.ts'
import { diffAgainst, mergeBatch } from '../../../../client/yjs/outgoing.ts'
import { fuzzRuns } from '../../../support/fuzz-runs.ts'
import { contentOf, isNothingPending, Person, type Step } from './replicas.ts'

const step = fc.record({
  who: fc.nat(2),
  kind: fc.nat(15),
  at: fc.nat(1000),
  size: fc.nat(100),
  // What travels after the step: nothing, the unsent edits one by one, merged, or as one diff; and who fetches.
  send: fc.nat(7),
  fetch: fc.boolean(),
})

/** A log that takes what is allowed and everybody reads from, each at their own pace. */
class Exchange {
  readonly entries: Bytes[] = []
  readonly state = new LogState()
  readonly #read = new Map<Person, number>()

  send(person: Person, how: number): void {
    const { unsent } = person
    if (unsent.length === 0) return
    this.state.bind(person.doc.clientID, person.device)
    const merged = how === 2 ? mergeBatch(unsent) : null
    const updates = how === 1 ? unsent : [merged ?? diffAgainst(person.doc, this.state.clocks())]
    for (const update of updates) this.#append(update, person)
    person.unsent = []
  }

  #append(update: Bytes, person: Person): void {
    const verdict = checkUpdate(update, this.state, person.device)
    if (!verdict.ok && verdict.code === 'empty') return
    if (!verdict.ok) throw new Error(`an honest update is refused: ${verdict.code}`)
    expectSameStructs(update)
    this.state.grow(verdict.growth)
    this.entries.push(verdict.feed)
  }

  fetch(person: Person): void {
    person.apply(this.entries.slice(this.#read.get(person) ?? 0))
    this.#read.set(person, this.entries.length)
  }
}

/** Our reader and Yjs' agree on every struct and every delete. */
function expectSameStructs(update: Bytes): void {
  const inspection = inspectUpdate(update)
  if (!inspection.ok) throw new Error(inspection.code)
  const { structs, ds } = Y.decodeUpdateV2(update)
  const ours = inspection.summary.blocks.flatMap((block) => block.structs)
  expect(ours.map(({ client, clock, length }) => [client, clock, length])).toEqual(
    structs.map(({ id, length }) => [id.client, id.clock, length]),
  )
  for (const [i, struct] of structs.entries()) {
    if (!(struct instanceof Y.Item)) continue
    expect({ ...ours[i]?.origin }).toEqual({ ...struct.origin })
    expect({ ...ours[i]?.rightOrigin }).toEqual({ ...struct.rightOrigin })
    expect({ ...ours[i]?.parent }).toEqual(struct.parent instanceof Y.ID ? { ...struct.parent } : {})
    expect(ours[i]?.isType).toBe(struct.content instanceof Y.ContentType)
  }
  expect(inspection.summary.deletes.map(({ client, clock, length }) => [client, clock, length])).toEqual(
    [...ds.clients].flatMap(([client, ranges]) => ranges.map(({ clock, len }) => [client, clock, len])),
  )
}

describe('checkUpdate, honest writers', () => {
  it.each([
    ['gc on', [true, true, true]],
    ['gc off', [false, false, false]],
    ['gc mixed', [true, false, true]],
  ] as const)('[CL3] lets every honest update pass and converge, with nothing pending (%s)', (_, gc) => {
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const people = gc.map((on, index) => new Person(index, { gc: on }))
      const exchange = new Exchange()
      for (const action of steps) {
        const person = people[action.who] as Person
        person.edit(action satisfies Step)
        if (action.send > 0 && action.send < 4) exchange.send(person, action.send)
        if (action.fetch) exchange.fetch(person)
      }
      // Twice: Yjs deletes redundant formats by itself when it takes in others' edits.
      for (let round = 0; round < 3; round++) {
        for (const person of people) exchange.send(person, 2)
        for (const person of people) exchange.fetch(person)
      }
      for (const person of people) expect(isNothingPending(person.doc)).toBe(true)
      for (const person of people) expect(contentOf(person.doc)).toEqual(contentOf((people[0] as Person).doc))
      for (const [client, clock] of exchange.state.clocks()) {
        expect(Y.getState((people[0] as Person).doc.store, client)).toBe(clock)
      }
      expectReload(exchange, people[0] as Person)
    })
    fc.assert(property, { numRuns: fuzzRuns(100) })
  })

  it('[CL3] lets a large table of empty cells pass that is pasted at once', () => {
    const person = new Person(0, { gc: true })
    const row = (): Y.Array<Y.Map<unknown>> => Y.Array.from(Array.from({ length: 60 }, () => new Y.Map()))
    person.doc.getArray('table').push(Array.from({ length: 3_000 }, row))
    const log = new LogState()
    log.bind(person.doc.clientID, person.device)
    const update = diffAgainst(person.doc, log.clocks())
    expect(update.length).toBeLessThan(40_000)
    expect(checkUpdate(update, log, person.device)).toMatchObject({
      ok: true,
      growth: new Map([[person.doc.clientID, 3_000 * 61]]),
    })
  })
})

/** A newcomer who reads the log, and one who reads a snapshot, see the same. */
function expectReload(exchange: Exchange, person: Person): void {
  const newcomer = new Person(9, { gc: true })
  newcomer.apply(exchange.entries)
  expect(isNothingPending(newcomer.doc)).toBe(true)
  expect(contentOf(newcomer.doc)).toEqual(contentOf(person.doc))
  const state = Y.encodeStateAsUpdateV2(person.doc) as Bytes
  expect(checkState(state)).toMatchObject({ ok: true, clocks: new Map(exchange.state.clocks()) })
  expectSameStructs(state)
  const reader = new Person(10, { gc: true })
  reader.apply([state])
  expect(contentOf(reader.doc)).toEqual(contentOf(person.doc))
}
