/** A device that keeps its document locally pushes the whole of it into the log at every start, though the log has it. */
import { createMemoryKeyStore } from '@y-sealed/client'
import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { setStage } from '../support/stage.ts'

it('[CL5] opening a stored copy that holds nothing new sends nothing', async () => {
  const stage = await setStage()
  const keys = createMemoryKeyStore()
  const first = await stage.watch({ keys })
  await first.peer.provider.whenSynced()
  let text = ''
  for (let i = 0; i < 20_000; i++) text += String.fromCharCode(97 + Math.floor(Math.random() * 26))
  first.peer.text.insert(0, text)
  await first.peer.provider.whenSaved()
  const stored = Y.encodeStateAsUpdateV2(first.peer.doc)
  first.peer.close()

  let pushed = 0
  stage.lying.toRelay = (frame, message) => {
    if (frame?.type === 'push' || frame?.type === 'push-part') pushed += message.length
    return undefined
  }
  for (let start = 0; start < 3; start++) {
    const doc = new Y.Doc()
    Y.applyUpdateV2(doc, stored)
    const again = await stage.watch({ keys, doc })
    await again.peer.provider.whenSynced()
    await again.peer.provider.whenSaved()
    again.peer.close()
  }
  expect(pushed).toBeLessThan(4_000)
})
