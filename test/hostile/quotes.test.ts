/**
 * T47: quotes made by who would put words in the mouths of others, have devices disagree, or have them do much work for little. Rule CL31.
 */
import { cryptoReady, decodeQuote, encodeAuthoredUpdate, encodeBind, Envelope, KIND, OFFSET } from '@y-sealed/protocol'
import { createDeviceSeeds, Device, Session } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { feedsOf } from '../../client/log/document-log.ts'
import { feedUpdate } from '../../client/yjs/feed-update.ts'
import { remove, rotate } from '../support/members/intents.ts'
import { createNote, wordsOf } from '../support/members/note.ts'
import { Forger, lose, planOf, quote, spoil, wordOf } from '../support/members/quote-play.ts'
import { type Block } from './yjs-update.ts'

beforeAll(() => cryptoReady())

describe('epochs', () => {
  it('T47 [CL31] [CL1] of one that a later record opens nothing is quoted, be that record known or not', async () => {
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

  it('T47 [CL31] [LO10] one that never was keeps nobody from making snapshots', async () => {
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

describe('whose words', () => {
  it('T47 [CL31] [K20] nothing of who was removed comes back', async () => {
    const { note, bob, carol, lost } = await lose()
    note.change(note.creator, remove(carol.device.id))
    expect(wordOf(note.append(bob.seal(quote(...lost))))).toBe('quote')
  })

  it('T47 [CL31] nobody is quoted with what they did not sign, nor by a reader', async () => {
    const { note, bob, carol, lost } = await lose()
    const [bind, one, two] = lost as readonly [Envelope, Envelope, Envelope]
    const dave = await note.add('reader')
    const { documentId } = note
    const key = bob.membership.epochKey!
    const session = new Session(documentId, bob.device)
    // Bob's own signature, on what Carol wrote and on her client.
    const forged = [
      session.sealEntry(KIND.bind, encodeBind({ clientId: carol.client, introduction: null }), key, bob.log.head),
      session.sealEntry(KIND.update, encodeAuthoredUpdate({ authored: 1, update: carol.edit('x') }), key, bob.log.head),
    ].map(({ envelope }) => envelope)
    const stranger = new Session(documentId, new Device(createDeviceSeeds()))
    const unknown = stranger.sealEntry(
      KIND.update,
      encodeAuthoredUpdate({ authored: 1, update: dave.edit('x') }),
      key,
      {
        seq: 1,
        transcript: new Uint8Array(32),
      },
    ).envelope
    const refused = {
      'a signature that is none': [bind, spoil(one), two],
      'one that a later one vouches for': [spoil(bind), one],
      'a client of somebody else': [bind, forged[1]!],
      'no member': [bind, one, unknown],
      'without its bind': [one],
      'a gap': [bind, two],
      'an edit of the quote of an edit': [bob.seal(quote(...lost))],
      'a bind alone': [bind],
      'a record': [note.entries[0]!.envelope],
    }
    for (const [why, envelopes] of Object.entries(refused)) {
      bob.renewSession()
      expect([why, wordOf(note.append(bob.seal(quote(...envelopes))))]).toEqual([why, 'quote'])
    }
    bob.renewSession()
    expect(wordOf(note.append(bob.seal(quote().slice(0, 8))))).toBe('quote')
    expect(wordOf(note.append(dave.seal(quote(...lost))))).toBe('role')
    expect(note.creator.log.state.clockOf(carol.client)).toBe(0)
    expect(note.creator.log.state.deviceOf(carol.client)).toBe(null)
  })

  it('T47 [CL31] binds that somebody has made up, in a quote that did not count, keep nobody from being quoted', async () => {
    const { note, bob, carol, lost } = await lose()
    const mallory = await note.add('writer')
    const plan = planOf(bob)
    plan.take(mallory.seal(quote(spoil(lost[0]!))))
    for (const each of lost) plan.take(each)
    const { quotes } = plan.finish()
    expect(quotes.map((content) => wordOf(note.append(bob.seal(content))))).toEqual(['quoted'])
    expect(note.creator.log.state.clockOf(carol.client)).toBe(8)
  })

  it('T47 [CL31] of another document nothing is quoted', async () => {
    const { note, bob } = await lose()
    const other = await lose()
    expect(wordOf(note.append(bob.seal(quote(...other.lost))))).toBe('quote')
  })
})

function text(client: number, clock: number, word: string): Block {
  const structs = [{ ref: 4, content: (encoder: Y.UpdateEncoderV2) => encoder.writeString(word), parent: 'note' }]
  return { client, clock, structs }
}

describe('what Yjs gets of it', () => {
  it('T47 [CL31] [CL3] is all that the log says it has, in whatever order the updates have their clients', async () => {
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
    'T47 [CL31] [CL3] is bounded: structs of all that is quoted count together, and a quote holds 4 096 entries at most',
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
      const plan = planOf(note.creator)
      for (const each of lost) plan.take(each)
      const { quotes } = plan.finish()
      expect(wordsOf(quotes.map((content) => own.appendAll(content)!))).toEqual(['quoted', 'quoted'])

      const bind = quoted.bind(1)
      const [most, tooMany] = [4_096, 4_097].map((count) => quote(...Array.from({ length: count }, () => bind)))
      expect([decodeQuote(most!).ok, decodeQuote(tooMany!).ok]).toEqual([true, false])
    },
  )
})
