/** A page that goes out of view and comes back, over a real relay; the page's own events, as a phone sends them. */
import type { SocketConstructor } from '@y-sealed/client'
import { RelayConnection, SealedProvider, createMemoryKeyStore, issuerTokens, loadDevice } from '@y-sealed/client'
import { expect, inject, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { createRoom, join, type Peer } from '../support/peer.ts'
import { startStallClock } from '../support/stall-clock.ts'

const relay = inject('relay')
const SOCKET_OPEN = 1

/** What `document.visibilityState` reads, and its event: browsers under test are always in view. */
function turn(visibility: 'hidden' | 'visible'): void {
  Object.defineProperty(document, 'visibilityState', { value: visibility, configurable: true })
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
}

/** Real sockets, kept, that can be made deaf: what a phone's are after it has slept. */
function watchedSockets(): {
  readonly Sockets: SocketConstructor
  readonly sockets: WebSocket[]
  readonly deafen: () => void
} {
  const sockets: WebSocket[] = []
  let isDeaf = false
  const Sockets = new Proxy(WebSocket, {
    construct: (Socket, [url, protocols]: [string, string[]]) => {
      const socket = new Socket(url, protocols)
      sockets.push(socket)
      socket.addEventListener('message', (event) => {
        if (isDeaf && socket === sockets[0]) event.stopImmediatePropagation()
      })
      return socket
    },
  })
  return { Sockets, sockets, deafen: () => (isDeaf = true) }
}

async function open(
  Sockets: SocketConstructor,
  accessOf: Awaited<ReturnType<typeof createRoom>>,
  closeHiddenAfterMs: number,
): Promise<Peer> {
  const access = accessOf()
  const device = await loadDevice(createMemoryKeyStore())
  const token = issuerTokens({ device, accessOf: () => access })
  const connection = new RelayConnection({ url: relay.url, device, token, WebSocket: Sockets, closeHiddenAfterMs })
  const provider = new SealedProvider({ connection, access, doc: new Y.Doc() })
  onTestFinished(() => {
    turn('visible')
    provider.destroy()
    connection.destroy()
  })
  await provider.whenSynced()
  return { device, connection, provider, doc: provider.doc, text: provider.doc.getText('note') } as Peer
}

it('[CL21] sends what is unsent and leaves others’ screens when hidden, closes later, and is back when shown', async () => {
  const accessOf = await createRoom()
  const { Sockets, sockets } = watchedSockets()
  const alice = await open(Sockets, accessOf, 400)
  const bob = await join({ relay, access: accessOf() })
  const seen = (): unknown => bob.provider.awareness.getStates().get(alice.doc.clientID)
  alice.provider.awareness.setLocalState({ user: { name: 'Alice' } })
  await vi.waitFor(() => expect(seen()).toMatchObject({ user: { name: 'Alice' } }), { timeout: 10_000 })
  alice.text.insert(0, 'first ')
  alice.text.insert(0, 'second ')
  turn('hidden')
  await vi.waitFor(() => expect(bob.text.toJSON()).toBe('second first '), { timeout: 10_000 })
  await vi.waitFor(() => expect(seen()).toBeUndefined())
  await vi.waitFor(() => expect(sockets.at(-1)?.readyState).toBeGreaterThan(SOCKET_OPEN), { timeout: 5_000 })
  expect(alice.provider.syncStatus.kind).toBe('syncing')
  const dialled = sockets.length
  // Far longer than the first delays of a reconnection.
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect(sockets).toHaveLength(dialled)
  turn('visible')
  await vi.waitFor(() => expect(alice.provider.synced).toBe(true), { timeout: 10_000 })
  await vi.waitFor(() => expect(seen()).toMatchObject({ user: { name: 'Alice' } }), { timeout: 10_000 })
})

it('[CL21] leaves others’ screens at once, while its socket still stands, and comes back to them', async () => {
  const accessOf = await createRoom()
  const { Sockets, sockets } = watchedSockets()
  const alice = await open(Sockets, accessOf, 20_000)
  const bob = await join({ relay, access: accessOf() })
  const seen = (): unknown => bob.provider.awareness.getStates().get(alice.doc.clientID)
  alice.provider.awareness.setLocalState({ user: { name: 'Alice' } })
  await vi.waitFor(() => expect(seen()).toBeDefined(), { timeout: 10_000 })
  turn('hidden')
  await vi.waitFor(() => expect(seen()).toBeUndefined(), { timeout: 5_000 })
  turn('visible')
  await vi.waitFor(() => expect(seen()).toMatchObject({ user: { name: 'Alice' } }), { timeout: 5_000 })
  expect(sockets).toHaveLength(1)
})

it.each([
  ['the page is shown again', () => (turn('hidden'), turn('visible'))],
  ['the page comes out of the cache', () => window.dispatchEvent(new Event('pageshow'))],
  ['the network is back', () => window.dispatchEvent(new Event('online'))],
])('[CL21] replaces a socket that only seems open when %s', async (_, wake) => {
  const { Sockets, sockets, deafen } = watchedSockets()
  const alice = await open(Sockets, await createRoom(), 20_000)
  deafen()
  const startedAt = performance.now()
  const freeMs = startStallClock()
  wake()
  await vi.waitFor(() => expect(sockets).toHaveLength(2), { timeout: 8_000, interval: 20 })
  const [replacedAfterMs, replacedAfterFreeMs] = [performance.now() - startedAt, freeMs()]
  await vi.waitFor(() => expect(alice.provider.synced).toBe(true), { timeout: 10_000 })
  expect(replacedAfterMs).toBeGreaterThan(2_000)
  expect(replacedAfterFreeMs).toBeLessThan(4_500)
})

it('[CL21] keeps a socket that answers', async () => {
  const { Sockets, sockets } = watchedSockets()
  await open(Sockets, await createRoom(), 20_000)
  turn('hidden')
  turn('visible')
  await new Promise((resolve) => setTimeout(resolve, 3_200))
  expect(sockets).toHaveLength(1)
})

it('[CL21] says nothing of itself again while nobody is there to hear it', async () => {
  const { Sockets, sockets } = watchedSockets()
  const alice = await open(Sockets, await createRoom(), 20_000)
  const { awareness } = alice.provider
  const send = vi.spyOn(sockets[0] as WebSocket, 'send')
  awareness.setLocalState({ user: { name: 'Alice' } })
  await vi.waitFor(() => expect(send).toHaveBeenCalled())
  for (let told = 0; told < send.mock.calls.length;) {
    told = send.mock.calls.length
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  send.mockClear()
  for (let time = 0; time < 5; time += 1) awareness.setLocalState(awareness.getLocalState())
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(send).not.toHaveBeenCalled()
  awareness.setLocalState({ user: { name: 'Alice A.' } })
  await vi.waitFor(() => expect(send).toHaveBeenCalled())
})
