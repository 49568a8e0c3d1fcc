/** The document as one draft, after the storage was thrown away, in a run whose log is not read to its end yet. */
import { createMemoryOutbox } from '@y-sealed/client'
import { expect, it } from 'vitest'

import { feedsOf } from '../../../client/log/document-log.ts'
import { feedUpdate } from '../../../client/yjs/feed-update.ts'
import { createNote } from '../../support/members/note.ts'
import { sit } from '../../support/members/seat.ts'

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
