/**
 * Edits that were on their way when a device's process ended, kept in files: a later process sends them, once. Rules CL6, LO8.
 *
 * @module
 */
import type { SealedProviderOptions } from '@y-sealed/client'
import { openFileKeyStore, openFileOutbox, type FileOutbox } from '@y-sealed/client/node'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { setStage } from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

describe('an outbox in files under a provider', () => {
  it('[CL6] [LO8] brings the edits of one run into the log with the next, and is empty then', async () => {
    const stage = await setStage()
    const folder = makeTemporaryFolder()
    /** What a process finds on this device's disk. */
    const openDisk = async (): Promise<{ provider: Partial<SealedProviderOptions>; outbox: FileOutbox }> => {
      const outbox = await openFileOutbox(join(folder, 'outbox'))
      onTestFinished(() => outbox.close())
      return { outbox, provider: { outbox } }
    }
    const keys = await openFileKeyStore(join(folder, 'keys'))
    const { provider, outbox } = await openDisk()
    const first = await stage.watch({ keys, provider })
    await first.peer.provider.whenSynced()
    first.peer.text.insert(0, 'one ')
    await first.peer.provider.whenSaved()
    await vi.waitFor(async () => expect(await outbox.list(stage.document.id)).toEqual([]))
    stage.lying.toRelay = (frame) => (frame?.type === 'push' ? [] : undefined)
    for (const word of ['two ', 'three ', 'four ']) {
      const before = (await outbox.list(stage.document.id)).length
      first.peer.text.insert(first.text.length, word)
      await vi.waitFor(async () => expect((await outbox.list(stage.document.id)).length).toBeGreaterThan(before))
    }
    first.peer.close()
    await outbox.close()
    stage.lying.repent()

    const next = await openDisk()
    const again = await stage.watch({ keys, provider: next.provider })
    const bob = await stage.watchHonestly()
    await vi.waitFor(() => expect([again.text, bob.text]).toEqual(['one two three four ', 'one two three four ']))
    await vi.waitFor(async () => expect(await next.outbox.list(stage.document.id)).toEqual([]))
    expect(again.peer.provider.unsyncedChanges).toBe(0)
  })
})
