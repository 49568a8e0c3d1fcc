/** What is typed while the device's storage is still being read. Rules CL6, CL14. */
import { createMemoryDocumentStore, type DocumentStore } from '@y-sealed/client'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'

import { startLyingRelay } from '../support/lying-relay.ts'
import { createScene, startHonestRelay, watch } from '../support/stage.ts'

it('[CL6] [CL14] is not said to be saved, nor kept, before it has been taken', async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const memory = createMemoryDocumentStore()
  let goOn: () => void = () => undefined
  const isTime = new Promise<void>((resolve) => (goOn = resolve))
  const slowly: DocumentStore = {
    ...memory,
    records: async (document) => {
      await isTime
      return memory.records(document)
    },
  }
  const { access } = await createScene()
  const { peer } = await watch({ relay: lying, access: access(), provider: { store: slowly } })
  const { provider, text } = peer
  const told: (readonly [string, boolean, number])[] = []
  provider.on('saved', () => told.push(['saved', provider.isKept, provider.head.seq]))
  text.insert(0, 'early')
  await pause(200)
  expect([told, provider.unsyncedChanges, provider.isKept]).toEqual([[], 1, false])
  goOn()
  await provider.whenSaved()
  expect(told).toEqual([['saved', true, provider.head.seq]])
  expect(provider.head.seq).toBeGreaterThan(0)
})
