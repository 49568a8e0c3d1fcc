/** Drafts at rest, and what a crash may leave of them. */
import { createMemoryOutbox, type Outbox, type OutboxItem } from '@y-sealed/client'
import {
  CLIENT_FRAME,
  cryptoReady,
  encodeAuthoredUpdate,
  REFUSALS,
  hashFields,
  readWholeEnvelope,
  sodiumSha512,
  Writer,
  type Bytes,
  type Envelope,
} from '@y-sealed/protocol'
import { createEpochKey, randomBytes } from '@y-sealed/protocol/sealing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { isDraft, openDraft, sealDraft } from '../../../client/drafts/draft.ts'
import { feedUpdate } from '../../../client/yjs/feed-update.ts'
import { DocumentLog, feedsOf } from '../../../client/log/document-log.ts'
import { craftUpdate, type Block } from '../../hostile/yjs-update.ts'
import { createNote } from '../../support/members/note.ts'
import { Forger } from '../../support/members/quote-play.ts'
import { isUpdate, readText, rollBack, sit, sitAgain, store, storeAll, type Seat } from '../../support/members/seat.ts'

await cryptoReady()

const place = { document: randomBytes(16), session: randomBytes(8), counter: 7 }
const edit = { refusal: null, authored: 1_234_567, typed: [], update: randomBytes(300) }

describe('a draft', () => {
  it('[CL14] opens at its place, under its key, and shows neither content nor length', () => {
    const key = createEpochKey(3)
    const envelope = sealDraft(edit, place, key)
    const keyOf = (epoch: number): typeof key | null => (epoch === 3 ? key : null)
    expect(openDraft({ ...place, envelope }, keyOf)).toEqual(edit)
    const refused = { ...edit, refusal: 'QUOTA' }
    expect(openDraft({ ...place, envelope: sealDraft(refused, place, key) }, keyOf)).toEqual(refused)
    const typed = { ...edit, typed: [{ client: 7, clock: 2 ** 40 }] }
    expect(openDraft({ ...place, envelope: sealDraft(typed, place, key) }, keyOf)).toEqual(typed)
    const other = sealDraft({ ...edit, update: randomBytes(301) }, place, key)
    expect(other.length).toBe(envelope.length)
    expect(isDraft({ ...place, envelope })).toBe(true)
    expect(readWholeEnvelope(envelope)).toBeNull()
  })

  it('[CL14] opens nowhere else, not under another key, and not when a bit of it was turned', () => {
    const key = createEpochKey(3)
    const item = { ...place, envelope: sealDraft(edit, place, key) }
    const open = (changed: Partial<OutboxItem>): unknown => openDraft({ ...item, ...changed }, () => key)
    expect(open({})).not.toBeNull()
    expect(open({ document: randomBytes(16) })).toBeNull()
    expect(open({ session: randomBytes(8) })).toBeNull()
    expect(open({ counter: 8 })).toBeNull()
    expect(openDraft(item, () => createEpochKey(3))).toBeNull()
    expect(openDraft(item, () => null)).toBeNull()
    for (let bit = 0; bit < item.envelope.length * 8; bit += 37) {
      const envelope = item.envelope.slice()
      envelope[bit >> 3] = (envelope[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(open({ envelope })).toBeNull()
    }
    for (let length = 0; length < item.envelope.length; length += 11) {
      expect(open({ envelope: item.envelope.slice(0, length) })).toBeNull()
    }
  })
})

it('[CL14] what a crash left as a draft and sealed as well leaves once, also deletions', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  const memory = createMemoryOutbox()
  // The process ends before anything is forgotten.
  const outbox: Outbox = { ...memory, remove: () => Promise.resolve() }
  const first = sit(bob, outbox)
  first.doc.getText('note').insert(0, 'typed offline')
  first.doc.getText('note').delete(0, 6)
  await first.sender.whenKept()
  first.sender.opened()
  store(note, bob, first)
  expect(first.sent.filter(isUpdate)).toHaveLength(1)
  await first.sender.whenKept()
  const kept = await memory.list(note.documentId)
  expect(kept.filter(isDraft).length).toBeGreaterThan(0)
  first.sender.destroy()

  const again = await sitAgain(bob, memory)
  expect(again.doc.getText('note').toJSON()).toBe('offline')
  again.sender.opened()
  expect(again.sent.filter(isUpdate).map(({ bytes }) => bytes)).toEqual(
    first.sent.filter(isUpdate).map(({ bytes }) => bytes),
  )
  store(note, bob, again)
  expect(again.sender.unsaved).toBe(0)
  await vi.waitFor(async () => expect(await memory.list(note.documentId)).toEqual([]))
})

it('[CL14] what the outbox cannot take at first is written down once it can', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const note = await createNote()
  const bob = await note.add('writer')
  const memory = createMemoryOutbox()
  let isBroken = true
  const put: Outbox['put'] = (item) =>
    isBroken ? Promise.reject(new Error('the connection is lost')) : memory.put(item)
  const { doc, sender } = sit(bob, { ...memory, put })
  for (const word of ['one ', 'two ', 'three ']) doc.getText('note').insert(0, word)
  await vi.advanceTimersByTimeAsync(10)
  expect(await memory.list(note.documentId)).toEqual([])
  isBroken = false
  await vi.advanceTimersByTimeAsync(2_000)
  expect((await memory.list(note.documentId)).filter(isDraft)).toHaveLength(1)
  const again = await sitAgain(bob, memory)
  expect(again.doc.getText('note').toJSON()).toBe('three two one ')
  await sender.whenKept()
})

it('[CL14] [CL2] what was typed under an id that another device has bound meanwhile leaves under another, once', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  const shown = new Y.Doc()
  const memory = createMemoryOutbox()
  const outbox: Outbox = { ...memory, remove: () => Promise.resolve() }
  // Both have opened one stored copy of a document, say.
  const first = sit(bob, memory)
  const theirs = note.creator.edit('by the creator, ')
  feedUpdate(first.doc, theirs, 'leftover')
  first.doc.clientID = note.creator.client
  const list = first.doc.getArray('list')
  list.push(['typed', 'and deleted'])
  list.insert(1, [new Y.Map([['deep', new Y.Text('inside')]])])
  await first.sender.whenKept()
  list.delete(2, 1)
  first.doc.getText('note').insert(0, 'by Bob')
  await first.sender.whenKept()
  note.append(note.creator.bind())
  note.append(note.creator.seal(encodeAuthoredUpdate({ authored: 1, update: theirs })))
  first.sender.opened()
  expect(first.sent.filter(isUpdate)).toEqual([])
  expect(first.problems).toContain('CLIENT_ID_TAKEN')
  expect(first.doc.clientID).not.toBe(note.creator.client)
  first.sender.destroy()

  const restart = async (box: Outbox): Promise<Seat> => {
    const again = sit(bob, box)
    feedUpdate(again.doc, theirs, 'leftover')
    await again.sender.restore()
    again.sender.loaded()
    again.sender.opened()
    return again
  }
  // It seals, and ends before anything has left or is forgotten.
  const second = await restart(outbox)
  store(note, bob, second)
  const [sealed] = second.sent.filter(isUpdate)
  await second.sender.whenKept()
  second.sender.destroy()
  const third = await restart(memory)
  expect(third.sent.filter(isUpdate).map(({ bytes }) => bytes)).toEqual([sealed?.bytes])
  const taken: Bytes[] = []
  for (const envelope of third.sent.splice(0)) {
    const entry = { seq: note.entries.length + 1, envelope }
    note.entries.push(entry)
    for (const outcome of note.creator.log.take([entry])) if (outcome.kind === 'update') taken.push(outcome.update)
  }
  for (const update of [theirs, ...taken]) feedUpdate(shown, update, 'log')
  expect(shown.getText('note').toJSON()).toContain('by Bob')
  expect(shown.getText('note').toJSON()).toContain('by the creator, ')
  expect(shown.getArray('list').toJSON()).toEqual(['typed', { deep: 'inside' }])
  expect(third.doc.getText('note').toJSON()).toBe(shown.getText('note').toJSON())
  expect(third.doc.getArray('list').toJSON()).toEqual(shown.getArray('list').toJSON())
})

it('T11 [CL14] [CL2] what was typed under an id that a member has then bound, and filled, leaves whole, whatever else they have bound', async () => {
  const note = await createNote()
  const [bob, mallory] = [await note.add('writer'), await note.add('writer')]
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  first.doc.getText('note').insert(0, 'typed ')
  const { clientID: taken } = first.doc
  await first.sender.whenKept()
  // A relay that gives her Bob's bind before it stores it, or a log that lost it, lets her come first. She can reckon who is to inherit, too.
  const forger = new Forger(note, mallory)
  const fill = (client: number): Block => ({ client, clock: 0, structs: [{ gc: 1_000 }] })
  const heirs = [taken]
  for (let n = 0; n < 3; n++) {
    const number = new Writer(8).u64(heirs.at(-1)!).finish()
    const hash = hashFields(sodiumSha512, 'y-sealed/v1/heir', note.documentId, bob.device.id, number)
    heirs.push(new DataView(hash.buffer).getUint32(0))
  }
  for (const client of heirs) note.append(forger.bind(client), forger.update(fill(client)))
  const theirs = craftUpdate({ blocks: heirs.map(fill) })
  first.sender.opened()
  expect(first.problems).toContain('CLIENT_ID_TAKEN')
  first.doc.getText('note').insert(6, 'by Bob')
  await first.sender.whenKept()
  first.sender.destroy()

  const again = sit(bob, memory)
  feedUpdate(again.doc, theirs, 'leftover')
  await again.sender.restore()
  again.sender.loaded()
  expect(again.doc.getText('note').toJSON()).toBe('typed by Bob')
  again.sender.opened()
  const shown = new Y.Doc()
  feedUpdate(shown, theirs, 'log')
  while (again.sent.length > 0) {
    const at = note.entries.length
    store(note, bob, again)
    const reader = new DocumentLog(note.creator.membership)
    for (const outcome of reader.take(note.entries).slice(at))
      for (const update of feedsOf(outcome)) feedUpdate(shown, update, 'log')
  }
  expect([shown.getText('note').toJSON(), again.sender.unsaved]).toEqual(['typed by Bob', 0])
})

it('[CL14] what leans on edits that have not come is kept, told of, and shown once they have', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  // Another tab's, say, which the relay does not have yet.
  const theirs = note.creator.edit('theirs ')
  feedUpdate(first.doc, theirs, 'leftover')
  first.doc.getText('note').insert(7, 'and mine')
  await first.sender.whenKept()
  first.sender.destroy()

  const again = await sitAgain(bob, memory)
  again.sender.opened()
  expect([again.doc.getText('note').toJSON(), again.sender.unsaved]).toEqual(['', 1])
  expect(again.problems).toEqual(['DEPENDS_ON_UNSENT'])
  note.append(note.creator.bind(), note.creator.seal(encodeAuthoredUpdate({ authored: 1, update: theirs })))
  feedUpdate(again.doc, theirs, 'leftover')
  again.sender.retry()
  expect(again.doc.getText('note').toJSON()).toBe('theirs and mine')
  store(note, bob, again)
  store(note, bob, again)
  expect(again.sender.unsaved).toBe(0)
})

it('[CL14] what is not shown yet outlasts what was typed after it, and left', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  const theirs = note.creator.edit('theirs ')
  feedUpdate(first.doc, theirs, 'leftover')
  first.doc.getText('note').insert(7, 'and mine')
  await first.sender.whenKept()
  first.sender.destroy()

  const second = await sitAgain(bob, memory)
  second.sender.opened()
  store(note, bob, second)
  second.doc.getText('other').insert(0, 'typed meanwhile')
  await second.sender.whenKept()
  store(note, bob, second)
  store(note, bob, second)
  expect(second.sender.unsaved).toBe(1)
  await vi.waitFor(async () => expect((await memory.list(note.documentId)).every(isDraft)).toBe(true))
  second.sender.destroy()

  note.append(note.creator.bind(), note.creator.seal(encodeAuthoredUpdate({ authored: 1, update: theirs })))
  const third = sit(bob, memory)
  feedUpdate(third.doc, theirs, 'leftover')
  await third.sender.restore()
  third.sender.loaded()
  expect(third.doc.getText('note').toJSON()).toBe('theirs and mine')
  third.sender.opened()
  store(note, bob, third)
  store(note, bob, third)
  expect(third.sender.unsaved).toBe(0)
  await vi.waitFor(async () => expect(await memory.list(note.documentId)).toEqual([]))
})

it('[CL13] [CL14] what the log has and the device has not kept of it stays in the outbox, whatever is sealed anew after it', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  const memory = createMemoryOutbox()
  let kept: () => void = () => undefined
  const first = sit(bob, memory, () => new Promise<void>((resolve) => (kept = resolve)))
  first.sender.opened()
  first.doc.getText('note').insert(0, 'one')
  store(note, bob, first)
  store(note, bob, first)
  first.doc.getText('note').insert(3, ' two')
  first.sender.flush()
  const [two] = first.sent.splice(0)
  first.sender.refuse({
    type: 'nack',
    refused: CLIENT_FRAME.push,
    document: note.documentId,
    session: (two as Envelope).session,
    counter: (two as Envelope).counter,
    code: REFUSALS.SESSION_CLOSED.number,
    retryAfterMs: 0,
    detail: 0,
    attachment: new Uint8Array(0),
  })
  await vi.waitFor(async () => {
    const sealed = (await memory.list(note.documentId)).filter((item) => !isDraft(item))
    expect(new Set(sealed.map(({ session }) => session.join())).size).toBe(2)
  })
  // Nor is it said to be kept, and its draft stays, while the log that it leans on is not.
  let isSaid = false
  void first.sender.whenKept().then(() => (isSaid = true))
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect([isSaid, (await memory.list(note.documentId)).some(isDraft)]).toEqual([false, true])
  first.sender.destroy()
  const again = await sitAgain(bob, memory)
  expect(again.doc.getText('note').toJSON()).toBe('one two')
  kept()
})

it('[LO14] [CL14] what the log has lost, and hangs on what its author has yet to write anew, outlasts the run', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  const memory = createMemoryOutbox()
  const before = note.entries.length
  const first = sit(bob, memory)
  const theirs = note.creator.edit('theirs ')
  note.append(note.creator.bind(), note.creator.seal(encodeAuthoredUpdate({ authored: 1, update: theirs })))
  feedUpdate(first.doc, theirs, 'leftover')
  first.sender.opened()
  first.doc.getText('note').insert(7, 'and mine')
  store(note, bob, first)
  store(note, bob, first)
  expect(first.sender.unsaved).toBe(0)
  await vi.waitFor(async () => expect(await memory.list(note.documentId)).toEqual([]))
  // The relay has come back from an older backup.
  bob.log.restart()
  bob.log.take(note.entries.slice(0, before))
  first.sender.closed()
  first.sender.startOver()
  first.sender.opened()
  // Some of it can be written anew at once; the rest is still kept.
  first.doc.getText('other').insert(0, 'on its own')
  store(note, bob, first)
  await first.sender.whenKept()
  first.sender.destroy()

  const again = sit(bob, memory)
  await again.sender.restore()
  feedUpdate(again.doc, theirs, 'leftover')
  again.sender.loaded()
  expect(again.doc.getText('note').toJSON()).toBe('theirs and mine')
})

it('[LO14] [CL5] what several runs wrote one upon the other goes out anew whole, also with what is typed before the binds are answered', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  const before = note.entries.length
  const first = sit(bob, createMemoryOutbox())
  first.sender.opened()
  // The later run's client is the higher one, and comes to less: Yjs would write it first.
  for (const [client, text] of [
    [10, 'what the first run wrote '],
    [20, 'and a later one'],
  ] as const) {
    first.doc.clientID = client
    first.doc.getText('note').insert(first.doc.getText('note').length, text)
    first.sender.flush()
    store(note, bob, first)
    store(note, bob, first)
  }
  expect(first.sender.unsaved).toBe(0)
  first.sender.closed()
  rollBack(note, before)
  first.sender.startOver()
  first.doc.clientID = 5
  first.sender.opened()
  first.doc.getText('other').insert(0, 'typed at once')
  first.sender.flush()
  storeAll(note, bob, first)
  expect(first.sender.unsaved).toBe(0)
  const { state } = note.creator.log
  expect([10, 20, 5].map((client) => state.clockOf(client))).toEqual([25, 15, 13])
})

it('[LO14] [CL6] a log that goes back again before all is in it loses nothing of an earlier run, whose bind it has lost by then', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  const before = note.entries.length
  const goBack = ({ sender, sent }: Seat): void => {
    sent.splice(0)
    sender.closed()
    rollBack(note, before)
    sender.startOver()
    sender.opened()
  }
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  first.sender.opened()
  first.doc.getText('note').insert(0, 'from an earlier run')
  storeAll(note, bob, first)
  expect(first.sender.unsaved).toBe(0)
  await first.sender.whenKept()
  first.sender.destroy()
  // The next run is shown it by the log that it has kept.
  const second = sit(bob, memory)
  await second.sender.restore()
  second.sender.bound([{ client: first.doc.clientID, device: bob.device.id }])
  feedUpdate(second.doc, Y.encodeStateAsUpdateV2(first.doc) as Bytes, 'leftover')
  second.sender.loaded()
  second.sender.opened()
  goBack(second)
  // It is sealed anew, and does not come so far.
  goBack(second)
  goBack(second)
  storeAll(note, bob, second)
  expect(second.sender.unsaved).toBe(0)
  expect(note.creator.log.state.clockOf(first.doc.clientID)).toBe(19)
})

it.each(['before it is opened', 'while its bind is on its way'])(
  '[CL14] [LO14] what was typed offline in an earlier run leaves although the log goes back %s',
  async (when) => {
    const note = await createNote()
    const bob = await note.add('writer')
    const before = note.entries.length
    const memory = createMemoryOutbox()
    const first = sit(bob, memory)
    first.doc.getText('note').insert(0, 'typed offline')
    await first.sender.whenKept()
    first.sender.destroy()
    const second = await sitAgain(bob, memory)
    if (when !== 'before it is opened') second.sender.opened()
    second.sent.splice(0)
    second.sender.closed()
    rollBack(note, before)
    second.sender.startOver()
    second.sender.opened()
    storeAll(note, bob, second)
    expect([second.doc.getText('note').toJSON(), second.sender.unsaved]).toEqual(['typed offline', 0])
    expect(note.creator.log.state.clockOf(first.doc.clientID)).toBe(13)
    await vi.waitFor(async () => expect((await memory.list(note.documentId)).filter(isDraft)).toEqual([]))
  },
)

it('[CL14] a draft that leans on what came last is shown at the opening, before anything leaves, and leaves with what was typed since', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  note.append(note.creator.bind())
  const theirs = note.creator.edit('theirs')
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  feedUpdate(first.doc, theirs, 'leftover')
  first.doc.getText('note').insert(6, ' and mine')
  await first.sender.whenKept()
  first.sender.destroy()
  const second = await sitAgain(bob, memory)
  second.doc.getText('other').insert(0, 'typed since')
  // What it leans on is in the document only now, and the log has it.
  expect(second.doc.getText('note').toJSON()).toBe('')
  note.append(note.creator.seal(encodeAuthoredUpdate({ authored: 1, update: theirs })))
  feedUpdate(second.doc, theirs, 'leftover')
  second.sender.opened()
  expect([second.doc.getText('note').toJSON(), second.problems]).toEqual(['theirs and mine', []])
  storeAll(note, bob, second)
  expect(second.sender.unsaved).toBe(0)
  expect([readText(note), readText(note, 'other')]).toEqual(['theirs and mine', 'typed since'])
  await vi.waitFor(async () => expect((await memory.list(note.documentId)).filter(isDraft)).toEqual([]))
})
