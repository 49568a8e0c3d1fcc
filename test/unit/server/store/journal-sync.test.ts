import { closeSync, fdatasync, openSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, type Mock, onTestFinished, vi } from 'vitest'

import type { StoreError } from '../../../../server/store/store-error.ts'
import { JournalSync } from '../../../../server/store/sqlite/journal-sync.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'

function openJournal(path = join(makeTemporaryFolder(), 'journal')): {
  journal: JournalSync
  synced: () => number
  failed: Mock
} {
  const descriptor = openSync(path, 'a+')
  onTestFinished(() => closeSync(descriptor))
  let count = 0
  const failed = vi.fn<(failure: StoreError) => void>()
  return {
    journal: new JournalSync(descriptor, { onSynced: () => count++, onFailure: failed }),
    synced: () => count,
    failed,
  }
}

describe('the sync of the journal', () => {
  it('asks nobody to wait while everything is durable', async () => {
    const { journal } = openJournal()
    expect(journal.whenDurable()).toBeNull()
    journal.note()
    await journal.whenDurable()
    expect(journal.whenDurable()).toBeNull()
    expect(journal.whenDurable(1)).toBeNull()
  })

  it('[I3] pays one sync for all that is committed while another is under way', async () => {
    const { journal, synced } = openJournal()
    const told: string[] = []
    const ask = (name: string, commit?: number): Promise<void> =>
      (journal.whenDurable(commit) as Promise<void>).then(() => void told.push(`${name} after ${synced()}`))
    journal.note()
    const asked = [ask('first')]
    for (let i = 0; i < 5; i++) journal.note()
    asked.push(ask('sixth'), ask('first again', 1), ask('one that is yet to come', 7))
    await Promise.all(asked)
    expect(told).toEqual(['first after 1', 'first again after 1', 'sixth after 2', 'one that is yet to come after 2'])
    expect([journal.isSyncing, synced()]).toEqual([false, 2])
  })

  it('[H16] [I3] answers nothing any more once a sync has failed', async () => {
    // Linux syncs no such device: EINVAL.
    const { journal, synced, failed } = openJournal('/dev/null')
    journal.note()
    const asked = journal.whenDurable()
    journal.note()
    await expect(asked).rejects.toMatchObject({ code: 'STORE_UNSYNCED', cause: { code: 'EINVAL' } })
    expect(journal.failure).toMatchObject({ code: 'STORE_UNSYNCED' })
    await expect(journal.whenDurable()).rejects.toBe(journal.failure)
    // What was durable before is not shown either, and nothing is synced again.
    await expect(journal.whenDurable(0)).rejects.toBe(journal.failure)
    journal.note()
    await new Promise<void>((resolve) => fdatasync(0, () => resolve()))
    expect([journal.isSyncing, synced()]).toEqual([false, 1])
    expect(failed.mock.calls).toEqual([[journal.failure]])
  })
})
