import type { OutboxItem } from '@y-sealed/client'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import {
  makeStorageHarness,
  makeStorageName,
  openStorage,
  openWithoutLocks,
  StorageTab,
} from '../support/browser-storage.ts'
import { outboxContract } from './outbox-contract.ts'

outboxContract('IndexedDB', true, () => makeStorageHarness(({ outbox }) => outbox))
outboxContract('IndexedDB without Web Locks', true, () => makeStorageHarness(({ outbox }) => outbox, openWithoutLocks))

const DOCUMENT = new Uint8Array(16).fill(1)
const PATIENCE = { timeout: 10_000 }

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

async function openWorker(name: string, hasLocks: boolean): Promise<StorageTab> {
  const tab = new StorageTab()
  await tab.ask({ do: 'open', name, hasLocks })
  return tab
}

describe.each([
  ['with Web Locks', true],
  ['without Web Locks', false],
] as const)('[CL16] outbox in IndexedDB, in two tabs, %s', (_how, hasLocks) => {
  const openTab = (name: string): Promise<StorageTab> => openWorker(name, hasLocks)
  const openHere = hasLocks ? openStorage : openWithoutLocks

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
    }, PATIENCE)
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
      const storage = await openHere(name)
      const counters = await vi.waitFor(async () => {
        const items = placesOf(await storage.outbox.list(DOCUMENT)).filter(([session]) => session === round)
        expect(items.length).toBeGreaterThan(0)
        return items.map(([, counter]) => counter)
      }, PATIENCE)
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
    const first = await openHere(name)
    const second = await openHere(name)
    await first.outbox.put(item(1, 1))
    expect(await second.outbox.list(DOCUMENT)).toEqual([])
    await first.close()
    expect(await second.outbox.list(DOCUMENT)).toEqual([item(1, 1)])
    await expect(first.outbox.list(DOCUMENT)).rejects.toMatchObject({ code: 'STORAGE_CLOSED' })
  })

  it('[LO8] lets a tab that is there take over what a crashed one had, and nothing of one that is well', async () => {
    const name = makeStorageName()
    const [here, crashed, well] = [await openHere(name), await openTab(name), await openTab(name)]
    await here.outbox.put(item(1, 1))
    await crashed.ask({ do: 'put', item: item(2, 1) })
    await well.ask({ do: 'put', item: item(3, 1) })
    expect(await here.outbox.adopt!(DOCUMENT)).toEqual([])
    crashed.crash()
    await vi.waitFor(async () => expect(await here.outbox.adopt!(DOCUMENT)).toEqual([item(2, 1)]), PATIENCE)
    expect(await here.outbox.adopt!(DOCUMENT)).toEqual([])
    expect(placesOf(await here.outbox.list(DOCUMENT))).toEqual([
      [1, 1],
      [2, 1],
    ])
  })
})

describe('[CL16] outbox in IndexedDB, with Web Locks', () => {
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

  it('goes on without them where the browser refuses them', async () => {
    const name = makeStorageName()
    const refuse = (): Promise<never> => Promise.reject(new DOMException('refused by the test', 'SecurityError'))
    const spy = vi.spyOn(navigator.locks, 'request').mockImplementation(refuse)
    onTestFinished(() => spy.mockRestore())
    const [first, second] = [await openStorage(name), await openStorage(name)]
    await first.outbox.put(item(1, 1))
    expect(await second.outbox.list(DOCUMENT)).toEqual([])
    expect(await first.outbox.list(DOCUMENT)).toEqual([item(1, 1)])
  })
})

describe('[CL16] outbox in IndexedDB, without Web Locks', () => {
  it('[LO8] refuses a tab that was taken for gone what it puts after it woke, and lets it go on under a new session', async () => {
    const name = makeStorageName()
    const [stalled, other] = [await openWorker(name, false), await openWithoutLocks(name)]
    await stalled.ask({ do: 'put', item: item(1, 1) })
    const asleep = stalled.ask({ do: 'stall', ms: 1_500 })
    // What it is told meanwhile waits, as in a suspended page.
    const late = stalled.ask({ do: 'put', item: item(1, 2) }).catch((error: unknown) => String(error))
    expect(await other.outbox.list(DOCUMENT)).toEqual([item(1, 1)])
    await asleep
    expect(await late).toContain('SESSION_TAKEN')
    expect(await stalled.ask({ do: 'list', document: DOCUMENT })).toEqual([])
    await stalled.ask({ do: 'put', item: item(5, 1) })
    expect(placesOf(await other.outbox.list(DOCUMENT))).toEqual([[1, 1]])
    // What it put before is no change, whoever has it now.
    await stalled.ask({ do: 'put', item: item(1, 1) })
  })

  it('[LO8] gives one of two that ask at once what a crashed tab had', async () => {
    const name = makeStorageName()
    const crashed = await openWorker(name, false)
    for (const session of [1, 2, 3, 4]) await crashed.ask({ do: 'put', item: item(session, 1) })
    crashed.crash()
    const tabs = [await openWithoutLocks(name), await openWithoutLocks(name), await openWithoutLocks(name)]
    const lists = await Promise.all(tabs.map(({ outbox }) => outbox.list(DOCUMENT)))
    const sessions = placesOf(lists.flat()).map(([session]) => session)
    expect(sessions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4])
  })

  it('[LO8] lets the newest tab take over where tabs cannot ask each other, and the others only when they are opened', async () => {
    const name = makeStorageName()
    vi.stubGlobal('BroadcastChannel', undefined)
    onTestFinished(() => void vi.unstubAllGlobals())
    const [first, second] = [await openWithoutLocks(name), await openWithoutLocks(name)]
    await first.outbox.put(item(1, 1))
    expect(await second.outbox.adopt!(DOCUMENT)).toEqual([])
    expect(await second.outbox.list(DOCUMENT)).toEqual([item(1, 1)])
    await expect(first.outbox.put(item(1, 2))).rejects.toMatchObject({ code: 'SESSION_TAKEN' })
  })

  it('[LO8] begins anew with a session of which nothing is left', async () => {
    const name = makeStorageName()
    const [first, second] = [await openWithoutLocks(name), await openWithoutLocks(name)]
    await first.outbox.put(item(1, 1))
    await second.outbox.remove(DOCUMENT, item(1, 1).session, 1)
    await first.outbox.put(item(1, 2))
    expect(await second.outbox.list(DOCUMENT)).toEqual([])
    expect(await first.outbox.list(DOCUMENT)).toEqual([item(1, 2)])
  })
})
