/** Edits written down many in one, so that each can be shown again. Rule CL14. */
import { createMemoryOutbox } from '@y-sealed/client'
import { cryptoReady, type Bytes } from '@y-sealed/protocol'
import { createEpochKey, randomBytes } from '@y-sealed/protocol/sealing'
import { expect, it } from 'vitest'
import * as Y from 'yjs'

import { DraftBook } from '../../../client/drafts/draft-book.ts'
import { inspectUpdate } from '../../../client/yjs/inspect-update.ts'

it('[CL14] writes down apart what does not follow one upon the other: nothing in between is left open', async () => {
  await cryptoReady()
  const [key, outbox, documentId] = [createEpochKey(1), createMemoryOutbox(), randomBytes(16)]
  const open = (): DraftBook =>
    new DraftBook({
      documentId,
      outbox,
      key: () => key,
      keyOf: () => key,
      onProblem: (problem) => expect.unreachable(problem.code),
      onKept: () => undefined,
    })
  const updates: Bytes[] = []
  const doc = new Y.Doc()
  doc.on('updateV2', (update) => updates.push(update as Bytes))
  for (const word of ['one ', 'two ', 'three ', 'four ']) doc.getText('note').insert(doc.getText('note').length, word)
  const [one, two, three, four] = updates as [Bytes, Bytes, Bytes, Bytes]
  const book = open()
  // Only the first is on its way when the others come.
  for (const update of [three, one, four, two]) book.keep({ update, authored: 1, typed: [] })
  await book.whenKept()
  const { edits, damaged } = open().adopt(await outbox.list(documentId))
  expect(damaged).toBe(0)
  expect(edits.map(({ update }) => inspectUpdate(update).ok)).not.toContain(false)
  const again = new Y.Doc()
  for (const { update } of edits) Y.applyUpdateV2(again, update)
  expect(again.getText('note').toJSON()).toBe('one two three four ')
})
