/** What is typed while the device's storage is still being read. Rules CL6, CL14. */
import {
  createMemoryDocumentStore,
  createMemoryKeyStore,
  createMemoryOutbox,
  type DocumentStore,
  type Outbox,
} from '@y-sealed/client'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'

import { startLyingRelay } from '../support/lying-relay.ts'
import { createScene, startHonestRelay, watch } from '../support/stage.ts'

interface Gate {
  readonly isOpen: Promise<void>
  readonly open: () => void
}

function createGate(): Gate {
  let open = (): void => undefined
  const isOpen = new Promise<void>((resolve) => (open = resolve))
  return { isOpen, open }
}

it('[CL6] [CL14] is not said to be saved, nor kept, before it has been taken', async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const memory = createMemoryOutbox()
  const { isOpen, open } = createGate()
  const slowly: Outbox = {
    ...memory,
    list: async (document) => {
      await isOpen
      return memory.list(document)
    },
  }
  const { access } = await createScene()
  const { peer } = await watch({ relay: lying, access: access(), provider: { outbox: slowly } })
  const { provider, text } = peer
  const told: (readonly [string, boolean, number])[] = []
  provider.on('saved', () => told.push(['saved', provider.isKept, provider.head.seq]))
  text.insert(0, 'early')
  await pause(200)
  expect([told, provider.unsyncedChanges, provider.isKept]).toEqual([[], 1, false])
  open()
  await provider.whenSaved()
  expect(told).toEqual([['saved', true, provider.head.seq]])
  expect(provider.head.seq).toBeGreaterThan(0)
})

it('[CL14] is kept in the order in which it was typed: the next run has all of it, though the device was killed at once', async () => {
  // Behind it there is no relay.
  const relay = await startLyingRelay()
  const { access } = await createScene()
  const [keys, outbox, memory] = [createMemoryKeyStore(), createMemoryOutbox(), createMemoryDocumentStore()]
  const { isOpen, open } = createGate()
  const store: DocumentStore = {
    ...memory,
    records: async (document) => {
      await isOpen
      return memory.records(document)
    },
  }
  const first = await watch({ relay, access: access(), keys, provider: { outbox, store } })
  const { provider, text } = first.peer
  const type = (word: string): void => text.insert(text.length, word)
  // Before the outbox is read; then before the log is; then in the moment in which it is.
  type('one ')
  type('two ')
  await pause(200)
  type('three ')
  provider.once('loaded', () => type('four '))
  open()
  await provider.whenKept()
  expect(provider.isKept).toBe(true)
  first.peer.close()
  const next = await watch({ relay, access: access(), keys, provider: { outbox, store: memory } })
  await next.peer.provider.whenLoaded()
  expect(next.text).toBe('one two three four ')
})

it('[CL5] what is typed under the name of a root type that UTF-8 cannot say is told of, once, and so is such a text', async () => {
  const relay = await startLyingRelay()
  const { access } = await createScene()
  const { peer } = await watch({ relay, access: access() })
  const told: string[] = []
  peer.provider.on('problem', ({ code }) => told.push(code))
  peer.doc.getText('whole \u{1F600}').insert(0, 'fine')
  expect(told).toEqual([])
  const half = peer.doc.getText('half \uD83D')
  for (const word of ['one ', 'two ']) half.insert(0, word)
  expect(told).toEqual(['ROOT_NAME'])
  peer.text.insert(0, 'half \uD83D')
  peer.text.insert(0, 'whole \u{1F600}')
  // What is typed before the outbox is read is looked at then.
  await vi.waitFor(() => expect(told).toEqual(['ROOT_NAME', 'ILL_FORMED_TEXT']))
})
