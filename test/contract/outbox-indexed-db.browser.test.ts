import type { OutboxItem } from '@y-sealed/client'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { makeStorageHarness, makeStorageName, openStorage, StorageTab } from '../support/browser-storage.ts'
import { outboxContract } from './outbox-contract.ts'

outboxContract('IndexedDB', true, () => makeStorageHarness(({ outbox }) => outbox))

const DOCUMENT = new Uint8Array(16).fill(1)

function item(session: number, counter: number, content: number = counter): OutboxItem {
  return {
    document: DOCUMENT,
    session: new Uint8Array(8).fill(session),
    counter,
    envelope: new Uint8Array([content]),
  }
}

const placesOf = (items: unknown): [number, number][] =>
  (items as readonly OutboxItem[]).map(({ session, counter }) => [session[0] as number, counter])

async function openTab(name: string): Promise<StorageTab> {
  const tab = new StorageTab()
  await tab.ask({ do: 'open', name })
  return tab
}

describe('outbox in IndexedDB, in two tabs', () => {
  it('[LO8] shows a tab what is its own and not what another tab has on its way', async () => {
    const name = makeStorageName()
    const [alice, bob] = [await openTab(name), await openTab(name)]
    await alice.ask({ do: 'put', item: item(1, 1) })
    await bob.ask({ do: 'put', item: item(2, 1) })
    await alice.ask({ do: 'put', item: item(1, 2) })
    expect(placesOf(await alice.ask({ do: 'list', document: DOCUMENT }))).toEqual([
      [1, 1],
      [1, 2],
    ])
    expect(placesOf(await bob.ask({ do: 'list', document: DOCUMENT }))).toEqual([[2, 1]])
  })

  it('[LO8] lets one tab take over what a crashed one had, in order, and only one', async () => {
    const name = makeStorageName()
    const [crashed, bob, carol] = [await openTab(name), await openTab(name), await openTab(name)]
    for (const each of [item(9, 1), item(9, 2), item(3, 1), item(9, 3)]) await crashed.ask({ do: 'put', item: each })
    expect(await bob.ask({ do: 'list', document: DOCUMENT })).toEqual([])
    crashed.crash()
    const lists = await vi.waitFor(async () => {
      const both = await Promise.all([bob, carol].map((tab) => tab.ask({ do: 'list', document: DOCUMENT })))
      const items = both.flatMap(placesOf)
      expect(items).toHaveLength(4)
      return both.map(placesOf)
    })
    const all = lists.flat()
    expect(all.filter(([session]) => session === 9)).toEqual([
      [9, 1],
      [9, 2],
      [9, 3],
    ])
    // Nobody lost the claim meanwhile.
    const again = await Promise.all([bob, carol].map((tab) => tab.ask({ do: 'list', document: DOCUMENT })))
    expect(again.map(placesOf)).toEqual(lists)
  })

  it('[LO8] keeps every put that a tab was told of before it crashed among others', async () => {
    const name = makeStorageName()
    for (let round = 1; round <= 5; round++) {
      const tab = await openTab(name)
      const told: number[] = []
      for (let counter = 1; counter <= 200; counter++) {
        void tab.ask({ do: 'put', item: item(round, counter) }).then(() => told.push(counter))
      }
      await vi.waitFor(() => expect(told.length).toBeGreaterThan(round * 5), { interval: 1 })
      tab.crash()
      const storage = await openStorage(name)
      const counters = await vi.waitFor(async () => {
        const items = placesOf(await storage.outbox.list(DOCUMENT)).filter(([session]) => session === round)
        expect(items.length).toBeGreaterThan(0)
        return items.map(([, counter]) => counter)
      })
      // What is there is a beginning of what was put: order was kept, and nothing of it is missing.
      expect(counters).toEqual(counters.map((_, index) => index + 1))
      expect(counters.length).toBeGreaterThanOrEqual(told.length)
      await storage.close()
    }
  })

  it('[LO8] refuses other bytes under a counter that another tab has taken', async () => {
    const name = makeStorageName()
    const [alice, bob] = [await openTab(name), await openTab(name)]
    await alice.ask({ do: 'put', item: item(1, 1, 5) })
    await expect(bob.ask({ do: 'put', item: item(1, 1, 6) })).rejects.toThrow('EQUIVOCATION')
    expect(await alice.ask({ do: 'list', document: DOCUMENT })).toEqual([item(1, 1, 5)])
  })

  it('[LO8] gives up what it had when it is closed', async () => {
    const name = makeStorageName()
    const first = await openStorage(name)
    const second = await openStorage(name)
    await first.outbox.put(item(1, 1))
    expect(await second.outbox.list(DOCUMENT)).toEqual([])
    await first.close()
    expect(await second.outbox.list(DOCUMENT)).toEqual([item(1, 1)])
    await expect(first.outbox.list(DOCUMENT)).rejects.toMatchObject({ code: 'STORAGE_CLOSED' })
  })

  it('[LO8] does not give out what its owner has removed before it went', async () => {
    const name = makeStorageName()
    const [first, second] = [await openStorage(name), await openStorage(name)]
    for (const counter of [1, 2]) await first.outbox.put(item(1, counter))
    const request = navigator.locks.request.bind(navigator.locks) as (...parameters: unknown[]) => Promise<unknown>
    const spy = vi.spyOn(navigator.locks, 'request').mockImplementationOnce(async (...parameters) => {
      await first.outbox.remove(DOCUMENT, item(1, 1).session, 1)
      await first.close()
      return request(...parameters)
    })
    onTestFinished(() => spy.mockRestore())
    expect(placesOf(await second.outbox.list(DOCUMENT))).toEqual([[1, 2]])
  })

  it('[LO8] shows everything where there are no Web Locks', async () => {
    const name = makeStorageName()
    const spy = vi.spyOn(navigator, 'locks', 'get').mockReturnValue(undefined as unknown as LockManager)
    const [first, second] = await Promise.all([openStorage(name), openStorage(name)]).finally(() => spy.mockRestore())
    await first.outbox.put(item(1, 1))
    expect(await second.outbox.list(DOCUMENT)).toEqual([item(1, 1)])
  })
})
