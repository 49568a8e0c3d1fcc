/** One tab of a device wipes what another has kept of the log: that one keeps it again. Rules CL13, CL16. */
import { createMemoryDocumentStore, createMemoryOutbox } from '@y-sealed/client'
import { SyncError } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'

import { createScene, startHonestRelay, watch } from '../support/stage.ts'

it('[CL13] [CL16] a tab whose kept log another one wipes keeps all of it again, and loses nothing that is on its way', async () => {
  const relay = await startHonestRelay([])
  const scene = await createScene()
  const store = createMemoryDocumentStore()
  const outbox = createMemoryOutbox()
  const tab = await watch({ relay, access: scene.access(), provider: { store, outbox } })
  const other = await watch({ relay, access: scene.access() })
  const { provider, text } = tab.peer
  const { documentId } = provider
  await provider.whenSynced()
  text.insert(0, 'before ')
  await provider.whenSaved()
  await vi.waitUntil(async () => (await store.extent(documentId)).lastSeq === provider.head.seq)
  await store.delete(documentId)

  other.peer.text.insert(0, 'theirs ')
  await vi.waitUntil(() => tab.problems.some(({ code }) => code === 'LOG_GAP'))
  text.insert(text.length, 'behind')
  await vi.waitFor(async () => {
    expect(provider.unsyncedChanges).toBe(0)
    expect(await store.extent(documentId)).toMatchObject({ baseSeq: 0, lastSeq: provider.head.seq })
    expect(await outbox.list(documentId)).toEqual([])
  })
  await vi.waitFor(() => expect(other.peer.text.toJSON()).toBe('theirs before behind'))
  expect(text.toJSON()).toBe('theirs before behind')
  expect([tab.reports, tab.closings]).toEqual([[], []])
})

it('[CL13] [CL16] a storage in which what was kept is gone each time is not filled again for ever', async () => {
  const relay = await startHonestRelay([])
  const scene = await createScene()
  let appends = 0
  const append = (): Promise<void> => {
    appends += 1
    return Promise.reject(new SyncError('LOG_GAP', 'entries must follow those that are kept'))
  }
  const store = { ...createMemoryDocumentStore(), append }
  const { provider, text } = (await watch({ relay, access: scene.access(), provider: { store } })).peer
  await provider.whenSynced()
  for (let i = 0; i < 3; i++) {
    text.insert(0, 'word ')
    await provider.whenSaved()
    await vi.waitUntil(() => appends === 4, { timeout: 30_000 })
  }
  await provider.whenKept()
  expect(appends).toBe(4)
})
