/**
 * A quota that is really used up.
 *
 * @module
 */
import type { StoredEntry } from '@y-sealed/client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cdp } from 'vitest/browser'

import { makeStorageName, openStorage } from '../support/browser-storage.ts'
import { DOCUMENT } from './document-store-contract.ts'

/** All databases go with it, here where no other test is running: Chromium remembers for a while how much room an open one had. */
async function setQuota(quota: { readonly quotaSize?: number }): Promise<void> {
  const { origin } = location
  await cdp().send('Storage.overrideQuotaForOrigin', { origin, ...quota })
  await cdp().send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
}

const large = (seq: number): StoredEntry => ({ seq, envelope: crypto.getRandomValues(new Uint8Array(60_000)) })

describe('storage in a browser whose quota is used up', () => {
  it('says STORAGE_FULL, keeps all of what was taken, and can still be emptied', async () => {
    onTestFinished(() => setQuota({}))
    await setQuota({ quotaSize: 3_000_000 })
    const { documents } = await openStorage(makeStorageName())
    let kept = 0
    const fill = async (): Promise<void> => {
      for (; kept < 200; kept++) await documents.append(DOCUMENT, [large(kept + 1)])
    }
    await expect(fill()).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(kept).toBeGreaterThan(0)
    expect(await documents.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: kept, head: null })
    await documents.delete(DOCUMENT)
    expect(await documents.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 0, head: null })
  })
})
