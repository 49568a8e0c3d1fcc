import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import {
  cryptoReady,
  encodeQuote,
  encodeSnapshotContext,
  Envelope,
  packBindings,
  type Bytes,
  type Envelope as EnvelopeType,
} from '@y-sealed/protocol'
import { createDeviceSeeds, Device, Session, type EpochKey } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../../../../client/document/document-access.ts'
import { DocumentLog, feedsOf, type LogEntry, type LogOutcome } from '../../../../client/log/document-log.ts'
import { ApartDocument } from '../../../../client/snapshots/apart-document.ts'
import { digestState } from '../../../../client/snapshots/digest-state.ts'
import { makeSnapshot, type MadeSnapshot } from '../../../../client/snapshots/make-snapshot.ts'
import { openSnapshot, type OpenedSnapshot } from '../../../../client/snapshots/opened-snapshot.ts'
import { rebuildLog, type RebuiltLog } from '../../../../client/snapshots/rebuild.ts'
import { Slices } from '../../../../client/snapshots/slices.ts'
import { remove, rotate } from '../../../support/members/intents.ts'
import { createNote, wordsOf, type Note, type Person } from '../../../support/members/note.ts'
import { RoomLog, RoomWriter } from '../../../support/snapshots/room-log.ts'

beforeAll(() => cryptoReady())

interface ReadableLog {
  readonly entries: readonly LogEntry[]
  readonly access: DocumentAccess
  readonly key: EpochKey
}

const step = fc.record({ who: fc.nat(3), what: fc.nat(17), at: fc.nat(8) })
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function spoil({ bytes }: EnvelopeType): EnvelopeType {
  const spoilt = bytes.slice()
  spoilt[spoilt.length - 1] = spoilt.at(-1)! ^ 1
  return new Envelope(spoilt)
}

/** Others' entries: some that never came to the log, or some that stand in it. */
function quoteOf(withheld: readonly EnvelopeType[], entries: readonly LogEntry[], at: number): Bytes {
  const known = entries.slice(1).map(({ envelope }) => envelope)
  const some = at % 3 === 0 ? known.slice(at, 2 * at + 1) : withheld.slice(0, at + 1)
  return encodeQuote({ envelopes: (some.length === 0 ? withheld : some).map(({ bytes }) => bytes) })
}

function playRoom(steps: readonly Step[]): ReadableLog {
  const room = new RoomLog()
  const writers = [0, 1, 2].map(() => new RoomWriter(room))
  for (const writer of writers.slice(0, 2)) room.append(writer.bind())
  const withheld = [writers[2]!.bind(), writers[2]!.type('held ')]
  for (const { who, what, at } of steps) {
    const writer = writers[who % 3]!
    if (what < 5) room.append(writer.type(`w${at} `))
    else if (what === 5) room.append(spoil(writer.type('x')), writer.type('y'))
    else if (what === 6) room.append(spoil(writer.type('x')))
    else if (what === 7) {
      writer.renewSession()
      room.append(writer.bind(at % 3 !== 0))
    } else if (what === 8) room.append(room.entries[at % room.entries.length]!.envelope)
    else if (what === 9) writer.doc.getText('note').delete(0, Math.min(2, writer.doc.getText('note').length))
    else if (what === 10) {
      writer.seal(1, writer.content('lost '))
      room.append(writer.type('gap '))
    } else if (what === 11) room.append(writer.seal(1, Uint8Array.of(1, 2, 3)))
    else if (what === 12) {
      withheld.push(writer.type('held '))
      writer.renewSession()
      room.append(writer.bind())
    } else room.append(writer.seal(1, quoteOf(withheld, room.entries, at)))
  }
  return { entries: room.entries, access: room.access, key: room.access.keyOf(1)! }
}

async function playNote(steps: readonly Step[]): Promise<ReadableLog> {
  const note: Note = await createNote()
  const people: Person[] = [note.creator, await note.add('writer'), await note.add('reader')]
  for (const person of people) note.append(person.bind())
  const absent = await note.add('writer')
  const withheld = [absent.bind(), absent.type('held ')]
  for (const { who, what, at } of steps) {
    const person = people[who % people.length]!
    if (what < 6) note.append(person.type(`w${at} `))
    else if (what === 6) note.append(spoil(person.type('x')), person.type('y'))
    else if (what === 7) note.append(spoil(person.type('x')))
    else if (what === 8) person.renewSession()
    else if (what === 9) note.append(note.entries[at % note.entries.length]!.envelope)
    else if (what === 10) note.change(note.creator, rotate())
    else if (what === 12) {
      withheld.push(person.type('held '))
      person.renewSession()
    } else if (what > 12) note.append(person.seal(quoteOf(withheld, note.entries, at)))
    else if (people.length > 1) {
      const gone = people.pop()!
      note.people.splice(note.people.indexOf(gone), 1)
      note.change(note.creator, remove(gone.device.id))
    }
  }
  return { entries: note.entries, access: note.creator.membership, key: note.creator.membership.epochKey! }
}

const readFrom =
  (entries: readonly LogEntry[]) =>
  (fromSeq: number): Promise<readonly { seq: number; envelope: Bytes }[]> =>
    Promise.resolve(
      entries.slice(fromSeq - 1, fromSeq + 6).map(({ seq, envelope }) => ({ seq, envelope: envelope.bytes })),
    )

async function rebuild(log: ReadableLog, end: number, base: OpenedSnapshot | null): Promise<RebuiltLog | null> {
  const reader = new DocumentLog(log.access)
  reader.take(log.entries.slice(0, end))
  return rebuildLog({ access: log.access, base, end: reader.head, read: readFrom(log.entries), slices: new Slices() })
}

async function make({ access, key }: ReadableLog, rebuilt: RebuiltLog): Promise<MadeSnapshot> {
  const session = new Session(access.documentId, new Device(createDeviceSeeds()))
  const options = { document: access.documentId, session, key, authoredAt: 1, slices: new Slices() }
  return (await makeSnapshot(rebuilt, options))!
}

function reopen({ access }: ReadableLog, { envelope, id }: MadeSnapshot): OpenedSnapshot {
  return openSnapshot(envelope.bytes, { documentId: access.documentId, id, keyOf: (epoch) => access.keyOf(epoch) })!
}

interface ReadLog {
  readonly words: readonly string[]
  readonly text: string
  readonly head: DocumentLog['head']
  readonly context: Bytes | null
}

/** What a log comes to, read from `base` to its end, so many entries at a time: of each entry after `from` what it is, what it says, and the text. */
function readOn({ access, entries }: ReadableLog, base: OpenedSnapshot | null, from: number, page = 1_000): ReadLog {
  const log = new DocumentLog(access, base ?? undefined)
  const apart = new ApartDocument()
  if (base) apart.feed([base.state])
  const outcomes: LogOutcome[] = []
  for (let at = base?.seq ?? 0; at < entries.length; at += page)
    outcomes.push(...log.take(entries.slice(at, at + page)))
  for (const outcome of outcomes) apart.feed(feedsOf(outcome))
  const words = wordsOf(outcomes.filter(({ seq }) => seq > from))
  const text = apart.doc.getText('note').toJSON()
  return { words, text, head: log.head, context: log.isQuiet ? encodeSnapshotContext(log.context()) : null }
}

describe('a snapshot and the log after it', () => {
  it.each<readonly [string, (steps: readonly Step[]) => ReadableLog | Promise<ReadableLog>]>([
    ['in shared-key mode', playRoom],
    ['of members', playNote],
  ])(
    '[LO10] [CL1] [CL31] %s say what the log says, wherever the snapshot ends',
    { timeout: 60_000 },
    async (_, play) => {
      let compared = 0
      let quoted = 0
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { maxLength: 40 }),
          fc.double({ min: 0, max: 1, noNaN: true }),
          async (steps, part) => {
            const log = await play(steps)
            const end = Math.max(1, Math.floor(part * log.entries.length))
            const rebuilt = await rebuild(log, end, null)
            if (rebuilt === null) return
            compared += 1
            const base = reopen(log, await make(log, rebuilt))
            const read = readOn(log, null, end)
            quoted += read.words.filter((word) => word === 'quoted').length
            expect(readOn(log, base, end)).toEqual(read)
            expect(readOn(log, null, end, 1)).toEqual(read)
            // From the snapshot on, the whole comes to the same digest as from the start.
            const [whole, onwards] = [
              await rebuild(log, log.entries.length, null),
              await rebuild(log, log.entries.length, base),
            ]
            const { documentId } = log.access
            const digest = async (each: RebuiltLog | null): Promise<Bytes | null> =>
              each && (await digestState(documentId, log.key, each, new Slices()))
            expect(await digest(onwards)).toEqual(await digest(whole))
          },
        ),
        { numRuns: 40 },
      )
      expect(compared).toBeGreaterThan(20)
      expect(quoted).toBeGreaterThan(5)
    },
  )

  it('[LO10] ends neither where an entry waits for its signature nor within a group of parts', async () => {
    const room = new RoomLog()
    const writer = new RoomWriter(room)
    room.append(writer.bind(), writer.type('a'), spoil(writer.type('b')), writer.type('c'))
    const log = { entries: room.entries, access: room.access, key: room.access.keyOf(1)! }
    expect(await rebuild(log, 3, null)).not.toBeNull()
    expect(await rebuild(log, 4, null)).toBeNull()
    expect(await rebuild(log, 5, null)).not.toBeNull()
  })

  it('[LO10] [K1] opens as what it is, and with a bit changed not at all', async () => {
    const room = new RoomLog()
    const writer = new RoomWriter(room)
    room.append(writer.bind(), writer.type('a word'))
    const log = { entries: room.entries, access: room.access, key: room.access.keyOf(1)! }
    const made = await make(log, (await rebuild(log, 3, null))!)
    const opened = reopen(log, made)
    const doc = new Y.Doc()
    Y.applyUpdateV2(doc, opened.state)
    expect(doc.getText('note').toJSON()).toBe('a word')
    expect([opened.seq, opened.authoredAt, opened.id]).toEqual([3, 1, made.id])
    const { bytes } = made.envelope
    const name = { documentId: log.access.documentId, id: made.id, keyOf: (epoch: number) => log.access.keyOf(epoch) }
    for (let at = 0; at < bytes.length - 64; at += 7) {
      const changed = bytes.slice()
      changed[at] = changed[at]! ^ 4
      expect(openSnapshot(changed, name), `byte ${at}`).toBeNull()
    }
  })

  it('[LO12] has another digest under another key, and with any of its context changed', async () => {
    const room = new RoomLog()
    const writer = new RoomWriter(room)
    room.append(writer.bind(), writer.type('a word'))
    const log = { entries: room.entries, access: room.access, key: room.access.keyOf(1)! }
    const rebuilt = (await rebuild(log, 3, null))!
    const digest = async (each: RebuiltLog, key = log.key): Promise<Bytes | null> =>
      digestState(log.access.documentId, key, each, new Slices())
    const changed = { ...rebuilt.context, bindings: packBindings([[writer.doc.clientID, new Uint8Array(16).fill(9)]]) }
    expect(await digest(rebuilt)).not.toEqual(await digest(rebuilt, new RoomLog().access.keyOf(1)!))
    expect(await digest(rebuilt)).not.toEqual(await digest({ ...rebuilt, context: changed }))
    expect(await digest(rebuilt)).toEqual(await digest((await rebuild(log, 3, null))!))
  })
})
