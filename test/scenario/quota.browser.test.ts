/** A browser that lets nothing more be kept, under somebody who types: they are told, nothing typed is lost, and all of it leaves once a relay is there. */
import type { SendProblem, SyncStatus } from '@y-sealed/client'
import { expect, inject, it, onTestFinished, vi } from 'vitest'
import { cdp } from 'vitest/browser'

import { makeStorageName, openStorage } from '../support/browser-storage.ts'
import { createRoom, join } from '../support/peer.ts'

const relay = inject('relay')
const PATIENCE = { timeout: 30_000 }

/** All databases go with it: no other test runs beside this one. */
async function setQuota(quota: { readonly quotaSize?: number }): Promise<void> {
  const { origin } = location
  await cdp().send('Storage.overrideQuotaForOrigin', { origin, ...quota })
  await cdp().send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
}

/** Text that no compression makes small. */
function noise(characters: number): string {
  const bytes = Array.from({ length: Math.ceil(characters / 30_000) }, () =>
    crypto.getRandomValues(new Uint8Array(30_000)),
  )
  return bytes.map((part) => Array.from(part, (byte) => String.fromCharCode(33 + (byte % 90))).join('')).join('')
}

it('[CL14] [CL22] a full quota is told of, and loses nothing that was typed', { timeout: 90_000 }, async () => {
  onTestFinished(() => setQuota({}))
  await setQuota({ quotaSize: 2_000_000 })
  const storage = await openStorage(makeStorageName())
  const access = await createRoom()
  const { provider, text } = await join({
    relay,
    access: access(),
    keys: storage.keys,
    provider: { outbox: storage.outbox, store: storage.documents, storage: 'kept', connect: false },
  })
  const problems: SendProblem['code'][] = []
  const told: SyncStatus['storage'][] = []
  provider.on('problem', ({ code }) => problems.push(code))
  provider.on('syncStatus', ({ storage: where }) => told.push(where))
  await provider.whenLoaded()
  text.insert(0, 'typed while there was room. ')
  await provider.whenKept()
  expect([problems, provider.syncStatus.storage]).toEqual([[], 'kept'])
  await vi.waitFor(
    () => {
      text.insert(text.length, noise(100_000))
      expect(problems).toContain('STORAGE_FULL')
    },
    { ...PATIENCE, interval: 100 },
  )
  text.insert(text.length, ' and typed when there was none')
  expect([provider.syncStatus.storage, provider.syncStatus.unsaved > 0, told.includes('off')]).toEqual([
    'off',
    true,
    true,
  ])

  provider.connect()
  await vi.waitFor(() => expect([provider.synced, provider.unsyncedChanges]).toEqual([true, 0]), PATIENCE)
  const reader = await join({ relay, access: access() })
  await reader.provider.whenSynced()
  expect(reader.text.toJSON() === text.toJSON()).toBe(true)
  expect(reader.text.toJSON()).toContain('and typed when there was none')
  // What comes next could not be kept here either, and that is said as long as it is so.
  expect(provider.syncStatus).toMatchObject({ kind: 'saved', unsaved: 0 })
})
