/** What is under way when the key changes, and what is sent behind a record: without a relay, so that every order can be played. */
import { createMemoryOutbox, type Outbox, type SendProblem } from '@y-sealed/client'
import {
  cryptoReady,
  KIND,
  readWholeEnvelope,
  REFUSALS,
  type Bytes,
  type ClientFrame,
  type Envelope,
  type RefusalCode,
} from '@y-sealed/protocol'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { Sender } from '../../../../client/provider/sender.ts'
import { TypedClocks } from '../../../../client/provider/typed-clocks.ts'
import { leave, remove, rotate } from '../../../support/members/intents.ts'
import { createNote, type Note, type Person } from '../../../support/members/note.ts'

await cryptoReady()

/** A person who types through a sender, and what came out of it. */
class Typist {
  readonly doc = new Y.Doc()
  readonly outbox: Outbox
  readonly problems: SendProblem[] = []
  readonly sender: Sender
  readonly reopen = vi.fn<() => void>()
  readonly refresh = vi.fn<() => boolean>(() => true)
  readonly #note: Note
  readonly #person: Person
  #sent: Envelope[] = []

  constructor(note: Note, person: Person, outbox: Outbox = createMemoryOutbox()) {
    this.#note = note
    this.#person = person
    this.outbox = outbox
    this.sender = new Sender({
      doc: this.doc,
      access: person.membership,
      device: person.device,
      log: person.log,
      typedClocks: new TypedClocks(this.doc),
      outbox: this.outbox,
      send: (frame) => this.#take(frame),
      reopen: this.reopen,
      refresh: this.refresh,
      onChange: () => undefined,
      onSetAside: () => undefined,
      show: () => undefined,
      whenKept: () => Promise.resolve(),
      onProblem: (problem) => this.problems.push(problem),
    })
    this.doc.on('updateV2', (update) => this.sender.take(update as Bytes))
    onTestFinished(() => this.sender.destroy())
  }

  type(word: string): void {
    this.doc.getText('note').insert(0, word)
    this.sender.flush()
  }

  /** What was sent since this was asked last. */
  sent(): Envelope[] {
    return this.#sent.splice(0)
  }

  /** The relay stores these: the person reads them like everybody else, before any ACK. */
  store(...envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) {
      const seq = this.#note.entries.length + 1
      this.#note.entries.push({ seq, envelope })
      for (const person of this.#note.people) {
        const outcomes = person.log.take([{ seq, envelope }])
        for (const outcome of person === this.#person ? outcomes : []) {
          const entry = this.sender.find(outcome.envelope)
          if (entry) this.sender.notice(outcome, entry)
        }
      }
    }
  }

  /** The record stands in the log, and the provider says so. */
  async change(author: Person, intent: Parameters<Person['record']>[0]): Promise<void> {
    this.store(author.record(intent))
    await this.#person.membership.whenStored()
    this.sender.rekey()
  }

  refuse({ session, counter, document }: Envelope, code: RefusalCode, detail = 0): void {
    this.sender.refuse({
      type: 'nack',
      refused: 6,
      document,
      session,
      counter,
      code: REFUSALS[code].number,
      retryAfterMs: 0,
      detail,
      attachment: new Uint8Array(0),
    })
  }

  #take(frame: ClientFrame): boolean {
    if (frame.type === 'push') this.#sent.push(...frame.envelopes)
    if (frame.type === 'push-part') this.#sent.push(frame.envelope)
    return true
  }
}

interface Scene {
  readonly note: Note
  readonly bob: Person
  readonly typist: Typist
}

/** Bob's client id is bound, and nothing is under way. */
async function createScene(): Promise<Scene> {
  const note = await createNote()
  const bob = await note.add('writer')
  const typist = new Typist(note, bob)
  typist.sender.opened()
  typist.type('.')
  typist.store(...typist.sent())
  typist.store(...typist.sent())
  expect(typist.sender.unsaved).toBe(0)
  await vi.waitFor(async () => expect(await typist.outbox.list(note.documentId)).toEqual([]))
  return { note, bob, typist }
}

const epochs = (envelopes: readonly Envelope[]): number[] => envelopes.map(({ epoch }) => epoch)

describe('edits under way when the key changes', () => {
  it('[CL10] go out sealed anew under a new session, and the old bytes leave the outbox', async () => {
    const { note, bob, typist } = await createScene()
    typist.type('one ')
    const [old] = typist.sent()
    await typist.change(note.creator, rotate())
    const [fresh] = typist.sent()
    expect([old?.epoch, fresh?.epoch, fresh?.counter]).toEqual([1, 2, 1])
    expect(fresh?.session).not.toEqual(old?.session)
    // Once the new ones are in it.
    await vi.waitFor(async () => {
      const stored = await typist.outbox.list(note.documentId)
      expect(stored.map(({ envelope }) => envelope)).toEqual([fresh?.bytes])
    })
    // The refusal of the old one, which comes late, changes nothing.
    typist.refuse(old!, 'EPOCH_STALE', 2)
    expect(typist.sent()).toEqual([])
    typist.store(fresh!)
    expect(typist.sender.unsaved).toBe(0)
    expect(typist.problems).toEqual([])
    expect(bob.log.state.clockOf(typist.doc.clientID)).toBe(5)
  })

  it('[CL10] are dropped, not sent again, where the log has them before the new epoch', async () => {
    const { note, typist } = await createScene()
    typist.type('one ')
    typist.type('two ')
    const [one, two] = typist.sent()
    // Stored, and its ACK lost: the log itself shows it.
    typist.store(one!)
    await typist.change(note.creator, rotate())
    const fresh = typist.sent()
    expect(epochs(fresh)).toEqual([2])
    expect(fresh[0]?.bytes).not.toEqual(two?.bytes)
    typist.store(...fresh)
    expect(typist.sender.unsaved).toBe(0)
  })

  it('[CL10] [EN13] are not sealed again while the log holds them undecided', async () => {
    const { note, typist } = await createScene()
    const { creator } = note
    note.append(creator.bind())
    typist.type('one ')
    const [one] = typist.sent()
    // An entry of somebody else waits for its signature, and with it all that follows.
    const spoilt = creator.type('x').bytes
    spoilt[spoilt.length - 1] = (spoilt[spoilt.length - 1] as number) ^ 1
    typist.store(readWholeEnvelope(spoilt)!, one!)
    expect(typist.sender.unsaved).toBe(1)
    await typist.change(creator, rotate())
    expect(typist.sent()).toEqual([])
    // New ones leave under the new key, so that the wait can end.
    typist.type('two ')
    const [two] = typist.sent()
    expect([two?.epoch, two?.counter]).toEqual([2, (one?.counter ?? 0) + 1])
    expect(two?.session).toEqual(one?.session)
  })

  it('[CL10] [EN13] those that the log does not hold are, beside those that it does', async () => {
    const { note, bob, typist } = await createScene()
    const { creator } = note
    note.append(creator.bind())
    typist.type('one ')
    typist.type('two ')
    const [one] = typist.sent()
    const spoilt = creator.type('x').bytes
    spoilt[spoilt.length - 1] = (spoilt[spoilt.length - 1] as number) ^ 1
    typist.store(readWholeEnvelope(spoilt)!, one!)
    await typist.change(creator, rotate())
    const [two, ...none] = typist.sent()
    expect([two?.epoch, none]).toEqual([2, []])
    typist.store(two!)
    // The wait ends after 256 entries without a signature.
    creator.renewSession()
    for (let i = 0; i < 256; i++) note.append(creator.record(rotate()))
    typist.store()
    expect(bob.log.state.clockOf(typist.doc.clientID)).toBe(9)
  })

  it('[CL10] are sealed anew also where the relay said that it had them, and the log has them not', async () => {
    const { note, typist } = await createScene()
    typist.type('one ')
    const [one] = typist.sent()
    const { document, session, counter } = one!
    const seq = note.entries.length + 100
    typist.sender.acknowledge({ type: 'ack', document, session, counter, count: 1, seq, compaction: 'none' })
    await typist.change(note.creator, rotate())
    expect(epochs(typist.sent())).toEqual([2])
    typist.sender.rekey()
    expect([typist.sent(), typist.sender.unsaved]).toEqual([[], 1])
  })

  it('[CL10] a paste in parts is sealed anew whole', async () => {
    const { note, bob, typist } = await createScene()
    const paste = 'x'.repeat(120_000)
    typist.type(paste)
    const parts = typist.sent()
    expect(parts.map(({ kind }) => kind)).toEqual([KIND.part, KIND.part, KIND.part])
    await typist.change(note.creator, rotate())
    const fresh = typist.sent()
    expect(fresh.map(({ epoch, kind, counter }) => [epoch, kind, counter])).toEqual([
      [2, KIND.part, 1],
      [2, KIND.part, 2],
      [2, KIND.part, 3],
    ])
    typist.store(...fresh)
    expect([typist.sender.unsaved, bob.log.state.clockOf(typist.doc.clientID)]).toEqual([0, 120_001])
  })

  it('[CL10] go through five changes of the key and arrive once', async () => {
    const { note, bob, typist } = await createScene()
    typist.type('one ')
    for (let i = 0; i < 5; i++) await typist.change(note.creator, rotate())
    const sent = typist.sent()
    expect(epochs(sent)).toEqual([1, 2, 3, 4, 5, 6])
    typist.store(sent.at(-1)!)
    expect([typist.sender.unsaved, bob.log.state.clockOf(typist.doc.clientID)]).toEqual([0, 5])
  })

  it('[CL10] what an earlier run sealed under an old key is sealed anew once history is read', async () => {
    const { note, bob, typist } = await createScene()
    typist.type('one ')
    typist.sender.closed()
    note.change(note.creator, rotate())
    note.change(note.creator, rotate())
    const again = new Typist(note, bob, typist.outbox)
    await again.sender.restore()
    expect(again.sent()).toEqual([])
    await bob.membership.whenStored()
    again.sender.opened()
    expect(epochs(again.sent())).toEqual([3])
  })

  it('[KM18] wait in a closed epoch, with what is typed in it, and leave under the next', async () => {
    const { note, bob, typist } = await createScene()
    const carol = await note.add('writer')
    typist.type('one ')
    typist.sent()
    await typist.change(carol, leave(carol.device.id))
    typist.type('two ')
    expect(typist.sender.ensureBound(12_345)).toBe(false)
    expect([typist.sent(), typist.sender.unsaved]).toEqual([[], 2])
    await typist.change(note.creator, rotate())
    const sent = typist.sent()
    expect(epochs(sent)).toEqual([2, 2])
    typist.store(...sent)
    expect([typist.sender.unsaved, bob.log.state.clockOf(typist.doc.clientID)]).toEqual([0, 9])
  })

  it('[KM17] stay with who is removed, and nothing more leaves', async () => {
    const { note, bob, typist } = await createScene()
    typist.type('one ')
    typist.sent()
    await typist.change(note.creator, remove(bob.device.id))
    typist.type('two ')
    expect([typist.sent(), typist.sender.unsaved]).toEqual([[], 2])
  })
})

describe('EPOCH_STALE', () => {
  it('[FR20] before its record: nothing is sent until the record is there', async () => {
    const { note, typist } = await createScene()
    typist.type('one ')
    const [old] = typist.sent()
    typist.refuse(old!, 'EPOCH_STALE', 2)
    typist.type('two ')
    expect([typist.sent(), typist.reopen.mock.calls.length]).toEqual([[], 0])
    await typist.change(note.creator, rotate())
    expect(epochs(typist.sent())).toEqual([2, 2])
  })

  it('[FR20] whose record does not come opens the document again', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { typist } = await createScene()
    typist.type('one ')
    const [old] = typist.sent()
    typist.refuse(old!, 'EPOCH_STALE', 2)
    vi.advanceTimersByTime(1_999)
    expect(typist.reopen).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(typist.reopen).toHaveBeenCalledTimes(1)
    // As it opens again, everything goes out again: the relay may have lied.
    typist.sender.closed()
    typist.sender.opened()
    expect(epochs(typist.sent())).toEqual([1])
  })
})

describe('FORBIDDEN', () => {
  it('[AU13] for what the log allows waits for a new token, three times, and is told then', async () => {
    const { typist } = await createScene()
    typist.type('one ')
    const [edit] = typist.sent()
    for (let i = 1; i <= 3; i++) {
      typist.refuse(edit!, 'FORBIDDEN')
      // A second refusal before the token has come asks for no other.
      typist.refuse(edit!, 'FORBIDDEN')
      expect([typist.refresh.mock.calls.length, typist.sent()]).toEqual([i, []])
      typist.sender.refreshed()
      expect(typist.sent()).toEqual([edit])
    }
    expect(typist.problems).toEqual([])
    typist.refuse(edit!, 'FORBIDDEN')
    expect(typist.problems).toMatchObject([{ code: 'FORBIDDEN' }])
    typist.sender.closed()
    typist.sender.opened()
    expect(typist.sent()).toEqual([edit])
  })

  it('[AU13] that comes when nothing may leave any more is no news', async () => {
    const { typist } = await createScene()
    typist.type('one ')
    const [edit] = typist.sent()
    typist.sender.closed()
    typist.refuse(edit!, 'FORBIDDEN')
    expect([typist.problems, typist.refresh.mock.calls]).toEqual([[], []])
    typist.sender.opened()
    expect(typist.sent()).toEqual([edit])
  })

  it('[AU13] is told at once where no token would change it', async () => {
    const { typist } = await createScene()
    typist.refresh.mockReturnValue(false)
    typist.type('one ')
    const [edit] = typist.sent()
    typist.refuse(edit!, 'FORBIDDEN')
    expect(typist.problems).toMatchObject([{ code: 'FORBIDDEN' }])
  })
})
