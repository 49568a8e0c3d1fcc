import { describe, expect, it } from 'vitest'

import { makeStorageHarness, makeStorageName, openStorage, StorageTab } from '../support/browser-storage.ts'
import { DOCUMENT, documentStoreContract, entry, run } from './document-store-contract.ts'

documentStoreContract('IndexedDB', true, () => makeStorageHarness(({ documents }) => documents))

const ALL = Number.MAX_SAFE_INTEGER

describe('document store in IndexedDB, in two tabs', () => {
  it('takes the same log from both, whoever is ahead', async () => {
    const name = makeStorageName()
    const tabs = [new StorageTab(), new StorageTab()]
    await Promise.all(
      tabs.map(async (tab) => {
        await tab.ask({ do: 'open', name })
        for (let seq = 1; seq <= 60; seq += 3) {
          await tab.ask({ do: 'append', document: DOCUMENT, entries: run(seq, seq + 2) })
        }
      }),
    )
    const { documents } = await openStorage(name)
    expect(await documents.read(DOCUMENT, 1, ALL)).toEqual(run(1, 60))
  })

  it('[LO6] refuses one of two histories that tabs were told, and keeps the first', async () => {
    const name = makeStorageName()
    const [alice, bob] = [new StorageTab(), new StorageTab()]
    for (const tab of [alice, bob]) await tab.ask({ do: 'open', name })
    await alice.ask({ do: 'append', document: DOCUMENT, entries: run(1, 3) })
    const other = [entry(3, { content: 66 }), entry(4)]
    await expect(bob.ask({ do: 'append', document: DOCUMENT, entries: other })).rejects.toThrow('FORK')
    const { documents } = await openStorage(name)
    expect(await documents.read(DOCUMENT, 1, ALL)).toEqual(run(1, 3))
  })

  it('[I2] has every append that resolved, whole, after its tab crashed', async () => {
    const name = makeStorageName()
    const tab = new StorageTab()
    await tab.ask({ do: 'open', name })
    let told = 0
    for (let seq = 1; seq <= 400; seq += 4) {
      const appended = tab.ask({ do: 'append', document: DOCUMENT, entries: run(seq, seq + 3) })
      void appended.then(() => (told = seq + 3))
      if (seq > 100 && told > 40) break
      if (seq % 40 === 1) await appended
    }
    tab.crash()
    const { documents } = await openStorage(name)
    const { lastSeq } = await documents.extent(DOCUMENT)
    expect(lastSeq).toBeGreaterThanOrEqual(told)
    expect(lastSeq % 4).toBe(0)
    expect(await documents.read(DOCUMENT, 1, ALL)).toEqual(run(1, lastSeq))
  })
})
