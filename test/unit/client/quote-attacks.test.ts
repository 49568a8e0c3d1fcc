/** Quotes made by who would have devices disagree, or do much work for little. Rule CL31. */
import {
  cryptoReady,
  decodeQuote,
  encodeAuthoredUpdate,
  encodeBind,
  encodePart,
  encodeQuote,
  Envelope,
  KIND,
  OFFSET,
  type Bytes,
} from '@y-sealed/protocol'
import { Session } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { feedsOf } from '../../../client/log/document-log.ts'
import { cutContent } from '../../../client/provider/cut-update.ts'
import { QuotePlan } from '../../../client/quotes/quote-plan.ts'
import { feedUpdate } from '../../../client/yjs/feed-update.ts'
import { craftUpdate, type Block } from '../../hostile/yjs-update.ts'
import { rotate } from '../../support/members/intents.ts'
import { createNote, wordsOf, type Note, type Person } from '../../support/members/note.ts'

beforeAll(() => cryptoReady())

function quote(...envelopes: readonly Envelope[]): Bytes {
  return encodeQuote({ envelopes: envelopes.map(({ bytes }) => bytes) })
}

describe('epochs', () => {
  it('[CL31] [CL1] of one that a later record opens nothing is quoted, be that record known or not', async () => {
    const note = await createNote()
    const [bob, carol] = [await note.add('writer'), await note.add('writer')]
    note.append(bob.bind())
    // Its key is known to who makes the record, before it stands in the log.
    const record = note.creator.record(rotate())
    const ahead = await note.arrive(carol.device)
    ahead.membership.takeRecords([{ seq: note.entries.length + 2, envelope: record }], 0)
    const update = encodeAuthoredUpdate({ authored: 1, update: bob.edit('early ') })
    const session = new Session(note.documentId, bob.device)
    const { envelope } = session.sealEntry(KIND.update, update, ahead.membership.keyOf(2)!, bob.log.head)
    const live = note.append(bob.seal(quote(envelope)))!
    note.append(record)
    const words = [wordsOf([live])]
    for (const order of ['records first', 'entries alone'] as const) {
      const outcomes = await note.read(carol.device, order)
      words.push(wordsOf(outcomes.filter(({ seq }) => seq === live.seq)))
    }
    expect(words).toEqual([['quote'], ['quote'], ['quote']])
  })

  it('[CL31] [LO10] one that never was keeps nobody from making snapshots', async () => {
    const note = await createNote()
    const bob = await note.add('writer')
    note.append(bob.bind())
    const bytes = bob.bind().bytes.slice()
    new DataView(bytes.buffer).setUint32(OFFSET.epoch, 4_000_000_000)
    bob.renewSession()
    const outcome = note.append(bob.seal(quote(new Envelope(bytes))))!
    expect([wordsOf([outcome]), note.creator.log.isQuiet]).toEqual([['quote'], true])
  })
})

/** Somebody who seals, under a session that nobody knows of, what no honest Yjs would make. */
class Forger {
  readonly #note: Note
  readonly #person: Person
  readonly #session: Session

  constructor(note: Note, person: Person) {
    this.#note = note
    this.#person = person
    this.#session = new Session(note.documentId, person.device)
  }

  seal(kind: 1 | 2 | 3, content: Bytes): Envelope {
    const { membership, log } = this.#person
    return this.#session.sealEntry(kind, content, membership.epochKey!, log.head).envelope
  }

  bind(clientId: number): Envelope {
    return this.seal(KIND.bind, encodeBind({ clientId, introduction: null }))
  }

  update(...blocks: readonly Block[]): Envelope {
    return this.seal(KIND.update, encodeAuthoredUpdate({ authored: 1, update: craftUpdate({ blocks }) }))
  }

  /** The quote, as it leaves. */
  append(...envelopes: readonly Envelope[]): ReturnType<Note['append']> {
    return this.appendAll(quote(...envelopes))
  }

  appendAll(content: Bytes): ReturnType<Note['append']> {
    return this.#note.append(...cutContent(content).map((each) => this.seal(each.kind, each.content)))
  }
}

function text(client: number, clock: number, word: string): Block {
  const structs = [{ ref: 4, content: (encoder: Y.UpdateEncoderV2) => encoder.writeString(word), parent: 'note' }]
  return { client, clock, structs }
}

describe('what Yjs gets of it', () => {
  it('[CL31] [CL3] is all that the log says it has, in whatever order the updates have their clients', async () => {
    const note = await createNote()
    const bob = await note.add('writer')
    const own = new Forger(note, bob)
    const quoted = new Forger(note, bob)
    const binds = [1, 5, 9].map((client) => quoted.bind(client))
    // Yjs writes the highest client first, and reads any order.
    const outcome = own.append(
      ...binds,
      quoted.update(text(1, 0, 'first'), text(9, 0, 'xyz')),
      quoted.update(text(5, 0, 'middle')),
    )!
    const doc = new Y.Doc()
    for (const update of feedsOf(outcome)) feedUpdate(doc, update, null)
    const { state } = note.creator.log
    expect([1, 5, 9].map((client) => Y.getState(doc.store, client))).toEqual([5, 6, 3])
    expect([1, 5, 9].map((client) => state.clockOf(client))).toEqual([5, 6, 3])
  })

  it(
    '[CL31] [CL3] is bounded: structs of all that is quoted count together, and a quote holds 4 096 entries at most',
    { timeout: 90_000 },
    async () => {
      const note = await createNote()
      const bob = await note.add('writer')
      const [own, quoted] = [new Forger(note, bob), new Forger(note, bob)]
      const many = (clock: number): Envelope =>
        quoted.update({ client: 1, clock, structs: Array.from({ length: 262_144 }, () => ({ gc: 1 })) })
      const lost = [quoted.bind(1), many(0), many(262_144), many(524_288)]
      expect(lost.every(({ bytes }) => bytes.length < 500)).toBe(true)
      expect(wordsOf([own.append(...lost)!])).toEqual(['quote'])
      // Who quotes makes two of it.
      const { log, membership: access, device } = note.creator
      const { authority, state, head } = log
      const plan = new QuotePlan({
        access,
        authority,
        state,
        seq: head.seq + 1,
        device: device.id,
        heldClockOf: () => 0,
        isTooLarge: () => false,
      })
      for (const each of lost) plan.take(each)
      const { quotes } = plan.finish()
      expect(wordsOf(quotes.map((content) => own.appendAll(content)!))).toEqual(['quoted', 'quoted'])

      const bind = quoted.bind(1)
      const [most, tooMany] = [4_096, 4_097].map((count) => quote(...Array.from({ length: count }, () => bind)))
      expect([decodeQuote(most!).ok, decodeQuote(tooMany!).ok]).toEqual([true, false])
    },
  )
})

describe('a plan', () => {
  it('[CL31] quotes anew what a quote in parts held, which was lost itself', async () => {
    const note = await createNote()
    const [bob, carol] = [await note.add('writer'), await note.add('writer')]
    const held = [carol.bind(), ...Array.from({ length: 6 }, (_, i) => carol.type(`${i}${'x'.repeat(9_000)} `))]
    const forger = new Forger(note, bob)
    const parts = cutContent(quote(...held)).map((each) => forger.seal(each.kind, each.content))
    expect(parts.length).toBeGreaterThan(1)
    const { log, membership: access, device } = note.creator
    const { authority, state, head } = log
    const plan = new QuotePlan({
      access,
      authority,
      state,
      seq: head.seq + 1,
      device: device.id,
      heldClockOf: () => 0,
      isTooLarge: () => false,
    })
    for (const each of parts) plan.take(each)
    expect(plan.finish()).toEqual({ quotes: [quote(...held)], isLacking: true })
  })

  it('[CL31] [LO9] is not kept from an edit by parts before it that nobody ended', async () => {
    const note = await createNote()
    const [bob, carol] = [await note.add('writer'), await note.add('writer')]
    const held = [carol.bind(), carol.type('one ')] as const
    const begun = new Forger(note, bob).seal(
      KIND.part,
      encodePart({ index: 0, count: 2, totalBytes: 9, bytes: new Uint8Array(4) }),
    )
    const { log, membership: access, device } = note.creator
    const { authority, state, head } = log
    const plan = new QuotePlan({
      access,
      authority,
      state,
      seq: head.seq + 1,
      device: device.id,
      heldClockOf: () => 0,
      isTooLarge: () => false,
    })
    for (const each of [held[0], begun, held[1]]) plan.take(each)
    expect(plan.finish()).toEqual({ quotes: [quote(...held)], isLacking: true })
  })
})
