/** Tabs of one device: what one has read the others hear of, and what a tab leaves that is gone another sends. */
import { sharedKeyDocument, type BrowserStorage, type DocumentAccess } from '@y-sealed/client'
import { bytesToBase64url, cryptoReady, decodeRelayFrame, type Bytes } from '@y-sealed/protocol'
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest'

import { makeStorageName, openStorage, openWithoutLocks } from '../support/browser-storage.ts'
import type { OfflineTabNews, OfflineTabRequest } from '../support/offline-tab.ts'
import { createRoom, join, type Peer } from '../support/peer.ts'

const relay = inject('relay')
/** Nobody listens there. */
const nowhere = { ...relay, url: 'wss://localhost:9/sync' }

/** A tab of the device that `name` stores. */
async function openTab(name: string, access: DocumentAccess, address = relay, open = openStorage): Promise<Peer> {
  const { keys, outbox, documents: store, tabs } = await open(name)
  return await join({ relay: address, access, keys, provider: { outbox, store, tabs } })
}

describe('tabs of one device', () => {
  it('[CL16] a tab without a relay shows what another one reads', async () => {
    const [room, name] = [await createRoom(), makeStorageName()]
    const online = await openTab(name, room())
    await online.provider.whenSynced()
    const offline = await openTab(name, room(), nowhere)
    await offline.provider.whenLoaded()
    online.text.insert(0, 'typed in one tab, ')
    await online.provider.whenSaved()
    const bob = await join({ relay, access: room() })
    await bob.provider.whenSynced()
    bob.text.insert(0, 'and by Bob, ')
    await vi.waitFor(() => expect(offline.text.toJSON()).toBe('and by Bob, typed in one tab, '))
    expect(offline.provider.synced).toBe(false)
    expect(offline.provider.head.seq).toBe(online.provider.head.seq)
  })

  it('[CL16] [T39] say nothing to each other that is not sealed', async () => {
    const [room, name] = [await createRoom(), makeStorageName()]
    const alice = await openTab(name, room())
    await alice.provider.whenSynced()
    const heard: Bytes[] = []
    const channel = new BroadcastChannel(`y-sealed/tabs/${name}/${bytesToBase64url(alice.provider.documentId)}`)
    onTestFinished(() => channel.close())
    channel.addEventListener('message', ({ data }: MessageEvent<Bytes>) => heard.push(data))
    alice.text.insert(0, 'The canary sings. ')
    await alice.provider.whenSaved()
    alice.text.insert(0, 'The canary sings aloud. '.repeat(5_000))
    await alice.provider.whenSaved()
    const isHeard = (): boolean => heard.some((message) => new TextDecoder('latin1').decode(message).includes('canary'))
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(2))
    const frames = heard.map((message) => decodeRelayFrame(message))
    expect(frames.filter((frame) => !frame.ok || frame.value.type !== 'entries')).toEqual([])
    expect(isHeard()).toBe(false)
    // The same ear would hear it.
    const other = new BroadcastChannel(channel.name)
    onTestFinished(() => other.close())
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel, not a window
    other.postMessage(new TextEncoder().encode('The canary sings. '))
    await vi.waitFor(() => expect(isHeard()).toBe(true))
  })
})

/** A tab in a process of its own as far as the browser has one: a worker with connections and locks, ended at any moment. */
class Tab {
  readonly found: Promise<string>
  readonly typed: string[] = []
  readonly kept: string[] = []
  readonly #worker = new Worker(new URL('../support/offline-tab.ts', import.meta.url), { type: 'module' })

  constructor(request: OfflineTabRequest) {
    onTestFinished(() => this.crash())
    this.found = new Promise((resolve) => {
      this.#worker.addEventListener('message', ({ data: { what, text } }: MessageEvent<OfflineTabNews>) => {
        if (what === 'found') resolve(text)
        else this[what].push(text)
      })
    })
    this.#worker.postMessage(request, [])
  }

  crash(): void {
    this.#worker.terminate()
  }
}

const wordsOf = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '')

describe.each([
  ['with Web Locks', true],
  ['without Web Locks', false],
] as const)('a tab that is ended while somebody types in it, %s', (_how, hasLocks) => {
  const open = hasLocks ? openStorage : openWithoutLocks

  it(
    '[CL14] [CL16] [I2] leaves every word that was kept to the next one, once, 12 times',
    // Twelve pages are loaded, one after another: half a minute alone, three on a machine that does more besides.
    { timeout: 300_000 },
    async () => {
      await cryptoReady()
      const [name, key, room] = [makeStorageName(), crypto.getRandomValues(new Uint8Array(32)), 'note']
      const [typed, kept] = [new Set<string>(), new Set<string>()]
      const expectWhole = (words: readonly string[]): void => {
        expect(new Set(words).size).toBe(words.length)
        expect(words.filter((word) => !typed.has(word))).toEqual([])
        expect([...kept].filter((word) => !words.includes(word))).toEqual([])
      }
      for (let life = 0; life < 12; life++) {
        const tab = new Tab({ name, key, room, life: String(life), hasLocks })
        expectWhole(wordsOf(await tab.found))
        await vi.waitUntil(() => tab.kept.length > (life * 7) % 25, { timeout: 10_000, interval: 3 })
        tab.crash()
        for (const word of tab.typed) typed.add(word)
        for (const word of tab.kept) kept.add(word)
        // What it typed in its last moment was not heard.
        for (let n = tab.typed.length; n < tab.typed.length + 50; n++) typed.add(`${life}.${n}`)
      }
      const access = sharedKeyDocument({ key, room })
      const last = await openTab(name, access, relay, open)
      await last.provider.whenSaved()
      expectWhole(wordsOf(last.text.toJSON()))
      const bob = await join({ relay, access: sharedKeyDocument({ key, room }) })
      await bob.provider.whenSynced()
      expect(bob.text.toJSON()).toBe(last.text.toJSON())
    },
  )

  it(
    '[CL14] [CL16] leaves them to a tab that is there already, once that reaches the relay',
    { timeout: 30_000 },
    async () => {
      await cryptoReady()
      const [name, key, room] = [makeStorageName(), crypto.getRandomValues(new Uint8Array(32)), 'note']
      const here = await openTab(name, sharedKeyDocument({ key, room }), relay, open)
      await here.provider.whenSynced()
      here.provider.disconnect()
      const gone = new Tab({ name, key, room, life: 'gone', hasLocks })
      await vi.waitUntil(() => gone.kept.length > 3, { timeout: 10_000 })
      here.text.insert(0, 'here ')
      expect(here.text.toJSON()).toBe('here ')
      gone.crash()
      const kept = [...gone.kept]
      await vi.waitFor(async () => {
        here.provider.disconnect()
        here.provider.connect()
        await here.provider.whenSynced()
        await vi.waitFor(() => expect(here.text.toJSON()).toContain('gone.'))
      })
      await here.provider.whenSaved()
      const bob = await join({ relay, access: sharedKeyDocument({ key, room }) })
      await bob.provider.whenSynced()
      expect(bob.text.toJSON()).toBe(here.text.toJSON())
      const words = wordsOf(bob.text.toJSON())
      expect(kept.filter((word) => !words.includes(word))).toEqual([])
      expect(new Set(words).size).toBe(words.length)
    },
  )
})

describe('[CL16] a tab that another one has taken for gone', () => {
  const sessionsOf = async ({ outbox }: BrowserStorage, document: Bytes): Promise<ReadonlySet<string>> =>
    new Set((await outbox.list(document)).map(({ session }) => session.join()))

  /** Two handles on one storage in a browser without Web Locks, where the second takes over whatever it lists. */
  async function openTwo(): Promise<{ own: BrowserStorage; other: BrowserStorage; name: string }> {
    const name = makeStorageName()
    vi.stubGlobal('BroadcastChannel', undefined)
    onTestFinished(() => void vi.unstubAllGlobals())
    return { own: await openWithoutLocks(name), other: await openWithoutLocks(name), name }
  }

  it('[CL14] writes what is not sealed down once more, under a session of its own', async () => {
    const [room, { own, other, name }] = [await createRoom(), await openTwo()]
    const provider = { outbox: own.outbox, store: own.documents, connect: false }
    const alice = await join({ relay: nowhere, access: room(), keys: own.keys, provider })
    await alice.provider.whenLoaded()
    alice.text.insert(0, 'first ')
    await alice.provider.whenKept()
    const taken = await sessionsOf(other, alice.provider.documentId)
    expect(taken.size).toBe(1)
    const problems = vi.fn<() => void>()
    alice.provider.on('problem', problems)
    alice.text.insert(6, 'second ')
    await alice.provider.whenKept()
    const again = await sessionsOf(own, alice.provider.documentId)
    expect(again.size).toBeGreaterThan(0)
    expect(problems).not.toHaveBeenCalled()
    // What the other tab has is gone with it: all of it is there all the same.
    for (const session of taken) {
      const [first] = (await other.outbox.list(alice.provider.documentId)).filter(
        (item) => item.session.join() === session,
      )
      await other.outbox.remove(alice.provider.documentId, first!.session, 1_000)
    }
    alice.close()
    const next = await openTab(name, room(), nowhere, openWithoutLocks)
    await next.provider.whenLoaded()
    expect(next.text.toJSON()).toBe('first second ')
  })

  it('[LO8] seals what is on its way anew, and others have it once', async () => {
    const [room, { own, other }] = [await createRoom(), await openTwo()]
    // Nothing leaves it: so there is something to take over at any time.
    const outbox = { ...own.outbox, remove: () => Promise.resolve() }
    const provider = { outbox, store: own.documents }
    const alice = await join({ relay, access: room(), keys: own.keys, provider })
    await alice.provider.whenSynced()
    alice.text.insert(0, 'first ')
    await alice.provider.whenSaved()
    const taken = await sessionsOf(other, alice.provider.documentId)
    alice.text.insert(6, 'second ')
    await alice.provider.whenSaved()
    await alice.provider.whenKept()
    alice.text.insert(13, 'third ')
    await alice.provider.whenSaved()
    await alice.provider.whenKept()
    const now = await sessionsOf(own, alice.provider.documentId)
    expect([...now].filter((session) => !taken.has(session)).length).toBeGreaterThan(0)
    const bob = await join({ relay, access: room() })
    await bob.provider.whenSynced()
    expect(bob.text.toJSON()).toBe('first second third ')
    expect(alice.provider.syncStatus.kind).toBe('saved')
  })
})
