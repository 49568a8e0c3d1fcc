/** The document as one draft, after the storage was thrown away, in a run whose log is not read to its end yet. */
import { createMemoryOutbox } from '@y-sealed/client'
import { KIND } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'

import { feedsOf } from '../../../client/log/document-log.ts'
import { contentOf } from '../../../client/quotes/quoted-updates.ts'
import { feedUpdate } from '../../../client/yjs/feed-update.ts'
import { createNote } from '../../support/members/note.ts'
import { readText, rollBack, sit, sitAgain, storeAll } from '../../support/members/seat.ts'

it('[CL13] [CL14] what others wrote, and the log brings once more after an eviction, stands there once', async () => {
  const note = await createNote()
  const bob = await note.add('writer')
  note.append(note.creator.bind())
  const through = note.entries.length
  note.append(note.creator.type('hers'))
  const memory = createMemoryOutbox()
  const first = sit(bob, memory)
  bob.log.restart()
  for (const outcome of bob.log.take(note.entries))
    for (const update of feedsOf(outcome)) feedUpdate(first.doc, update, 'leftover')
  expect(first.doc.getText('note').toJSON()).toBe('hers')
  await first.sender.storeAnew(true)
  first.sender.destroy()
  // The tab was killed before more of the log was kept.
  bob.log.restart()
  bob.log.take(note.entries.slice(0, through))
  const second = sit(bob, memory)
  await second.sender.restore()
  second.sender.loaded()
  expect(second.doc.getText('note').toJSON()).toBe('hers')
  for (const outcome of bob.log.take(note.entries.slice(through)))
    for (const update of feedsOf(outcome)) feedUpdate(second.doc, update, 'leftover')
  expect(second.doc.getText('note').toJSON()).toBe('hers')
})

it.each(['their words', 'their binds too'])(
  '[CL13] [CL14] [CL30] where the log has lost what others wrote, %s, the draft of an evicted run holds nothing up, binds nothing of theirs, and stays until they come',
  async (lost) => {
    const note = await createNote()
    const bob = await note.add('writer')
    const before = note.entries.length
    const bind = note.creator.bind()
    const hers = note.creator.type('hers')
    note.append(bind, hers)
    const memory = createMemoryOutbox()
    const first = sit(bob, memory)
    bob.log.restart()
    for (const outcome of bob.log.take(note.entries)) {
      if (outcome.kind === 'bind') first.sender.bound([{ client: outcome.client, device: outcome.envelope.device }])
      for (const update of feedsOf(outcome)) feedUpdate(first.doc, update, 'leftover')
    }
    await first.sender.storeAnew(true)
    first.sender.destroy()
    rollBack(note, lost === 'their words' ? before + 1 : before)
    const second = await sitAgain(bob, memory)
    expect(second.doc.getText('note').toJSON()).toBe('hers')
    second.sender.opened()
    second.doc.getText('beside').insert(0, 'mine')
    second.doc.getText('note').insert(4, ' and mine')
    storeAll(note, bob, second)
    const mine = second.doc.clientID
    // What leans on hers waits for it.
    expect([bob.log.state.clockOf(mine), second.sender.unsaved > 0]).toEqual([4, true])
    const bound = bob.log.state.boundClients().filter(({ device }) => device.join() === bob.device.id.join())
    expect([bound.map(({ client }) => client), second.problems]).toEqual([[mine], []])
    expect(note.entries.filter(({ envelope }) => envelope.kind === KIND.update)).toHaveLength(1)
    await second.sender.whenKept()
    second.sender.destroy()
    // The next run has it still.
    const third = sit(bob, memory)
    await third.sender.restore()
    bob.log.restart()
    for (const outcome of bob.log.take(note.entries))
      for (const update of feedsOf(outcome)) feedUpdate(third.doc, update, 'leftover')
    third.sender.loaded()
    expect(third.doc.getText('note').toJSON()).toBe('hers and mine')
    third.sender.opened()
    note.creator.renewSession()
    const sent = note.creator.log.state.deviceOf(note.creator.client) === null ? [note.creator.bind(), hers] : [hers]
    note.append(
      ...sent.map((envelope) =>
        envelope === hers ? note.creator.seal(contentOf(hers, note.creator.membership)!) : envelope,
      ),
    )
    third.sender.retry()
    storeAll(note, bob, third)
    expect([third.sender.unsaved, readText(note)]).toEqual([0, 'hers and mine'])
    await vi.waitFor(async () => expect(await memory.list(note.documentId)).toEqual([]))
  },
)
