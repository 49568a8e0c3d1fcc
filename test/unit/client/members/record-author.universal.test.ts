/** Records on their way: one at a time, made anew where somebody was faster, and never twice. */
import { cryptoReady, REFUSALS, type Envelope, type RefusalCode } from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { RecordAuthor } from '../../../../client/members/record-author.ts'
import type { Intent } from '../../../../client/members/record-tools.ts'
import { addDevice, leave, rotate, setRole } from '../../../support/members/intents.ts'
import { createNote, type Note, type Person } from '../../../support/members/note.ts'

await cryptoReady()

/** An author whose relay is the test. */
class Desk {
  readonly author: RecordAuthor
  readonly reopen = vi.fn<() => void>()
  readonly refresh = vi.fn<() => void>()
  readonly onAnswered = vi.fn<() => void>()
  mayChange = true
  isSending = true
  readonly #note: Note
  #sent: Envelope[] = []

  constructor(note: Note, person: Person) {
    this.#note = note
    this.author = new RecordAuthor({
      membership: person.membership,
      seen: () => person.log.head,
      send: (frame) => {
        if (this.isSending && frame.type === 'push') this.#sent.push(...frame.envelopes)
        return this.isSending
      },
      reopen: this.reopen,
      refresh: this.refresh,
      mayChange: () => this.mayChange,
      onAnswered: this.onAnswered,
    })
    onTestFinished(() => this.author.end(new Error('the test is over')))
  }

  sent(): Envelope[] {
    return this.#sent.splice(0)
  }

  /** Stored and acknowledged. */
  store(record: Envelope): void {
    const { session, counter, document } = record
    const seq = this.#note.entries.length + 1
    const entry = this.author.acknowledge({
      type: 'ack',
      document,
      session,
      counter,
      count: 1,
      seq,
      compaction: 'none',
    })
    if (entry?.seq !== seq || entry.envelope !== record) throw new Error('the ACK of a record is not taken for it')
    this.append(record)
  }

  append(record: Envelope): void {
    this.#note.append(record)
    this.author.advance()
  }

  refuse({ session, counter, document }: Envelope, code: RefusalCode, retryAfterMs = 0): boolean {
    return this.author.refuse({
      type: 'nack',
      refused: 6,
      document,
      session,
      counter,
      code: REFUSALS[code].number,
      retryAfterMs,
      detail: 0,
      attachment: new Uint8Array(0),
    })
  }
}

async function createScene(): Promise<{ note: Note; bob: Person; desk: Desk }> {
  const note = await createNote()
  const bob = await note.add('admin')
  const desk = new Desk(note, note.creator)
  desk.author.opened()
  return { note, bob, desk }
}

const someDevice = (): Device => new Device(createDeviceSeeds())

function makeReader(person: Person): Intent {
  return (members, tools) =>
    members.memberOf(person.device.id)?.role === 'reader' ? null : setRole(person.device.id, 'reader')(members, tools)
}

describe('a change of members', () => {
  it('[CL10] is alone in a session of its own, and made once it is acknowledged and counts', async () => {
    const { note, desk } = await createScene()
    const device = someDevice()
    const made = desk.author.change(addDevice(device, 'reader'))
    const [record] = desk.sent()
    expect([record?.counter, desk.author.isWaiting]).toEqual([1, true])
    desk.store(record!)
    await expect(made).resolves.toMatchObject({ seq: 3, record: { body: { type: 'add' } } })
    expect([desk.author.isWaiting, desk.onAnswered.mock.calls.length]).toEqual([false, 1])
    expect(note.creator.membership.roleOf(device.id)).toBe('reader')
  })

  it('[CL10] waits for the one before it', async () => {
    const { desk } = await createScene()
    const first = desk.author.change(rotate())
    const second = desk.author.change(rotate())
    const [record, ...none] = desk.sent()
    expect(none).toEqual([])
    desk.store(record!)
    await first
    const [next] = desk.sent()
    expect([next?.epoch, desk.author.isWaiting]).toEqual([2, true])
    expect(next?.session).not.toEqual(record?.session)
    desk.store(next!)
    await expect(second).resolves.toMatchObject({ seq: 4 })
  })

  it.each(['RECORD_STALE', 'EPOCH_STALE'] as const)(
    '[CL10] refused with %s before the record that was faster: is made anew when that is there',
    async (code) => {
      const { note, bob, desk } = await createScene()
      const made = desk.author.change(addDevice(someDevice(), 'reader'))
      const [record] = desk.sent()
      const faster = bob.record(rotate())
      expect(desk.refuse(record!, code)).toBe(true)
      expect([desk.sent(), desk.author.isWaiting, desk.onAnswered.mock.calls.length]).toEqual([[], false, 1])
      desk.append(faster)
      const [fresh] = desk.sent()
      expect([fresh?.epoch, fresh?.counter]).toEqual([2, 1])
      expect(fresh?.session).not.toEqual(record?.session)
      desk.store(fresh!)
      await expect(made).resolves.toMatchObject({ seq: 4 })
      expect(note.creator.membership.members.all).toHaveLength(3)
    },
  )

  it('[CL10] refused after the record that was faster has come: is made anew at once', async () => {
    const { bob, desk } = await createScene()
    void desk.author.change(addDevice(someDevice(), 'reader')).catch(() => undefined)
    const [record] = desk.sent()
    desk.append(bob.record(rotate()))
    expect(desk.sent()).toEqual([])
    desk.refuse(record!, 'RECORD_STALE')
    expect(desk.sent().map(({ epoch }) => epoch)).toEqual([2])
  })

  it('[CL10] that somebody else has made by then is not made again', async () => {
    const { note, bob, desk } = await createScene()
    const carol = await note.add('writer')
    const made = desk.author.change(makeReader(carol))
    const [record] = desk.sent()
    desk.append(bob.record(makeReader(carol)))
    desk.refuse(record!, 'RECORD_STALE')
    await expect(made).resolves.toBeNull()
    expect(desk.sent()).toEqual([])
  })

  it('[CL10] whose answer was lost goes out with the same bytes, which the relay stores once', async () => {
    const { desk } = await createScene()
    const made = desk.author.change(rotate())
    const [record] = desk.sent()
    desk.author.closed()
    expect(desk.author.isWaiting).toBe(false)
    desk.author.opened()
    const [again] = desk.sent()
    expect(again).toBe(record)
    desk.store(again!)
    await expect(made).resolves.toMatchObject({ seq: 3 })
  })

  it('[CL10] whose answer was lost, and that the records show, is made: nothing more is sent', async () => {
    const { note, desk } = await createScene()
    const made = desk.author.change(rotate())
    const [record] = desk.sent()
    desk.author.closed()
    note.append(record!)
    desk.author.opened()
    await expect(made).resolves.toMatchObject({ seq: 3 })
    expect([desk.sent(), note.creator.membership.current?.epoch]).toEqual([[], 2])
  })

  it('[CL10] whose answer was lost, while somebody else was faster, is made anew', async () => {
    const { note, bob, desk } = await createScene()
    const made = desk.author.change(addDevice(someDevice(), 'reader'))
    desk.sent()
    desk.author.closed()
    note.append(bob.record(rotate()))
    desk.author.opened()
    const [fresh] = desk.sent()
    expect([fresh?.epoch, fresh?.counter]).toEqual([2, 1])
    desk.store(fresh!)
    await expect(made).resolves.toMatchObject({ seq: 4 })
  })

  it('[CL10] offline waits', async () => {
    const { desk } = await createScene()
    desk.author.closed()
    const made = desk.author.change(rotate())
    expect(desk.sent()).toEqual([])
    desk.author.opened()
    desk.store(desk.sent()[0]!)
    await expect(made).resolves.toMatchObject({ seq: 3 })
  })

  it('[FR20] refused for a record that does not come opens the document again, and one that is too fast waits', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { desk } = await createScene()
    void desk.author.change(rotate()).catch(() => undefined)
    const [record] = desk.sent()
    desk.refuse(record!, 'RECORD_STALE')
    vi.advanceTimersByTime(2_000)
    expect(desk.reopen).toHaveBeenCalledTimes(1)
    desk.author.closed()
    desk.author.opened()
    expect(desk.sent()).toEqual([record])
    desk.refuse(record!, 'RATE', 5_000)
    vi.advanceTimersByTime(4_999)
    expect(desk.sent()).toEqual([])
    vi.advanceTimersByTime(1)
    expect(desk.sent()).toEqual([record])
  })

  it('[CL8] [FR20] refused for a record that never comes, each time, opens the document ever less often', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { desk } = await createScene()
    void desk.author.change(rotate()).catch(() => undefined)
    desk.reopen.mockImplementation(() => {
      desk.author.closed()
      desk.author.opened()
      for (const record of desk.sent()) desk.refuse(record, 'RECORD_STALE')
    })
    for (const record of desk.sent()) desk.refuse(record, 'RECORD_STALE')
    vi.advanceTimersByTime(600_000)
    expect(desk.reopen.mock.calls.length).toBeGreaterThan(20)
    expect(desk.reopen.mock.calls.length).toBeLessThan(40)
  })

  it('[AU13] refused because the token is of a time before its author was an admin waits for a new one', async () => {
    const { desk } = await createScene()
    desk.mayChange = false
    const made = desk.author.change(rotate())
    const [record] = desk.sent()
    desk.refuse(record!, 'FORBIDDEN')
    expect([desk.refresh.mock.calls.length, desk.sent()]).toEqual([1, []])
    desk.author.refreshed()
    const [again] = desk.sent()
    desk.store(again!)
    await expect(made).resolves.toMatchObject({ seq: 3 })
  })

  it.each([
    ['FORBIDDEN', 'FORBIDDEN'],
    ['QUOTA', 'QUOTA'],
    ['BAD_ENVELOPE', 'BAD_ENVELOPE'],
  ] as const)('[FR20] refused with %s for good is told, and the next one goes on', async (refusal, code) => {
    const { desk } = await createScene()
    const made = desk.author.change(rotate())
    const next = desk.author.change(rotate())
    desk.refuse(desk.sent()[0]!, refusal)
    await expect(made).rejects.toMatchObject({ code })
    desk.store(desk.sent()[0]!)
    await expect(next).resolves.toMatchObject({ seq: 3 })
  })

  it.each([
    ['a role for a stranger', 'UNKNOWN_MEMBER', () => setRole(someDevice().id, 'writer')],
    ['a device that is there', 'ALREADY_A_MEMBER', (bob: Person) => addDevice(bob.device, 'reader')],
    [
      'the end of a link that is none',
      'UNKNOWN_LINK',
      (): Intent => (_members, tools) => ({
        type: 'revoke-link',
        link: someDevice().id,
        rotation: tools.createRotation(),
      }),
    ],
    [
      'a rotation that leaves somebody out',
      'RECORD_REFUSED',
      (bob: Person): Intent =>
        (_members, tools) => ({
          type: 'epoch',
          rotation: tools.createRotation({ removed: [bob.device.id] }),
        }),
    ],
  ] as const)('[KM17] that would not count is told, and not sent: %s', async (_what, code, intent) => {
    const { bob, desk } = await createScene()
    await expect(desk.author.change(intent(bob))).rejects.toMatchObject({ code })
    expect([desk.sent(), desk.author.isWaiting]).toEqual([[], false])
  })

  it('[KM17] of a reader, and of the last admin who would go, is told by name', async () => {
    const note = await createNote()
    const carol = await note.add('reader')
    const desks = [new Desk(note, note.creator), new Desk(note, carol)] as const
    for (const { author } of desks) author.opened()
    await expect(desks[0].author.change(leave(note.creator.device.id))).rejects.toMatchObject({ code: 'LAST_ADMIN' })
    await expect(desks[1].author.change(rotate())).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('[CL10] is told why when none will be made any more', async () => {
    const { desk } = await createScene()
    const made = [desk.author.change(rotate()), desk.author.change(rotate())]
    const told = Promise.allSettled(made)
    desk.author.end(new Error('gone'))
    expect((await told).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it('[FR9] takes no answer that is for somebody else', async () => {
    const { note, bob, desk } = await createScene()
    const other = bob.type('word')
    expect(desk.refuse(other, 'RECORD_STALE')).toBe(false)
    void desk.author.change(leave(note.creator.device.id)).catch(() => undefined)
    expect(desk.refuse(other, 'RECORD_STALE')).toBe(false)
    const { session, counter, document } = other
    const ack = { type: 'ack', document, session, counter, count: 1, seq: 9, compaction: 'none' } as const
    expect(desk.author.acknowledge(ack)).toBeNull()
  })
})
