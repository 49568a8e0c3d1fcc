/** What a device has typed and not sealed, after the log has not counted some of it. Rules CL5, CL6. */
import { cryptoReady, type Bytes } from '@y-sealed/protocol'
import { expect, it } from 'vitest'
import * as Y from 'yjs'

import { TypedClocks } from '../../../client/provider/typed-clocks.ts'
import { UnsealedEdits } from '../../../client/provider/unsealed-edits.ts'
import { LogState } from '../../../client/yjs/log-state.ts'

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
