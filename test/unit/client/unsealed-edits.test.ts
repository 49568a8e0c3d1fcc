/** What a device has typed and not sealed, after the log has not counted some of it. Rules CL5, CL6. */
import { cryptoReady, type Bytes } from '@y-sealed/protocol'
import { expect, it } from 'vitest'
import * as Y from 'yjs'

import { TypedClocks } from '../../../client/provider/typed-clocks.ts'
import { UnsealedEdits } from '../../../client/provider/unsealed-edits.ts'
import { LogState } from '../../../client/yjs/log-state.ts'

/** This device's, and somebody else's word in its document. */
interface Loss {
  readonly doc: Y.Doc
  readonly theirs: Y.Doc
  readonly state: LogState
  readonly edits: UnsealedEdits
  readonly asked: Set<number>
}

/** A log that has gone back, and lacks what somebody else has written: the document has it. */
async function lose(): Promise<Loss> {
  await cryptoReady()
  const device = new Uint8Array(16).fill(7)
  const [theirs, doc] = [new Y.Doc(), new Y.Doc()]
  const state = new LogState()
  const asked = new Set<number>()
  const edits = new UnsealedEdits({
    doc,
    device,
    typedClocks: new TypedClocks(doc),
    state: () => state,
    bind: (clients) => {
      for (const client of clients) asked.add(client)
      return true
    },
    onProblem: ({ code }) => expect.unreachable(code),
    onSetAside: (code) => expect.unreachable(code),
  })
  theirs.getText('note').insert(0, 'theirs')
  Y.applyUpdateV2(doc, Y.encodeStateAsUpdateV2(theirs), 'log')
  state.bind(doc.clientID, device)
  edits.startOver((client) => client === doc.clientID)
  expect(edits.release()).toBe(null)
  doc.on('updateV2', (update, origin) => origin === 'log' || edits.take(update as Bytes))
  return { doc, theirs, state, edits, asked }
}

it('[CL5] [CL31] what the log has lost of others is theirs to send, also where an own edit has to be found by comparing', async () => {
  const { doc, theirs, edits, asked } = await lose()
  doc.getText('title').insert(0, 'mine')
  edits.release()
  edits.takeBack(1)
  edits.gather()
  const { update } = edits.compare()
  const released = edits.release()
  const clientsOf = (bytes: Bytes): number[] => [...Y.decodeUpdateV2(bytes).structs].map(({ id }) => id.client)
  expect([clientsOf(update), released && clientsOf(released.update)]).toEqual([[doc.clientID], [doc.clientID]])
  expect(asked.has(theirs.clientID)).toBe(false)
})

it('[CL5] [CL31] what is deleted here, and comes again after the log had lost it, is deleted there too', async () => {
  const { doc, theirs, state, edits } = await lose()
  doc.getText('note').delete(0, 2)
  expect(edits.release()).toBe(null)
  // Somebody has quoted it.
  state.grow(new Map([[theirs.clientID, 6]]))
  edits.grown()
  const released = edits.release()
  Y.applyUpdateV2(theirs, released?.update as Bytes)
  expect([theirs.getText('note').toJSON(), edits.count]).toEqual(['eirs', 0])
})

it('[CL5] [CL6] what does not count leaves with the next edit, though that leans on nothing of it: it is not called saved before', async () => {
  await cryptoReady()
  const device = new Uint8Array(16).fill(7)
  const [earlier, doc, log] = [new Y.Doc(), new Y.Doc(), new Y.Doc()]
  const state = new LogState()
  for (const { clientID } of [earlier, doc]) state.bind(clientID, device)
  const edits = new UnsealedEdits({
    doc,
    device,
    typedClocks: new TypedClocks(doc),
    state: () => state,
    bind: () => true,
    onProblem: ({ code }) => expect.unreachable(code),
    onSetAside: (code) => expect.unreachable(code),
  })
  // Sealed by an earlier run, and refused by the log.
  earlier.getText('note').insert(0, 'from an earlier run')
  const sealed = Y.encodeStateAsUpdateV2(earlier) as Bytes
  Y.applyUpdateV2(doc, sealed)
  edits.noteSealed(sealed)
  edits.takeBack(1)
  doc.on('updateV2', (update) => edits.take(update as Bytes))
  doc.getText('title').insert(0, 'typed now')
  expect(edits.count).toBe(2)
  const released = edits.release()
  expect([released?.edits, edits.count]).toEqual([2, 0])
  Y.applyUpdateV2(log, released?.update as Bytes)
  expect([log.getText('note').toJSON(), log.getText('title').toJSON()]).toEqual(['from an earlier run', 'typed now'])
})
