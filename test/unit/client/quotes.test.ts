/** Others' entries, quoted: whose they are, and when they count. Rule CL31. */
import { cryptoReady, encodeAuthoredUpdate, encodePart, KIND, type Envelope } from '@y-sealed/protocol'
import { Session } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { DocumentLog, feedsOf, type LogOutcome } from '../../../client/log/document-log.ts'
import { cutContent } from '../../../client/provider/cut-update.ts'
import { QuotePlan } from '../../../client/quotes/quote-plan.ts'
import { rotate } from '../../support/members/intents.ts'
import { createNote, wordsOf } from '../../support/members/note.ts'
import { Forger, lose, planOf, quote, wordOf } from '../../support/members/quote-play.ts'
import { RoomLog, RoomWriter } from '../../support/snapshots/room-log.ts'

beforeAll(() => cryptoReady())

function textOf(outcomes: readonly (LogOutcome | undefined)[]): string {
  const doc = new Y.Doc()
  for (const outcome of outcomes) for (const update of outcome ? feedsOf(outcome) : []) Y.applyUpdateV2(doc, update)
  expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null])
  return doc.getText('note').toJSON()
}

describe('in members mode', () => {
  it('[CL31] a quote counts as its authors would have it: their clients are bound to them, and grow', async () => {
    const { note, bob, carol, lost } = await lose()
    const outcome = note.append(bob.seal(quote(...lost)))
    expect(textOf([outcome])).toBe('two one ')
    const { state } = note.creator.log
    expect([state.deviceOf(carol.client), state.clockOf(carol.client)]).toEqual([carol.device.id, 8])
    expect(outcome).toMatchObject({ kind: 'quoted', authored: 1 })
  })

  it('[CL31] quoted twice, by two, it counts and changes nothing', async () => {
    const { note, bob, lost } = await lose()
    const outcomes = [bob, note.creator].map((person) => note.append(person.seal(quote(...lost))))
    expect([outcomes.map(wordOf), textOf(outcomes)]).toEqual([['quoted', 'quoted'], 'two one '])
  })

  it('[CL31] its author, back again, writes anew what was quoted, and it is there once', async () => {
    const { note, bob, carol, lost } = await lose()
    const quoted = note.append(bob.seal(quote(...lost)))
    carol.renewSession()
    const outcomes = [quoted, note.append(carol.bind()), note.append(carol.type('three '))]
    expect([outcomes.map(wordOf), textOf(outcomes)]).toEqual([['quoted', 'bind', 'update'], 'three two one '])
  })

  it('[CL31] what was sealed under an epoch that is over counts: its author is still a member', async () => {
    const { note, bob, lost } = await lose()
    note.change(note.creator, rotate())
    expect(wordOf(note.append(bob.seal(quote(...lost))))).toBe('quoted')
  })

  it('[CL31] [LO9] an edit in parts is quoted whole or not at all', async () => {
    const { note, bob, carol, lost } = await lose()
    const whole = encodeAuthoredUpdate({ authored: 7, update: carol.edit('in parts ') })
    const session = new Session(note.documentId, carol.device)
    const [first, second] = [whole.slice(0, 9), whole.slice(9)].map((bytes, index) => {
      const part = encodePart({ index, count: 2, totalBytes: whole.length, bytes: bytes })
      return session.sealEntry(KIND.part, part, carol.membership.epochKey!, carol.log.head).envelope
    }) as [Envelope, Envelope]
    expect(wordOf(note.append(bob.seal(quote(...lost, first))))).toBe('quote')
    expect(wordOf(note.append(bob.seal(quote(...lost, second, first))))).toBe('quote')
    const outcome = note.append(bob.seal(quote(...lost, first, second)))
    expect([textOf([outcome]), outcome]).toMatchObject(['in parts two one ', { authored: 7 }])
  })

  it('[CL31] [CL1] whoever reads from the start makes the same of it, whatever comes first', async () => {
    const { note, bob, carol, lost } = await lose()
    note.append(bob.seal(quote(...lost)), carol.type('three '))
    for (const order of ['records first', 'entries alone'] as const) {
      const outcomes = await note.read(bob.device, order)
      expect(textOf(outcomes)).toBe(textOf(note.entries.length > 0 ? await note.read(bob.device, order, 1) : []))
      expect(textOf(outcomes)).toContain('two one ')
    }
  })

  it('[CL31] a plan quotes what the log lacks of others, with the binds that it needs, and no more', async () => {
    const { note, bob, carol, lost } = await lose()
    const hanging = carol.type('three ')
    const plan = (entries: readonly Envelope[], heldClock = 0): ReturnType<QuotePlan['finish']> => {
      const { log, membership: access } = bob
      const { authority, state, head } = log
      const made = new QuotePlan({
        access,
        authority,
        state,
        seq: head.seq + 1,
        device: bob.device.id,
        heldClockOf: () => heldClock,
        isTooLarge: () => false,
      })
      for (const each of entries) made.take(each)
      return made.finish()
    }
    const known = note.entries.map(({ envelope }) => envelope)
    // What hangs on something that nobody has waits; the rest does not wait for it.
    const first = plan([...known, ...lost.slice(0, 2), hanging])
    expect(first).toEqual({ quotes: [quote(...lost.slice(0, 2))], isLacking: true })
    note.append(bob.seal(first.quotes[0]!))
    expect(plan(lost.slice(0, 2))).toEqual({ quotes: [], isLacking: false })
    // What is its own it writes anew by itself.
    const own = bob.type('more ')
    expect(plan([own], 9)).toEqual({ quotes: [], isLacking: true })
    // But for what its document lacks: the run that gave up the log ended before that was sealed anew.
    expect(plan([own], 8)).toEqual({ quotes: [quote(own)], isLacking: true })
    // A quote that was lost itself is quoted by what is in it.
    expect(plan([bob.seal(quote(...lost)), hanging])).toEqual({ quotes: [quote(lost[2]!, hanging)], isLacking: true })
  })
})

describe('in shared-key mode', () => {
  it('[CL31] [KM15] a quote introduces whom it quotes, each by itself', () => {
    const room = new RoomLog()
    const [bob, carol] = [new RoomWriter(room), new RoomWriter(room)]
    room.append(bob.bind())
    const [bind, one, two] = [carol.bind(), carol.type('one '), carol.type('two ')]
    const append = (...envelopes: readonly Envelope[]): LogOutcome =>
      room.append(bob.seal(KIND.update, quote(...envelopes)))[0]!
    const outcomes = [append(one), append(bind, one), append(two), append(bind, two), append(bind, one, two)]
    expect([outcomes.map(wordOf), textOf(outcomes)]).toEqual([
      ['quote', 'quoted', 'quote', 'quoted', 'quoted'],
      'two one ',
    ])
    // Introduced in a quote, her session is none of the log's.
    const again = new DocumentLog(room.access)
    expect(wordsOf(again.take(room.entries)).slice(2)).toEqual(outcomes.map(wordOf))
    expect(again.sessionHeads().size).toBe(2)
  })

  it('[CL31] a plan introduces in each quote whom it quotes', () => {
    const room = new RoomLog()
    const [bob, carol] = [new RoomWriter(room), new RoomWriter(room)]
    room.append(bob.bind())
    const lost = [carol.bind(), ...Array.from({ length: 30 }, (_, i) => carol.type(`${i} ${'x'.repeat(9_000)}`))]
    const { authority, state, head } = room.log
    const plan = new QuotePlan({
      access: room.access,
      authority,
      state,
      seq: head.seq + 1,
      device: bob.device.id,
      heldClockOf: () => 0,
      isTooLarge: () => false,
    })
    for (const each of lost) plan.take(each)
    const { quotes } = plan.finish()
    expect(quotes.length).toBeGreaterThan(1)
    const outcomes = quotes.map((content) => {
      const contents = cutContent(content).map((each) => bob.seal(each.kind, each.content))
      return room.append(...contents).at(-1)
    })
    expect(outcomes.map(wordOf)).toEqual(quotes.map(() => 'quoted'))
    expect(textOf(outcomes)).toBe(carol.doc.getText('note').toJSON())
  })
})

describe('in shared-key mode, of a device that was back with another client', () => {
  it('[CL31] [KM15] a plan introduces the session of a bind, too', () => {
    const room = new RoomLog()
    const [bob, carol] = [new RoomWriter(room), new RoomWriter(room)]
    room.append(bob.bind())
    const first = carol.bind()
    // Bound in the first session, written in the second, which names another client first.
    carol.doc.clientID += 1
    const second = carol.bind(false)
    carol.renewSession()
    carol.doc.clientID += 1
    const third = carol.bind()
    carol.doc.clientID -= 1
    const lost = [first, second, third, carol.type('late ')]
    const { authority, state, head } = room.log
    const seq = head.seq + 1
    const reader = { access: room.access, authority, state, seq, device: bob.device.id }
    const plan = new QuotePlan({ ...reader, heldClockOf: () => 0, isTooLarge: () => false })
    for (const each of lost) plan.take(each)
    const outcomes = plan.finish().quotes.map((content) => room.append(bob.seal(KIND.update, content))[0])
    expect([outcomes.map(wordOf), textOf(outcomes)]).toEqual([['quoted'], 'late '])
  })
})

describe('a plan of what was quoted before', () => {
  it('[CL31] quotes anew what a quote in parts held, which was lost itself', async () => {
    const note = await createNote()
    const [bob, carol] = [await note.add('writer'), await note.add('writer')]
    const held = [carol.bind(), ...Array.from({ length: 6 }, (_, i) => carol.type(`${i}${'x'.repeat(9_000)} `))]
    const forger = new Forger(note, bob)
    const parts = cutContent(quote(...held)).map((each) => forger.seal(each.kind, each.content))
    expect(parts.length).toBeGreaterThan(1)
    const plan = planOf(note.creator)
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
    const plan = planOf(note.creator)
    for (const each of [held[0], begun, held[1]]) plan.take(each)
    expect(plan.finish()).toEqual({ quotes: [quote(...held)], isLacking: true })
  })
})
