/** What the relay refuses for good does not hold up what follows, and is not lost. */
import { openNodeStorage } from '@y-sealed/client/node'
import { CLIENT_FRAME, encodeRelayFrame, REFUSALS } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'
import * as Y from 'yjs'

import { createScene, setStage, startHonestRelay, watch } from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

/** What an app can save of it. */
function textsIn(content: Uint8Array): readonly unknown[] {
  const doc = new Y.Doc()
  Y.applyUpdateV2(doc, content)
  const values = doc.getArray('set-aside').toArray()
  return [values.filter((value) => typeof value === 'string').join('')]
}

it('[CL15] a paste that is too large for the relay is set aside, in this run and the next, and what is typed around it arrives', async () => {
  const relay = await startHonestRelay([], makeTemporaryFolder(), { groupBytes: 100_000 })
  const { access } = await createScene()
  const folder = makeTemporaryFolder()
  let storage = await openNodeStorage(folder)
  const { keys, outbox, documents: store } = storage
  const alice = await watch({ relay, access: access(), keys, provider: { outbox, store } })
  const bob = await watch({ relay, access: access() })
  await Promise.all([alice.peer.provider.whenSynced(), bob.peer.provider.whenSynced()])
  const { text, provider } = alice.peer
  text.insert(0, 'before. ')
  await provider.whenSaved()
  const book = 'All happy families are alike. '.repeat(10_000)
  text.insert(text.length, book)
  text.insert(text.length, 'after.')
  await provider.whenSaved()
  await vi.waitFor(() => expect(bob.text).toBe('before. after.'))
  expect(provider.setAside).toMatchObject([{ code: 'QUOTA' }])
  expect(textsIn(provider.setAside[0]!.content)).toEqual([book])
  expect(alice.problems).toMatchObject([{ code: 'EDIT_SET_ASIDE' }])
  expect([...alice.reports, ...bob.reports]).toEqual([])
  await provider.whenKept()
  alice.peer.close()
  await storage.close()

  storage = await openNodeStorage(folder)
  const stored = { outbox: storage.outbox, store: storage.documents }
  const again = await watch({ relay, access: access(), keys: storage.keys, provider: stored })
  await again.peer.provider.whenSynced()
  expect(again.text).toBe('before. after.')
  const [kept] = again.peer.provider.setAside
  expect(textsIn(kept!.content)).toEqual([book])
  again.peer.provider.dismissSetAside(kept!.id)
  expect(again.peer.provider.setAside).toEqual([])
  await vi.waitFor(async () => expect(await storage.outbox.list(provider.documentId)).toEqual([]))
  again.peer.close()
  await storage.close()
})

it('[CL15] what is merged with too large a paste leaves without it', async () => {
  const relay = await startHonestRelay([], makeTemporaryFolder(), { groupBytes: 100_000 })
  const { access } = await createScene()
  const alice = await watch({ relay, access: access(), provider: { connect: false } })
  await alice.peer.provider.whenLoaded()
  const { text, provider } = alice.peer
  for (let line = 0; line < 20; line++) text.insert(text.length, `line ${line}\n`)
  const typed = text.toJSON()
  text.insert(0, 'x'.repeat(400_000))
  text.insert(text.length, 'the end')
  provider.connect()
  await provider.whenSaved()
  const bob = await watch({ relay, access: access() })
  await bob.peer.provider.whenSynced()
  expect(bob.text).toBe(`${typed}the end`)
  expect(provider.setAside).toMatchObject([{ code: 'QUOTA' }])
})

it('[K14] [CL15] a relay that refuses every edit for good empties no document: one is set aside, the others wait', async () => {
  const stage = await setStage()
  const alice = await stage.watch()
  const { provider, text } = alice.peer
  await provider.whenSynced()
  text.insert(0, 'taken ')
  await provider.whenSaved()
  stage.lying.toRelay = (frame, _message, link) => {
    if (frame?.type !== 'push') return undefined
    for (const { document, session, counter } of frame.envelopes) {
      const refusal = { type: 'nack', document, refused: CLIENT_FRAME.push, session, counter } as const
      const answer = { code: REFUSALS.BAD_ENVELOPE.number, detail: 0, retryAfterMs: 0, attachment: new Uint8Array() }
      link.toClient(encodeRelayFrame({ ...refusal, ...answer }))
    }
    return []
  }
  for (const word of ['one ', 'two ', 'three ', 'four ']) {
    text.insert(text.length, word)
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  await vi.waitFor(() => expect(alice.problems.map(({ code }) => code)).toContain('BAD_ENVELOPE'))
  expect(provider.setAside.length).toBeLessThanOrEqual(1)
  expect(provider.unsyncedChanges).toBeGreaterThan(0)
  expect(text.toJSON()).toBe('taken one two three four ')
})
