/** What an earlier run has sealed, and nobody has: sent again, or given up for a draft where it cannot count any more. */
import { createMemoryOutbox, type Outbox } from '@y-sealed/client'
import { encodeAuthoredUpdate, KIND, type Bytes } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'
import * as Y from 'yjs'

import { feedsOf } from '../../../client/log/document-log.ts'
import { feedUpdate } from '../../../client/yjs/feed-update.ts'
import { craftUpdate, type Block } from '../../hostile/yjs-update.ts'
import { createNote, type Note, type Person } from '../../support/members/note.ts'
import { Forger } from '../../support/members/quote-play.ts'
import {
  isEdit,
  isUpdate,
  readText,
  rollBack,
  sit,
  sitAgain,
  store,
  storeAll,
  type Seat,
} from '../../support/members/seat.ts'

/** What the log that goes on has of Mallory's, who has taken this client after a restart and filled its clocks. */
function takeClient(note: Note, mallory: Person, client: number): Bytes {
  const forger = new Forger(note, mallory)
  const fill: Block = { client, clock: 0, structs: [{ gc: 1_000 }] }
  note.append(forger.bind(client), forger.update(fill))
  return craftUpdate({ blocks: [fill] })
}

it.each([
  ['in one envelope', 'sealed by Bob'],
  ['in parts', 'sealed by Bob '.repeat(9_000)],
])(
  'T11 [CL14] [LO14] what was sealed %s under an id whose bind a restart lost, and that a member has then bound and filled, leaves whole under another',
  async (_, text) => {
    const note = await createNote()
    const [bob, mallory] = [await note.add('writer'), await note.add('writer')]
    const before = note.entries.length
    const memory = createMemoryOutbox()
    const first = sit(bob, memory)
    first.sender.opened()
    first.doc.getText('note').insert(0, text)
    store(note, bob, first)
    // The bind is in the log; what bears the id is on its way, and does not arrive.
    await vi.waitFor(async () => expect((await memory.list(note.documentId)).some(isEdit)).toBe(true))
    await first.sender.whenKept()
    first.sender.destroy()
    rollBack(note, before)
    const theirs = takeClient(note, mallory, first.doc.clientID)
    // The next process ends before anything has left or is forgotten.
    const second = sit(bob, { ...memory, remove: () => Promise.resolve() })
    feedUpdate(second.doc, theirs, 'leftover')
    await second.sender.restore()
    second.sender.loaded()
    expect(second.doc.getText('note').toJSON()).toBe(text)
    second.sender.opened()
    await second.sender.whenKept()
    second.sender.destroy()

    const third = sit(bob, memory)
    feedUpdate(third.doc, theirs, 'leftover')
    await third.sender.restore()
    third.sender.loaded()
    expect([third.doc.getText('note').toJSON(), third.sender.unsaved > 0]).toEqual([text, true])
    third.sender.opened()
    storeAll(note, bob, third)
    expect([readText(note), third.doc.getText('note').toJSON(), third.sender.unsaved]).toEqual([text, text, 0])
    await vi.waitFor(async () => expect(await memory.list(note.documentId)).toEqual([]))
  },
)

it('T11 [CL14] [LO14] what was sealed under such an id, and is shown when the log is found to have lost it, counts as unsaved and outlasts the run', async () => {
  const note = await createNote()
  const [bob, mallory] = [await note.add('writer'), await note.add('writer')]
  const before = note.entries.length
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  first.sender.opened()
  first.doc.getText('note').insert(0, 'sealed by Bob')
  store(note, bob, first)
  await first.sender.whenKept()
  first.sender.destroy()
  // He is shown it by what he has kept, from before the relay lost the bind.
  const second = await sitAgain(bob, memory)
  expect(second.doc.getText('note').toJSON()).toBe('sealed by Bob')
  rollBack(note, before)
  second.sender.startOver()
  const theirs = takeClient(note, mallory, first.doc.clientID)
  second.sender.opened()
  second.doc.getText('other').insert(0, 'typed since')
  storeAll(note, bob, second)
  expect(second.sender.unsaved).toBeGreaterThan(0)
  await second.sender.whenKept()
  second.sender.destroy()

  const third = sit(bob, memory)
  feedUpdate(third.doc, theirs, 'leftover')
  await third.sender.restore()
  third.sender.loaded()
  expect(third.doc.getText('note').toJSON()).toBe('sealed by Bob')
  third.sender.opened()
  storeAll(note, bob, third)
  expect([readText(note), third.sender.unsaved]).toEqual(['sealed by Bob', 0])
  expect(third.doc.getText('other').toJSON()).toBe('typed since')
})

/**
 * What the first run of a person sealed, which is shown to the second under another client: their id was bound by a member, in a tail of the log that
 * the relay has not signed, and that is gone again then.
 */
async function giveUpFor(text: string) {
  const note = await createNote()
  const [bob, mallory] = [await note.add('writer'), await note.add('writer')]
  const before = note.entries.length
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  first.sender.opened()
  first.doc.getText('note').insert(0, text)
  const sealed = first.sent.slice()
  store(note, bob, first)
  sealed.push(...first.sent)
  await first.sender.whenKept()
  first.sender.destroy()
  rollBack(note, before)
  note.append(new Forger(note, mallory).bind(first.doc.clientID))
  const second = await sitAgain(bob, memory)
  second.sender.opened()
  expect(second.doc.getText('note').toJSON()).toBe(text)
  second.sent.splice(0)
  second.sender.closed()
  rollBack(note, before)
  second.sender.startOver()
  return { note, bob, second, sealed }
}

it('T11 [CL14] [LO14] what left under another id is not lost when the log goes back before that was bound', async () => {
  const { note, bob, second } = await giveUpFor('sealed by Bob')
  second.sender.opened()
  storeAll(note, bob, second)
  expect([readText(note), second.sender.unsaved]).toEqual(['sealed by Bob', 0])
})

it('T11 [CL14] what such a relay had all the time stands there twice, for everybody alike: a member who helps it could write that too', async () => {
  const { note, bob, second, sealed } = await giveUpFor('sealed by Bob')
  for (const envelope of sealed) {
    const entry = { seq: note.entries.length + 1, envelope }
    note.entries.push(entry)
    for (const outcome of note.people.flatMap((reader) => reader.log.take([entry]).filter(() => reader === bob))) {
      for (const update of feedsOf(outcome)) feedUpdate(second.doc, update, 'leftover')
    }
  }
  second.sender.opened()
  storeAll(note, bob, second)
  const twice = 'sealed by Bobsealed by Bob'
  expect([readText(note), second.doc.getText('note').toJSON(), second.sender.unsaved]).toEqual([twice, twice, 0])
})

/** Bob has typed twice: the first was acknowledged, the second, which leans on it, is sealed and has not arrived; then the log loses the first. */
async function loseFirst(): Promise<{ note: Note; bob: Person; memory: Outbox; client: number; kept: Bytes }> {
  const note = await createNote()
  const bob = await note.add('writer')
  const before = note.entries.length
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  first.sender.opened()
  first.doc.getText('note').insert(0, 'acknowledged ')
  store(note, bob, first)
  await vi.waitFor(() => {
    store(note, bob, first)
    expect(first.sender.unsaved).toBe(0)
  })
  await vi.waitFor(async () => expect((await memory.list(note.documentId)).some(isEdit)).toBe(false))
  const kept = Y.encodeStateAsUpdateV2(first.doc) as Bytes
  first.doc.getText('note').insert(first.doc.getText('note').length, 'on its way')
  await vi.waitFor(async () => expect((await memory.list(note.documentId)).some(isEdit)).toBe(true))
  first.sender.destroy()
  rollBack(note, before)
  return { note, bob, memory, client: first.doc.clientID, kept }
}

it('[CL5] [CL14] [LO14] what an earlier run has sealed upon an edit that the log lost leaves behind that edit, and nothing is refused', async () => {
  const { note, bob, memory, client, kept } = await loseFirst()
  const second = sit(bob, memory)
  // He is shown both by what he has kept, and learns then that the log has gone back.
  feedUpdate(second.doc, kept, 'leftover')
  await second.sender.restore()
  second.sender.bound([{ client, device: bob.device.id }])
  second.sender.loaded()
  expect(second.doc.getText('note').toJSON()).toBe('acknowledged on its way')
  second.sender.startOver()
  second.sender.opened()
  await vi.waitFor(() => {
    store(note, bob, second)
    expect([readText(note), second.sender.unsaved]).toEqual(['acknowledged on its way', 0])
  })
  expect(second.problems).toEqual([])
  await vi.waitFor(async () => expect(await memory.list(note.documentId)).toEqual([]))
})

it('[CL5] [CL14] [LO14] what an earlier run has sealed upon an edit that neither the log nor this run has is kept until that comes', async () => {
  const { note, bob, memory, client, kept } = await loseFirst()
  // The run in between ends before anything comes.
  for (const _ of [1, 2]) {
    const run = await sitAgain(bob, memory)
    run.sender.opened()
    await run.sender.whenKept()
    storeAll(note, bob, run)
    expect([run.doc.getText('note').toJSON(), run.sender.unsaved]).toEqual(['', 1])
    expect(await memory.list(note.documentId)).not.toEqual([])
    run.sender.destroy()
  }
  const last = await sitAgain(bob, memory)
  last.sender.opened()
  // Somebody who was there quotes it.
  const forger = new Forger(note, bob)
  note.append(forger.bind(client), forger.seal(KIND.update, encodeAuthoredUpdate({ authored: 1, update: kept })))
  feedUpdate(last.doc, kept, 'leftover')
  last.sender.retry()
  await vi.waitFor(() => {
    store(note, bob, last)
    expect([readText(note), last.sender.unsaved]).toEqual(['acknowledged on its way', 0])
  })
  await vi.waitFor(async () => expect(await memory.list(note.documentId)).toEqual([]))
})

it('[CL14] [LO14] what an earlier run wrote without a relay, under an id that no log has bound, leaves although the log goes back first', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  const before = note.entries.length
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  first.doc.getText('note').insert(0, 'written offline')
  await first.sender.whenKept()
  first.sender.destroy()
  const second = await sitAgain(bob, memory)
  expect(second.doc.getText('note').toJSON()).toBe('written offline')
  rollBack(note, before)
  second.sender.startOver()
  second.sender.opened()
  expect(second.sender.unsaved).toBeGreaterThan(0)
  await vi.waitFor(() => {
    store(note, bob, second)
    expect([readText(note), second.sender.unsaved]).toEqual(['written offline', 0])
  })
  await vi.waitFor(async () => expect(await memory.list(note.documentId)).toEqual([]))
})

it('[LO3] [CL14] [LO14] what an earlier run has sealed upon a head that the log lost leaves sealed anew', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  first.sender.opened()
  first.doc.getText('note').insert(0, 'acknowledged ')
  await vi.waitFor(() => {
    store(note, bob, first)
    expect(first.sender.unsaved).toBe(0)
  })
  await vi.waitFor(async () => expect((await memory.list(note.documentId)).some(isEdit)).toBe(false))
  const kept = Y.encodeStateAsUpdateV2(first.doc) as Bytes
  const before = note.entries.length
  // Its session goes on from what stays, and has seen what does not.
  note.append(note.creator.bind(), note.creator.type('lost '))
  first.doc.getText('note').insert(first.doc.getText('note').length, 'on its way')
  await vi.waitFor(async () => expect((await memory.list(note.documentId)).some(isEdit)).toBe(true))
  first.sender.destroy()
  rollBack(note, before)
  const second = sit(bob, memory)
  feedUpdate(second.doc, kept, 'leftover')
  await second.sender.restore()
  second.sender.loaded()
  second.sender.opened()
  await vi.waitFor(() => {
    store(note, bob, second)
    expect([readText(note), second.sender.unsaved]).toEqual(['acknowledged on its way', 0])
  })
  expect(second.problems).toEqual([])
  await vi.waitFor(async () => expect(await memory.list(note.documentId)).toEqual([]))
})

/** From now on the person reads the log from what a snapshot at its head would say. */
function readFromHead({ log }: Person): void {
  const { head, state } = log
  log.restart({ seq: head.seq, context: log.context(), clocks: new Map(state.clocks()), deletes: [] })
}

/** Bob has an edit in the log, and another on its way, sealed upon a bind of somebody else's, before which the log is `before` long. */
async function sealUponBind(): Promise<{
  note: Note
  bob: Person
  memory: Outbox
  kept: Bytes
  before: number
  forger: Forger
}> {
  const note = await createNote()
  const bob = await note.add('writer')
  note.append(note.creator.bind())
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  first.sender.opened()
  first.doc.getText('note').insert(0, 'acknowledged ')
  await vi.waitFor(() => {
    store(note, bob, first)
    expect(first.sender.unsaved).toBe(0)
  })
  await vi.waitFor(async () => expect((await memory.list(note.documentId)).some(isEdit)).toBe(false))
  const kept = Y.encodeStateAsUpdateV2(first.doc) as Bytes
  const before = note.entries.length
  const forger = new Forger(note, note.creator)
  note.append(forger.bind(7))
  first.doc.getText('note').insert(first.doc.getText('note').length, 'on its way')
  await vi.waitFor(async () => expect((await memory.list(note.documentId)).some(isEdit)).toBe(true))
  first.sender.destroy()
  return { note, bob, memory, kept, before, forger }
}

/** The log has lost that bind; what it has in its place Bob does not know, for he reads it from behind there on. */
async function loseHead(isShown: boolean): Promise<{ note: Note; bob: Person; memory: Outbox; second: Seat }> {
  const { note, bob, memory, kept, before, forger } = await sealUponBind()
  rollBack(note, before)
  for (const client of [8, 9]) note.append(forger.bind(client))
  const second = sit(bob, memory)
  if (isShown) feedUpdate(second.doc, kept, 'leftover')
  await second.sender.restore()
  second.sender.loaded()
  readFromHead(bob)
  if (!isShown) feedUpdate(second.doc, kept, 'leftover')
  return { note, bob, memory, second }
}

it.each([
  ['and is shown already', true],
  ['and is not shown yet', false],
])(
  '[LO3] [CL14] [CL41] what an earlier run has sealed upon a head before the snapshot from which the log is read, %s, leaves sealed anew, once',
  async (_, isShown) => {
    const { note, bob, memory, second } = await loseHead(isShown)
    second.sender.opened()
    await vi.waitFor(() => {
      store(note, bob, second)
      expect([readText(note), second.sender.unsaved]).toEqual(['acknowledged on its way', 0])
    })
    expect([second.doc.getText('note').toJSON(), second.problems]).toEqual(['acknowledged on its way', []])
    await vi.waitFor(async () => expect(await memory.list(note.documentId)).toEqual([]))
  },
)

it.each([
  ['all of the log that goes on', () => undefined],
  ['that log from behind that place on', readFromHead],
])(
  '[LO3] [CL2] [CL14] a bind that an earlier run has sealed upon a head that the log lost holds up nothing in a run that reads %s',
  async (_, read) => {
    const note = await createNote()
    const bob = await note.add('writer')
    const before = note.entries.length
    const forger = new Forger(note, note.creator)
    note.append(forger.bind(7))
    const memory = createMemoryOutbox()
    const first = sit(bob, memory)
    first.sender.opened()
    first.doc.getText('note').insert(0, 'typed')
    await first.sender.whenKept()
    expect((await memory.list(note.documentId)).length).toBe(2)
    first.sender.destroy()
    rollBack(note, before)
    for (const client of [8, 9]) note.append(forger.bind(client))
    read(bob)
    const second = await sitAgain(bob, memory)
    second.sender.opened()
    // A relay refuses what has seen another log, and takes nothing behind it.
    const honest = note.people[0]?.log
    expect(second.sent.map((each) => honest?.compareTranscript(each.seenSeq, each.seenTranscript))).toEqual(['same'])
    await vi.waitFor(() => {
      store(note, bob, second)
      expect([readText(note), second.sender.unsaved]).toEqual(['typed', 0])
    })
    await vi.waitFor(async () => expect(await memory.list(note.documentId)).toEqual([]))
  },
)

it('[CL5] [CL14] [LO14] what this run has on its way when the log goes back leaves anew beside what an earlier one has, that had seen what is lost', async () => {
  const { note, bob, memory, kept, before } = await sealUponBind()
  const second = sit(bob, memory)
  feedUpdate(second.doc, kept, 'leftover')
  await second.sender.restore()
  second.sender.loaded()
  second.sender.opened()
  second.doc.getText('note').insert(second.doc.getText('note').length, ', typed')
  // The bind is in the log, and what bears it is sealed; neither that nor the earlier edit arrives.
  second.sent.splice(0, Infinity, ...second.sent.filter(({ kind }) => kind === KIND.bind))
  store(note, bob, second)
  await vi.waitFor(() => expect(second.sent.some(isUpdate)).toBe(true))
  second.sent.splice(0)
  second.sender.closed()
  rollBack(note, before)
  second.sender.startOver()
  second.sender.opened()
  await vi.waitFor(() => {
    store(note, bob, second)
    expect([readText(note), second.sender.unsaved]).toEqual(['acknowledged on its way, typed', 0])
  })
})
