/** What a client does for a document by itself: the next epoch after somebody left, and telling that a key is missing. */
import type { IntegrityReport, SendProblem } from '@y-sealed/client'
import { cryptoReady, packWraps, type Envelope, type PlacedRecord } from '@y-sealed/protocol'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

import { MemberDesk, type RecordMismatch } from '../../../../client/members/member-desk.ts'
import { leave, rotate, setRole } from '../../../support/members/intents.ts'
import { createNote, type Note, type Person } from '../../../support/members/note.ts'

await cryptoReady()

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

class Client {
  readonly desk: MemberDesk
  readonly problems: SendProblem[] = []
  readonly reports: IntegrityReport[] = []
  readonly mismatches: RecordMismatch[] = []
  #sent: Envelope[] = []

  constructor(person: Person) {
    this.desk = new MemberDesk({
      membership: person.membership,
      seen: () => person.log.head,
      send: (frame) => frame.type === 'push' && this.#sent.push(...frame.envelopes) > 0,
      reopen: () => undefined,
      refresh: () => undefined,
      mayChange: () => true,
      onMismatch: (code) => this.mismatches.push(code),
      onAnswered: () => undefined,
      onStored: () => undefined,
      emit: (name, args) => {
        if (name === 'problem') this.problems.push(args[0] as SendProblem)
        if (name === 'integrity') this.reports.push(args[0] as IntegrityReport)
      },
    })
    onTestFinished(() => this.desk.destroy())
  }

  sent(): Envelope[] {
    return this.#sent.splice(0)
  }

  take(note: Note, records: readonly PlacedRecord[], more = false): void {
    this.desk.take({ type: 'records', document: note.documentId, more, records })
  }
}

describe('after somebody left', () => {
  it('[KM18] a writer who is there opens the next epoch within a moment', async () => {
    const note = await createNote()
    const [bob, carol] = [await note.add('writer'), await note.add('writer')]
    const client = new Client(carol)
    client.desk.opened()
    note.change(bob, leave(bob.device.id))
    client.desk.advance()
    expect(client.sent()).toEqual([])
    vi.advanceTimersByTime(300)
    const [record] = client.sent()
    expect(note.append(record!)).toMatchObject({ kind: 'noted' })
    await carol.membership.whenStored()
    expect(carol.membership.current?.epoch).toBe(2)
  })

  it('[KM18] who was away does so when they are back, and whoever finds it done does nothing', async () => {
    const note = await createNote()
    const [bob, carol] = [await note.add('writer'), await note.add('writer')]
    note.change(bob, leave(bob.device.id))
    const [one, other] = [new Client(note.creator), new Client(carol)]
    one.desk.opened()
    other.desk.opened()
    note.change(note.creator, rotate())
    one.desk.advance()
    other.desk.advance()
    vi.advanceTimersByTime(10_000)
    expect([one.sent(), other.sent()]).toEqual([[], []])
  })

  it('[KM18] a reader does not, and nobody does who is not connected', async () => {
    const note = await createNote()
    const [bob, carol] = [await note.add('writer'), await note.add('reader')]
    const [reader, offline] = [new Client(carol), new Client(note.creator)]
    reader.desk.opened()
    offline.desk.opened()
    note.change(bob, leave(bob.device.id))
    offline.desk.advance()
    offline.desk.closed()
    reader.desk.advance()
    vi.advanceTimersByTime(10_000)
    expect([reader.sent(), offline.sent()]).toEqual([[], []])
  })

  it('[KM6] [KM18] one who was not given its key waits for others first', async () => {
    const note = await createNote()
    const [bob, carol] = [await note.add('writer'), await note.add('writer')]
    note.change(note.creator, (_members, tools) => {
      const rotation = tools.createRotation()
      const wraps = [...rotation.wraps].map(
        ([id, wrap]) => [id, id.join() === carol.device.id.join() ? new Uint8Array(80) : wrap] as const,
      )
      return { type: 'epoch', rotation: { ...rotation, wraps: packWraps(wraps) } }
    })
    const client = new Client(carol)
    client.desk.opened()
    expect(client.problems).toMatchObject([{ code: 'KEY_MISSING' }])
    note.change(bob, leave(bob.device.id))
    client.desk.advance()
    vi.advanceTimersByTime(2_999)
    expect(client.sent()).toEqual([])
    vi.advanceTimersByTime(301)
    const [record] = client.sent()
    note.append(record!)
    client.desk.advance()
    await Promise.all([carol.membership.whenStored(), note.creator.membership.whenStored()])
    expect([carol.membership.current?.epoch, note.creator.membership.current?.epoch]).toEqual([3, 3])
    // It is told once.
    expect(client.problems).toHaveLength(1)
  })
})

describe('records as they are served', () => {
  it('[KM16] those that do not count are reported with their reason, and the rest is taken', async () => {
    const note = await createNote()
    const bob = await note.add('reader')
    const forged = bob.record(setRole(bob.device.id, 'admin'))
    const reader = await note.arrive(note.creator.device, [])
    const client = new Client(reader)
    client.take(note, [...note.records, { seq: 3, envelope: forged }])
    expect(client.reports).toMatchObject([{ code: 'ENTRY_REFUSED', seq: 3, reason: 'record', record: 'not-allowed' }])
    expect([client.mismatches, reader.membership.recordSeq]).toEqual([[], 2])
  })

  it('[CL11] fewer than were accepted stop everything, when all have been served and not before', async () => {
    const note = await createNote()
    note.change(note.creator, rotate())
    const again = await note.rejoin(note.creator.device)
    const client = new Client(again)
    client.take(note, note.records.slice(0, 1), true)
    expect(client.mismatches).toEqual([])
    client.take(note, [])
    expect(client.mismatches).toEqual(['ROLLBACK'])
    expect(client.desk.opened()).toBe(false)
  })

  it('[CL11] none at all stop everything where some were accepted', async () => {
    const note = await createNote()
    const client = new Client(await note.rejoin(note.creator.device))
    expect([client.desk.opened(), client.mismatches]).toEqual([false, ['ROLLBACK']])
  })
})
