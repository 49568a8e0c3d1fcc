/**
 * Where socket adapters of this kind have gone wrong, one by one: each was met with a published provider.
 */
import { sharedKeyDocument } from '@y-sealed/client'
import { cryptoReady, SyncError } from '@y-sealed/protocol'
import { createDecoder, readVarUint, readVarUint8Array } from 'lib0/decoding'
import { beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { encodeAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'

import { attach, joinHocuspocus, openSocket } from '../support/adapters/hocuspocus-peer.ts'
import { syncedProvider } from '../support/adapters/hocuspocus-table.ts'
import { takeSeat } from '../support/adapters/member-seat.ts'
import { createNetwork } from '../support/adapters/network.ts'
import {
  createAppRoom,
  joinStock,
  serverUrl,
  socketClass,
  type StockPeer,
} from '../support/adapters/y-websocket-peer.ts'
import { synced } from '../support/adapters/y-websocket-table.ts'
import { join } from '../support/peer.ts'

beforeAll(cryptoReady)

const relay = inject('relay')
const SLOW = { timeout: 15_000 }

describe('states', () => {
  it('[PEERS 4] [CL60] has its constants on the class, on the prototype and on the instance', async () => {
    const WebSocketClass = await socketClass({ relay, ...createAppRoom(), doc: new Y.Doc() })
    const socket = new WebSocketClass(`${serverUrl(relay)}/a`)
    onTestFinished(() => socket.close())
    const names = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const
    for (const holder of [WebSocketClass, WebSocketClass.prototype, socket]) {
      expect(names.map((name) => holder[name])).toEqual([0, 1, 2, 3])
    }
    expect(socket.readyState === socket.CONNECTING).toBe(true)
  })

  it('[PEERS 4] [CL60] tells by `addEventListener` and by `on…`, each once, and not who has left', async () => {
    const WebSocketClass = await socketClass({ relay, ...createAppRoom(), doc: new Y.Doc() })
    const socket = new WebSocketClass(`${serverUrl(relay)}/a`)
    const said: string[] = []
    const removed = vi.fn<() => void>()
    socket.onopen = () => void said.push('onopen')
    socket.addEventListener('open', () => void said.push('listener'))
    socket.addEventListener('open', { handleEvent: () => void said.push('object') })
    socket.addEventListener('open', removed)
    socket.removeEventListener('open', removed)
    socket.addEventListener('close', ({ code, wasClean }) => void said.push(`close ${code} ${wasClean}`), {
      once: true,
    })
    await vi.waitFor(() => expect(said.length).toBe(3), SLOW)
    socket.close()
    expect(socket.readyState).toBe(2)
    await vi.waitFor(() => expect(socket.readyState).toBe(3))
    expect(said).toEqual(['onopen', 'listener', 'object', 'close 1000 true'])
    expect(removed).not.toHaveBeenCalled()
  })

  it('[PEERS 4] [CL60] refuses to send while connecting, and is silent once closed', async () => {
    const WebSocketClass = await socketClass({ relay, ...createAppRoom(), doc: new Y.Doc() })
    const socket = new WebSocketClass(`${serverUrl(relay)}/a`)
    expect(() => socket.send(new Uint8Array(1))).toThrow(/still connecting/)
    socket.close()
    socket.send(new Uint8Array(1))
    expect(socket.readyState).toBe(2)
  })
})

describe('presence', () => {
  it('[PEERS 4] [CL62] sends each state once: 10 people, 20 changes, 20 out and 180 in', async () => {
    const room = createAppRoom()
    const network = await createNetwork(relay)
    const join10 = Array.from(
      { length: 10 },
      async () => await joinStock({ relay, ...room, socket: { WebSocket: network.WebSocket } }),
    )
    const people = await Promise.all(join10)
    await Promise.all(people.map(synced))
    const areAll = (isSo: (peer: StockPeer) => boolean): Promise<void> =>
      vi.waitFor(() => expect(people.every(isSo)).toBe(true), SLOW)
    await areAll(({ provider }) => provider.awareness.getStates().size === 10)
    const said = people.map(({ provider }) => vi.spyOn(provider.ws as WebSocket, 'send'))
    network.sent.length = 0
    let heard = 0
    for (const { provider } of people) {
      provider.awareness.on('update', ({ added, updated }: { added: number[]; updated: number[] }, origin: unknown) => {
        if (origin === provider) heard += added.length + updated.length
      })
    }
    for (let turn = 0; turn < 20; turn += 1) {
      const { provider, doc } = people[turn % 10]!
      provider.awareness.setLocalState({ turn })
      await areAll((each) => readTurn(each.provider, doc.clientID) === turn)
    }
    expect(heard).toBe(180)
    // The providers say again what they hear, 200 in all; the relay is told 20.
    expect(said.reduce((sum, spy) => sum + spy.mock.calls.length, 0)).toBe(200)
    expect(network.sent.filter((type) => type === 'awareness').length).toBe(20)
  }, 60_000)

  it('[PEERS 4] [CL62] lets nobody else be shown or taken away in the name of the app', async () => {
    const room = createAppRoom()
    const [alice, bob] = [await joinStock({ relay, ...room }), await joinStock({ relay, ...room })]
    await Promise.all([synced(alice), synced(bob)])
    bob.provider.awareness.setLocalState({ user: 'bob' })
    await vi.waitFor(() => expect(alice.provider.awareness.getStates().get(bob.doc.clientID)).toEqual({ user: 'bob' }))
    const states = new Map([[bob.doc.clientID, null as unknown as Record<string, unknown>]])
    const gone = encodeAwarenessUpdate(alice.provider.awareness, [bob.doc.clientID], states)
    alice.provider.ws?.send(Uint8Array.of(1, gone.length, ...gone))
    alice.text.insert(0, 'after it')
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('after it'))
    expect(alice.provider.awareness.getStates().has(bob.doc.clientID)).toBe(true)
  })

  it('[PEERS 4] [CL62] whoever leaves is seen to leave', async () => {
    const room = createAppRoom()
    const [alice, bob] = [await joinStock({ relay, ...room }), await joinHocuspocus({ relay, ...room })]
    await Promise.all([synced(alice), syncedProvider(bob)])
    await vi.waitFor(() => expect(alice.provider.awareness.getStates().size).toBe(2))
    bob.socket.disconnect()
    await vi.waitFor(() => expect(alice.provider.awareness.getStates().size).toBe(1))
  })
})

describe('the watchdog', () => {
  it("[PEERS 4] [CL60] hears an empty awareness frame at each heartbeat of the relay's", async () => {
    const peer = await joinStock({ relay, ...createAppRoom() })
    const frames: Uint8Array[] = []
    await synced(peer)
    const { ws } = peer.provider
    ws?.addEventListener('message', ({ data }) => void frames.push(new Uint8Array(data as ArrayBuffer)))
    await vi.waitFor(() => expect(frames.map((frame) => [...frame])).toContainEqual([1, 1, 0]), { timeout: 45_000 })
    expect(peer.provider.ws).toBe(ws)
  })

  it('[PEERS 4] [CL60] of Hocuspocus hears a ping, and its pong goes to nobody', async () => {
    const peer = await joinHocuspocus({ relay, ...createAppRoom() })
    await syncedProvider(peer)
    const frames: number[][] = []
    peer.socket.webSocket?.addEventListener('message', ({ data }) => {
      frames.push([...new Uint8Array(data as ArrayBuffer)])
    })
    await vi.waitFor(() => expect(frames).toContainEqual([9]), { timeout: 45_000 })
    expect(peer.socket.status).toBe('connected')
  })
})

describe('synced', () => {
  it('[PEERS 4] [CL60] is not said before history is verified and decrypted, and then with all of it there', async () => {
    const room = createAppRoom()
    const alice = await join({ relay, access: sharedKeyDocument(room) })
    await alice.provider.whenSynced()
    for (let line = 0; line < 50; line += 1) alice.text.insert(0, `line ${line}\n`)
    await alice.provider.whenSaved()
    const bob = await joinStock({ relay, ...room, provider: { connect: false } })
    const transactions: unknown[] = []
    bob.doc.on('afterTransaction', ({ origin, changed }) => {
      if (changed.size > 0) transactions.push([origin === bob.provider, bob.provider.wsconnected, bob.provider.synced])
    })
    bob.provider.connect()
    await synced(bob)
    // One transaction, of the provider's own, on an open socket, before the word.
    expect(transactions).toEqual([[true, true, false]])
    expect(bob.text.length).toBe(alice.text.length)
  })

  it('[PEERS 4] [CL60] is never said where the keys are gone: the socket closes for good, and no template goes in', async () => {
    const seat = await takeSeat(relay, 'writer')
    await seat.remove()
    const { membership: document, keys } = seat
    const options = { key: undefined, document, storage: { keys } }
    const doc = new Y.Doc()
    const peer = await joinStock({
      relay,
      ...createAppRoom(),
      doc,
      provider: { connect: false },
      socket: options,
    })
    const closed = vi.fn<(event: { code: number; reason: string }) => void>()
    const synced = vi.fn<(isSynced: boolean) => void>()
    peer.provider.on('closed', closed)
    peer.provider.on('sync', synced)
    peer.provider.connect()
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), SLOW)
    const { code, reason } = closed.mock.calls[0]![0]
    expect([code, reason.split(':')[0]]).toEqual([4401, 'NOT_A_MEMBER'])
    expect(peer.provider.shouldConnect).toBe(false)
    expect(synced).not.toHaveBeenCalled()
  })

  it('[PEERS 4] [CL60] is never said where the storage does not open: the socket closes for good, with why', async () => {
    const storage = Promise.reject(new SyncError('KEY_STORE_DAMAGED', 'the key store holds no usable device key'))
    // It rejects before there is a socket class to take it.
    storage.catch(() => undefined)
    const peer = await joinStock({ relay, ...createAppRoom(), socket: { storage } })
    const closed = vi.fn<(event: { code: number; reason: string }) => void>()
    peer.provider.on('closed', closed)
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), SLOW)
    const reason = 'KEY_STORE_DAMAGED: the key store holds no usable device key'
    expect([closed.mock.calls[0]?.[0], peer.provider.synced]).toEqual([{ code: 4400, reason }, false])
  })

  it('[PEERS 4] [CL6] is not saved: `onUnsyncedChanges` says when it is', async () => {
    const counts: number[] = []
    const peer = await joinStock({
      relay,
      ...createAppRoom(),
      socket: { onUnsyncedChanges: (count) => void counts.push(count) },
    })
    await synced(peer)
    peer.text.insert(0, 'x')
    expect([peer.provider.synced, counts.at(-1)]).toEqual([true, 1])
    await vi.waitFor(() => expect(counts.at(-1)).toBe(0))
  })
})

describe('leaving', () => {
  it('[PEERS 4] [CL63] what was written just before disconnect() is saved all the same', async () => {
    const room = createAppRoom()
    const alice = await joinStock({ relay, ...room })
    await synced(alice)
    alice.text.insert(0, 'first')
    alice.text.insert(5, ', and last')
    alice.provider.disconnect()
    const bob = await join({ relay, access: sharedKeyDocument(room) })
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('first, and last'), SLOW)
  })

  it('[PEERS 4] [CL63] what was written before destroy() of Hocuspocus is saved all the same', async () => {
    const room = createAppRoom()
    const alice = await joinHocuspocus({ relay, ...room })
    await syncedProvider(alice)
    alice.text.insert(0, 'the last word')
    alice.provider.destroy()
    alice.socket.destroy()
    const bob = await join({ relay, access: sharedKeyDocument(room) })
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('the last word'), SLOW)
  })

  it('[PEERS 4] [CL61] what was written without a network leaves when there is one', async () => {
    const room = createAppRoom()
    const network = await createNetwork(relay)
    const alice = await joinStock({ relay, ...room, socket: { WebSocket: network.WebSocket } })
    await synced(alice)
    network.setUp(false)
    await vi.waitFor(() => expect(alice.provider.wsconnected).toBe(false))
    alice.text.insert(0, 'on a train')
    network.setUp(true)
    const bob = await join({ relay, access: sharedKeyDocument(room) })
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('on a train'), SLOW)
    await vi.waitFor(() => expect(alice.provider.synced).toBe(true), SLOW)
  })

  it('[PEERS 4] [CL61] what was written while disconnected leaves with the next connect()', async () => {
    const room = createAppRoom()
    const alice = await joinStock({ relay, ...room })
    await synced(alice)
    alice.provider.disconnect()
    alice.text.insert(0, 'in between')
    alice.provider.connect()
    await synced(alice)
    const bob = await join({ relay, access: sharedKeyDocument(room) })
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('in between'), SLOW)
  })
})

describe('one socket', () => {
  it('[PEERS 4] [CL63] to the relay carries the documents of a page, and a seventeenth opens another', async () => {
    const network = await createNetwork(relay)
    const { key } = createAppRoom()
    const docs = new Map(Array.from({ length: 17 }, (_, n) => [`page/${crypto.randomUUID()}/${n}`, new Y.Doc()]))
    const documents = (name: string): { key: typeof key; doc: Y.Doc } => ({ key, doc: docs.get(name)! })
    const socket = await openSocket({ relay, options: { documents, WebSocket: network.WebSocket } })
    const providers = [...docs].map(([name, doc]) => attach(socket, name, doc))
    await Promise.all(providers.map(async (provider) => await syncedProvider({ provider })))
    expect(network.open).toBe(2)
  })

  it('[PEERS 4] [CL65] counts a status for each update and one for SyncStep2, when they are saved', async () => {
    const peer = await joinHocuspocus({ relay, ...createAppRoom(), configuration: { autoConnect: false } })
    const statuses: number[] = []
    void peer.socket.connect()
    peer.socket.webSocket?.addEventListener('message', ({ data }) => {
      const decoder = createDecoder(new Uint8Array(data as ArrayBuffer))
      if (decoder.arr.length === 1) return
      readVarUint8Array(decoder)
      if (readVarUint(decoder) === 8) statuses.push(readVarUint(decoder))
    })
    await syncedProvider(peer)
    expect(statuses).toEqual([1])
    for (const letter of 'abc') peer.text.insert(0, letter)
    await syncedProvider(peer)
    expect(statuses).toEqual([1, 1, 1, 1])
  })

  it('[PEERS 4] [CL60] waits for attach(), and one message is one frame', async () => {
    const { key, room } = createAppRoom()
    const doc = new Y.Doc()
    const network = await createNetwork(relay)
    const socket = await openSocket({ relay, options: { key, doc, WebSocket: network.WebSocket } })
    await vi.waitFor(() => expect(socket.status).toBe('connected'))
    expect(network.dialled.length).toBe(0)
    const provider = attach(socket, room, doc)
    await syncedProvider({ provider })
    expect(network.dialled.length).toBe(1)
  })

  it('[PEERS 4] [CL60] dials with jitter of its own, however often the provider tries', async () => {
    const network = await createNetwork(relay)
    network.setUp(false)
    const { provider } = await joinStock({
      relay,
      ...createAppRoom(),
      provider: { maxBackoffTime: 1 },
      socket: { WebSocket: network.WebSocket },
    })
    await vi.waitFor(() => expect(provider.wsUnsuccessfulReconnects).toBeGreaterThan(4), SLOW)
    // Four delays of CL8, drawn from 250 ms to 2 s: less than this once in 50 000 runs. The provider's own would be 4 ms.
    const [first = 0, fifth = 0] = [network.dialledAt[0], network.dialledAt[4]]
    expect(fifth - first).toBeGreaterThan(100)
  })

  it('[PEERS 4] [CL64] shows the network the host and the path of the relay, and nothing of the room', async () => {
    const network = await createNetwork(relay)
    const room = createAppRoom()
    await synced(await joinStock({ relay, ...room, socket: { WebSocket: network.WebSocket } }))
    expect(network.dialled.map(({ url }) => url)).toEqual([relay.url])
  })
})

function readTurn({ awareness }: { awareness: { getStates(): Map<number, unknown> } }, client: number): unknown {
  return (awareness.getStates().get(client) as { turn?: number } | undefined)?.turn
}
