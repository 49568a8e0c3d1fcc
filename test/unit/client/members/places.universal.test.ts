/** Who might write, and under which epoch, is asked of the place at which an entry stands. */
import { cryptoReady, KIND, readWholeEnvelope, type Envelope } from '@y-sealed/protocol'
import { createDeviceSeeds, Device, EpochKey, Session } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { addDevice, leave, remove, rotate, setRole } from '../../../support/members/intents.ts'
import { createNote, Person, wordsOf, type Note } from '../../../support/members/note.ts'

await cryptoReady()

/** All see the same, however they come by it. */
async function readings(note: Note, reader: Device = note.creator.device): Promise<string[][]> {
  return await Promise.all([
    note.read(reader, 'records first').then(wordsOf),
    note.read(reader, 'entries alone').then(wordsOf),
    note.read(reader, 'records first', 1).then(wordsOf),
  ])
}

function thrice(words: readonly string[]): unknown {
  return [words, words, words]
}

describe('role and epoch at a place', () => {
  it('[KM16] [CL1] lets those write who could at that place, and nobody before they were added', async () => {
    const note = await createNote()
    const bob = await note.add('writer')
    note.append(bob.bind(), bob.type('one'))
    expect(await readings(note)).toEqual(thrice(['noted', 'noted', 'bind', 'update']))
  })

  it('[KM10] a reader writes nothing until promoted, and nothing more once made a reader again', async () => {
    const note = await createNote()
    const bob = await note.add('reader')
    note.append(bob.bind())
    note.change(note.creator, setRole(bob.device.id, 'writer'))
    note.append(bob.bind(), bob.type('one'))
    note.change(note.creator, setRole(bob.device.id, 'reader'))
    note.append(bob.type('two'))
    expect(await readings(note)).toEqual(thrice(['noted', 'noted', 'role', 'noted', 'bind', 'update', 'noted', 'role']))
  })

  it('[K20] [KM18] the place of a removal is the cut: what the removed sealed before is refused after it', async () => {
    const note = await createNote()
    const bob = await note.add('writer')
    note.append(bob.bind(), bob.type('one'))
    const early = bob.type('sealed before, and held back')
    const seenBefore = bob.log.head
    const oldKey = bob.membership.epochKey as EpochKey
    note.change(note.creator, remove(bob.device.id))
    note.append(early)
    // With the old key, and with a head from before the cut.
    note.append(bob.type('sealed after', oldKey, seenBefore))
    expect(await readings(note)).toEqual(thrice(['noted', 'noted', 'bind', 'update', 'noted', 'epoch', 'epoch']))
  })

  it('[K20] a removed device that got hold of the new key still may not write', async () => {
    const note = await createNote()
    const bob = await note.add('writer')
    note.append(bob.bind())
    note.change(note.creator, remove(bob.device.id))
    note.append(bob.type('stolen', note.creator.membership.epochKey as EpochKey))
    expect(await readings(note)).toEqual(thrice(['noted', 'noted', 'bind', 'noted', 'role']))
  })

  it('[KM18] an epoch that somebody left takes records only, until the next is opened', async () => {
    const note = await createNote()
    const bob = await note.add('writer')
    const carol = await note.add('writer')
    note.append(carol.bind())
    const key = carol.membership.epochKey as EpochKey
    note.change(bob, leave(bob.device.id))
    expect(carol.membership.current).toBeNull()
    note.append(carol.type('too late', key))
    carol.renewSession()
    note.change(note.creator, addDevice(new Device(createDeviceSeeds()), 'reader'))
    note.change(carol, rotate())
    await carol.membership.whenStored()
    expect(carol.membership.current?.epoch).toBe(2)
    note.append(carol.bind(), carol.type('now'))
    const words = ['noted', 'noted', 'noted', 'bind', 'noted', 'epoch', 'noted', 'noted', 'bind', 'update']
    // Carol typed what was refused: her next edit follows one that nobody has.
    expect((await readings(note)).map((reading) => reading.slice(0, 9))).toEqual([
      words.slice(0, 9),
      words.slice(0, 9),
      words.slice(0, 9),
    ])
  })

  it('[KM18] an entry of an epoch that is over is refused, and one of an epoch that nobody opened ends the reading', async () => {
    const note = await createNote()
    const { creator } = note
    note.append(creator.bind())
    const first = creator.membership.epochKey as EpochKey
    note.change(creator, rotate())
    note.append(creator.type('late', first))
    expect(await readings(note)).toEqual(thrice(['noted', 'bind', 'noted', 'epoch']))
    const third = new EpochKey(3, new Uint8Array(32).fill(3))
    const entry = { seq: note.entries.length + 1, envelope: creator.type('early', third) }
    expect(() => creator.log.take([entry])).toThrow(expect.objectContaining({ code: 'LOG_INVALID' }))
  })

  it('[KM18] an entry may not stand in an epoch that is opened only after it, whether or not its record is known', async () => {
    const note = await createNote()
    const { creator } = note
    const record = creator.record(rotate())
    const opened = await note.arrive(creator.device, [...note.records, { seq: 3, envelope: record }])
    const early = { seq: 2, envelope: opened.bind() }
    expect(early.envelope.epoch).toBe(2)
    expect(() => opened.log.take([early])).toThrow(expect.objectContaining({ code: 'LOG_INVALID' }))
  })

  it('[EN13] a device is a stranger before the record that adds it, also to those who know that it will be added', async () => {
    const note = await createNote()
    const bobDevice = new Device(createDeviceSeeds())
    const bob = new Person(bobDevice, note.creator.membership)
    const key = note.creator.membership.epochKey as EpochKey
    const seen = note.creator.log.head
    // Its signature is spoilt: to those who knew the device it would wait, and end its session.
    const spoilt = bob.bind(key, seen).bytes.slice()
    spoilt[spoilt.length - 1] = (spoilt[spoilt.length - 1] as number) ^ 1
    note.append(readWholeEnvelope(spoilt) as Envelope)
    note.change(note.creator, addDevice(bobDevice, 'writer'))
    note.append(bob.type('one', key, seen))
    note.append(note.creator.bind())
    for (let i = 0; i < 260; i++) note.append(note.creator.type('x'))
    const [first, second, third] = await readings(note)
    expect(first?.slice(0, 5)).toEqual(['noted', 'stranger', 'noted', 'unbound', 'bind'])
    expect(second).toEqual(first)
    expect(third).toEqual(first)
  })
})

describe('records in the log', () => {
  it('[KM16] a record counts whatever its session and its seen are', async () => {
    const note = await createNote()
    const { creator } = note
    const fields = setRole(creator.device.id, 'admin')
    const record = creator.record(fields)
    note.append(record)
    expect(creator.membership.recordSeq).toBe(2)
    // The same author's session is no matter either: a second record at its start.
    note.change(creator, rotate())
    expect(await readings(note)).toEqual(thrice(['noted', 'noted', 'noted']))
  })

  it('[KM16] one that does not count is refused, changes nothing, and what follows it goes on', async () => {
    const note = await createNote()
    const bob = await note.add('writer')
    const forbidden = bob.record((_members, tools) => ({
      type: 'role',
      device: tools.device.id,
      role: 'admin',
    }))
    expect(note.append(forbidden)).toMatchObject({ kind: 'refused', reason: 'record', record: 'not-allowed' })
    note.append(bob.bind(), bob.type('one'))
    expect(await readings(note)).toEqual(thrice(['noted', 'noted', 'record', 'bind', 'update']))
    expect(bob.membership.role).toBe('writer')
  })

  it('[KM16] the log ends where RECORDS placed a record and it has something else', async () => {
    const note = await createNote()
    const record = note.creator.record(rotate())
    const reader = await note.arrive(note.creator.device, [...note.records, { seq: 2, envelope: record }])
    const entry = { seq: 2, envelope: note.creator.bind() }
    expect(() => reader.log.take([entry])).toThrow(expect.objectContaining({ code: 'LOG_INVALID' }))
  })

  it('[KM16] the log ends where it shows a record that RECORDS kept back and that would have counted', async () => {
    const note = await createNote()
    const { creator } = note
    const shown = creator.record(rotate())
    const keptBack = creator.record(setRole(creator.device.id, 'admin'))
    const reader = await note.arrive(creator.device, [...note.records, { seq: 3, envelope: shown }])
    expect(() => reader.log.take([{ seq: 2, envelope: keptBack }])).toThrow(
      expect.objectContaining({ code: 'LOG_INVALID' }),
    )
  })

  it('[KM16] RECORDS may not place a record where the log has been read', async () => {
    const note = await createNote()
    const { creator } = note
    note.append(creator.bind())
    const record = creator.record(rotate())
    const late = [{ seq: 2, envelope: record }]
    expect(() => creator.membership.takeRecords(late, creator.log.head.seq)).toThrow(
      expect.objectContaining({ code: 'LOG_INVALID' }),
    )
  })

  it('[KM16] RECORDS may not place a record where another is known to stand', async () => {
    const note = await createNote()
    const { creator } = note
    const [one, other] = [creator.record(rotate()), creator.record(rotate())]
    creator.membership.takeRecords([{ seq: 2, envelope: one }], 1)
    expect(() => creator.membership.takeRecords([{ seq: 2, envelope: other }], 1)).toThrow(
      expect.objectContaining({ code: 'LOG_INVALID' }),
    )
  })

  it('[KM16] a record is verified once, when it comes', async () => {
    const note = await createNote()
    for (let i = 0; i < 10; i++) note.change(note.creator, rotate())
    const reader = await note.arrive(note.creator.device)
    expect([reader.log.head.seq, reader.log.signatureChecks]).toEqual([11, 0])
    expect(note.entries.some(({ envelope }) => reader.log.isPending(envelope))).toBe(false)
  })

  it('[KM16] takes the same records again without a word, and says of others why they do not count', async () => {
    const note = await createNote()
    const bob = await note.add('reader')
    const { membership } = note.creator
    expect(membership.takeRecords(note.records, note.entries.length)).toEqual([])
    const stranger = new Device(createDeviceSeeds())
    const body = bob.record(leave(bob.device.id)).sealed
    const key = membership.epochKey as EpochKey
    const forged = new Session(note.documentId, stranger).sealEntry(KIND.record, body, key, bob.log.head).envelope
    const before = membership.recordHead
    expect(membership.takeRecords([{ seq: 9, envelope: forged }], 2)).toEqual([{ seq: 9, reason: 'stranger' }])
    expect(membership.recordHead).toEqual(before)
  })
})
