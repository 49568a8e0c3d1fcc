/** A crash between any two writes of sealing edits anew: what was safe in the outbox stays there, and arrives once. */
import { createMemoryOutbox, type Outbox } from '@y-sealed/client'
import { cryptoReady, KIND, readWholeEnvelope, type Bytes, type Envelope } from '@y-sealed/protocol'
import { expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'

import type { LogOutcome } from '../../client/log/document-log.ts'
import { Sender } from '../../client/provider/sender.ts'
import { TypedClocks } from '../../client/provider/typed-clocks.ts'
import { rotate } from '../support/members/intents.ts'
import { createNote, type Note, type Person } from '../support/members/note.ts'

await cryptoReady()

/** An outbox that does what it is asked in that order, and nothing more after some writes. */
class MortalOutbox implements Outbox {
  readonly disk = createMemoryOutbox()
  writesLeft = Infinity
  #last = Promise.resolve()

  put(item: Parameters<Outbox['put']>[0]): Promise<void> {
    return this.#write(() => this.disk.put(item))
  }

  remove(...parameters: Parameters<Outbox['remove']>): Promise<void> {
    return this.#write(() => this.disk.remove(...parameters))
  }

  list(document: Bytes): ReturnType<Outbox['list']> {
    return this.disk.list(document)
  }

  #write(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(() => (this.writesLeft-- > 0 ? work() : new Promise<void>(() => undefined)))
    return this.#last
  }
}

/** Long enough for all writes to memory that were asked for. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** One run of a person's app. */
class Run {
  readonly doc = new Y.Doc()
  readonly sender: Sender
  readonly problems: string[] = []
  readonly outcomes: LogOutcome[] = []
  readonly #note: Note
  readonly #person: Person
  #sent: Envelope[] = []

  constructor(note: Note, person: Person, outbox: Outbox) {
    this.#note = note
    this.#person = person
    this.sender = new Sender({
      doc: this.doc,
      access: person.membership,
      device: person.device,
      log: person.log,
      typedClocks: new TypedClocks(this.doc),
      outbox,
      send: (frame) => {
        if (frame.type === 'push') this.#sent.push(...frame.envelopes)
        if (frame.type === 'push-part') this.#sent.push(frame.envelope)
        return true
      },
      reopen: () => undefined,
      refresh: () => true,
      onChange: () => undefined,
      onSetAside: () => undefined,
      show: () => undefined,
      whenKept: () => Promise.resolve(),
      onProblem: ({ code }) => this.problems.push(code),
    })
    this.doc.on('updateV2', (update) => this.sender.take(update as Bytes))
    onTestFinished(() => this.sender.destroy())
  }

  type(text: string): void {
    this.doc.getText('note').insert(0, text)
    this.sender.flush()
  }

  sent(): Envelope[] {
    return this.#sent.splice(0)
  }

  /** The relay stores these on one page. */
  store(...envelopes: readonly Envelope[]): void {
    const first = this.#note.entries.length + 1
    const entries = envelopes.map((envelope, index) => ({ seq: first + index, envelope }))
    this.#note.entries.push(...entries)
    for (const person of this.#note.people) {
      const outcomes = person.log.take(entries)
      if (person === this.#person) this.#settle(outcomes)
    }
  }

  /** All that is sent is stored, until nothing is. */
  storeAll(): void {
    for (let sent = this.sent(); sent.length > 0; sent = this.sent()) this.store(...sent)
  }

  #settle(outcomes: readonly LogOutcome[]): void {
    this.outcomes.push(...outcomes)
    for (const outcome of outcomes) {
      const entry = this.sender.find(outcome.envelope)
      if (entry) this.sender.notice(outcome, entry)
    }
  }
}

/** Bob, whose client id is bound. */
async function start(): Promise<{ note: Note; bob: Person; outbox: MortalOutbox; run: Run }> {
  const note = await createNote()
  const bob = await note.add('writer')
  const outbox = new MortalOutbox()
  const run = new Run(note, bob, outbox)
  run.sender.opened()
  run.type('.')
  run.storeAll()
  await settled()
  return { note, bob, outbox, run }
}

const BIG = 'x'.repeat(100_000)

/** Whatever the log counts of Bob's text, in the order of the log. */
function readLog(run: Run): string {
  const doc = new Y.Doc()
  for (const outcome of run.outcomes) if (outcome.kind === 'update') Y.applyUpdateV2(doc, outcome.update)
  return doc.getText('note').toJSON()
}

const CRASHES = [0, 1, 2, 3, 4, 5, 6, 7, 8]

it.each(CRASHES.flatMap((writes) => [[writes, 'short', 'two '] as const, [writes, 'long', BIG] as const]))(
  '[CL10] [LO8] [LO9] a crash %i writes after a new epoch loses no edit and sends none twice (%s)',
  async (writes, _length, second) => {
    const { note, bob, outbox, run } = await start()
    run.type('one ')
    run.type(second)
    run.sent()
    await settled()
    outbox.writesLeft = writes
    run.store(note.creator.record(rotate()))
    await bob.membership.whenStored()
    run.sender.rekey()
    expect(run.sent().map(({ epoch }) => epoch)).toContain(2)
    await settled()
    run.sender.destroy()

    const again = new Run(note, bob, outbox.disk)
    again.outcomes.push(...run.outcomes)
    await again.sender.restore()
    expect(again.sender.unsaved).toBe(2)
    again.sender.opened()
    again.storeAll()
    await settled()
    const left = await outbox.list(note.documentId)
    expect([again.problems, again.sender.unsaved, left.length]).toEqual([[], 0, 0])
    expect(readLog(again) === `${second}one .`).toBe(true)
    expect(again.outcomes.filter(({ kind }) => kind === 'refused')).toEqual([])
  },
)

it('[CL10] an edit of which both the old bytes and the new were kept is done when the log has the new', async () => {
  const { note, bob, outbox, run } = await start()
  run.type('one ')
  run.sent()
  await settled()
  outbox.writesLeft = 1
  run.store(note.creator.record(rotate()))
  await bob.membership.whenStored()
  run.sender.rekey()
  const resealed = run.sent()
  await settled()
  run.sender.destroy()
  expect(await outbox.list(note.documentId)).toHaveLength(2)

  const again = new Run(note, bob, outbox.disk)
  await again.sender.restore()
  again.store(...resealed)
  await settled()
  expect([again.sender.unsaved, await outbox.list(note.documentId)]).toEqual([0, []])
})

it('[CL6] [CL10] [T4] an edit that the relay places behind a new epoch is kept until it is sealed anew', async () => {
  const { note, bob, outbox, run } = await start()
  run.type('one ')
  run.store(note.creator.record(rotate()), ...run.sent())
  await settled()
  expect(run.outcomes.at(-1)).toMatchObject({ kind: 'refused', reason: 'epoch' })
  expect(run.sender.unsaved).toBe(1)
  const kept = await outbox.list(note.documentId)
  expect(kept.map(({ envelope }) => readWholeEnvelope(envelope)?.kind)).toEqual([KIND.update])
  run.sender.destroy()

  const again = new Run(note, bob, outbox.disk)
  again.outcomes.push(...run.outcomes)
  await again.sender.restore()
  await bob.membership.whenStored()
  again.sender.opened()
  again.storeAll()
  await settled()
  expect([again.sender.unsaved, await outbox.list(note.documentId)]).toEqual([0, []])
  expect(readLog(again)).toBe('one .')
})
