/**
 * One engine under a foreign provider: the app's own Y.Doc, its origins, its client ids, its undo manager, its stored copies, its subdocuments.
 */
import {
  createMemoryKeyStore,
  createMemoryOutbox,
  issuerTokens,
  loadDevice,
  sharedKeyDocument,
  TokenDeniedError,
  type TokenSource,
} from '@y-sealed/client'
import { cryptoReady } from '@y-sealed/protocol'
import { beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

import { isDraft } from '../../client/drafts/draft.ts'
import { attach, joinHocuspocus, openSocket } from '../support/adapters/hocuspocus-peer.ts'
import { syncedProvider } from '../support/adapters/hocuspocus-table.ts'
import { takeSeat } from '../support/adapters/member-seat.ts'
import { createNetwork } from '../support/adapters/network.ts'
import { createAppRoom, joinStock, serverUrl, socketClass, type AppRoom } from '../support/adapters/y-websocket-peer.ts'
import { synced } from '../support/adapters/y-websocket-table.ts'
import { join, platformFor, type Peer } from '../support/peer.ts'

beforeAll(cryptoReady)

const relay = inject('relay')
const SLOW = { timeout: 15_000 }

async function joinSealed(room: AppRoom): Promise<Peer> {
  const peer = await join({ relay, access: sharedKeyDocument(room) })
  await peer.provider.whenSynced()
  return peer
}

describe("the app's own document", () => {
  it("[CL61] is changed by others with the provider as the origin, and the app's own edits are not", async () => {
    const room = createAppRoom()
    const [alice, bob] = [await joinStock({ relay, ...room }), await joinSealed(room)]
    await synced(alice)
    const origins: unknown[] = []
    alice.doc.on('update', (_update: Uint8Array, origin: unknown) => origins.push(origin))
    alice.doc.transact(() => alice.text.insert(0, 'mine'), 'my editor')
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('mine'))
    bob.text.insert(4, ' and yours')
    await vi.waitFor(() => expect(alice.text.toJSON()).toBe('mine and yours'))
    expect(origins).toEqual(['my editor', alice.provider])
  })

  it('[CL61] sends each edit once, whatever the provider says of it', async () => {
    const room = createAppRoom()
    const network = await createNetwork(relay)
    const alice = await joinStock({ relay, ...room, socket: { WebSocket: network.WebSocket } })
    const bob = await joinSealed(room)
    await synced(alice)
    alice.text.insert(0, 'x')
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('x'))
    network.sent.length = 0
    for (let n = 0; n < 5; n += 1) {
      bob.text.insert(0, 'y')
      await vi.waitFor(() => expect(alice.text.length).toBe(n + 2))
    }
    // What others write is not sent back.
    expect(network.sent.filter((type) => type === 'push')).toEqual([])
    alice.text.insert(0, 'z')
    await vi.waitFor(() => expect(bob.text.length).toBe(7))
    expect(network.sent.filter((type) => type === 'push').length).toBe(1)
  })

  it('[CL61] keeps its Yjs client id, under which its edits and its presence are bound', async () => {
    const room = createAppRoom()
    const [alice, bob] = [await joinStock({ relay, ...room }), await joinSealed(room)]
    const client = alice.doc.clientID
    await synced(alice)
    alice.text.insert(0, 'x')
    await vi.waitFor(() => expect(bob.doc.store.clients.has(client)).toBe(true))
    await vi.waitFor(() => expect(bob.provider.awareness.getStates().has(client)).toBe(true))
    expect(alice.doc.clientID).toBe(client)
  })

  it("[CL61] undoes the app's own edits, and nobody else's", async () => {
    const room = createAppRoom()
    const [alice, bob] = [await joinStock({ relay, ...room }), await joinSealed(room)]
    await synced(alice)
    const undo = new Y.UndoManager(alice.text)
    alice.text.insert(0, 'mine')
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('mine'))
    bob.text.insert(4, ' yours')
    await vi.waitFor(() => expect(alice.text.toJSON()).toBe('mine yours'))
    undo.undo()
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe(' yours'))
    undo.redo()
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('mine yours'))
  })

  it('[CL61] is what is fed while an observer of the app throws, and goes on', async () => {
    const room = createAppRoom()
    const [alice, bob] = [await joinStock({ relay, ...room }), await joinSealed(room)]
    await synced(alice)
    const inside: string[] = []
    // An observer that edits: what it writes is the app's own, and leaves.
    alice.text.observe(({ transaction }) => {
      if (transaction.origin === alice.provider) alice.doc.getArray('seen').push([alice.text.toJSON()])
      inside.push(alice.text.toJSON())
    })
    bob.text.insert(0, 'hello')
    await vi.waitFor(() => expect(bob.doc.getArray('seen').toJSON()).toEqual(['hello']))
    expect(inside).toEqual(['hello'])
  })

  it('[CL61] [CL64] is refused where the provider has another, with what to change', async () => {
    const room = createAppRoom()
    const problems: string[] = []
    const WebSocketPolyfill = await socketClass({
      relay,
      ...room,
      doc: new Y.Doc(),
      socket: { onProblem: ({ message }) => void problems.push(message) },
    })
    const { provider } = await joinStock({ relay, ...room, provider: { WebSocketPolyfill } })
    const closed = vi.fn<(event: { code: number; reason: string }) => void>()
    provider.on('closed', closed)
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), SLOW)
    expect([closed.mock.calls[0]![0].code, provider.synced]).toEqual([4400, false])
    expect(closed.mock.calls[0]![0].reason).toContain('give both the same Y.Doc')
    expect(problems).toEqual([expect.stringContaining('give both the same Y.Doc')])
  })

  it('[CL61] [CL64] of Hocuspocus is refused where the provider has another', async () => {
    const { key, room } = createAppRoom()
    const socket = await openSocket({ relay, options: { key, doc: new Y.Doc() } })
    const provider = attach(socket, room, new Y.Doc())
    const failed = vi.fn<(data: { reason: string }) => void>()
    provider.on('authenticationFailed', failed)
    await vi.waitFor(() => expect(failed).toHaveBeenCalled(), SLOW)
    expect([failed.mock.calls[0]![0].reason, provider.synced]).toEqual([expect.stringContaining('same Y.Doc'), false])
  })
})

describe('a stored copy', () => {
  it("[CL61] that holds others' edits of old, as y-indexeddb keeps it, sends what is new in it and nothing else", async () => {
    const room = createAppRoom()
    const storage = { keys: createMemoryKeyStore() }
    const alice = await joinStock({ relay, ...room, socket: { storage } })
    const bob = await joinSealed(room)
    await synced(alice)
    alice.text.insert(0, 'alice')
    bob.text.insert(0, 'bob ')
    await vi.waitFor(() => expect(alice.text.length).toBe(9))
    await vi.waitFor(() => expect(bob.text.length).toBe(9))
    alice.provider.destroy()
    alice.text.insert(9, ', offline')
    const stored = Y.encodeStateAsUpdate(alice.doc)

    // The next run: another client id, the same device.
    const problems: unknown[] = []
    const doc = new Y.Doc()
    const again = await joinStock({
      relay,
      ...room,
      doc,
      socket: { storage, onProblem: (each) => void problems.push(each) },
    })
    Y.applyUpdate(doc, stored, 'y-indexeddb')
    await synced(again)
    await vi.waitFor(() => expect(bob.text.toJSON()).toContain(', offline'), SLOW)
    expect([again.text.toJSON(), problems]).toEqual([bob.text.toJSON(), []])
  })

  it("[CL61] with unsent edits under a client id of another device's says so, and loses nothing", async () => {
    const room = createAppRoom()
    const alice = await joinStock({ relay, ...room })
    await synced(alice)
    alice.text.insert(0, 'known')
    const bob = await joinSealed(room)
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('known'))
    alice.provider.destroy()
    alice.text.insert(5, ', unsent')
    const stored = Y.encodeStateAsUpdate(alice.doc)

    // Without its KeyStore it is another device: the client id of old is not its own.
    const problems: string[] = []
    const doc = new Y.Doc()
    Y.applyUpdate(doc, stored)
    const again = await joinStock({
      relay,
      ...room,
      doc,
      socket: { onProblem: ({ code }) => void problems.push(code) },
    })
    await vi.waitFor(() => expect(problems).toContain('CLIENT_ID_TAKEN'), SLOW)
    expect([again.text.toJSON(), bob.text.toJSON()]).toEqual(['known, unsent', 'known'])
  })

  it('[CL61] of a plaintext time, with many client ids, is taken over whole', async () => {
    const doc = new Y.Doc()
    for (const word of ['one ', 'two ', 'three']) {
      const author = new Y.Doc()
      Y.applyUpdate(author, Y.encodeStateAsUpdate(doc))
      author.getText('note').insert(author.getText('note').length, word)
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(author))
    }
    const room = createAppRoom()
    const alice = await joinStock({ relay, ...room, doc })
    const bob = await joinSealed(room)
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('one two three'), SLOW)
    expect(alice.provider.synced).toBe(true)
  })
})

describe('providers that come and go', () => {
  it('[CL63] a remount finds everything as it was, and asks the relay for nothing again', async () => {
    const room = createAppRoom()
    const network = await createNetwork(relay)
    const doc = new Y.Doc()
    const WebSocketPolyfill = await socketClass({ relay, ...room, doc, socket: { WebSocket: network.WebSocket } })
    const first = await joinStock({ relay, ...room, doc, provider: { WebSocketPolyfill } })
    await synced(first)
    first.provider.destroy()
    const second = await joinStock({ relay, ...room, doc, provider: { WebSocketPolyfill } })
    await synced(second)
    expect(network.dialled.length).toBe(1)
    second.text.insert(0, 'mounted twice')
    const bob = await joinSealed(room)
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('mounted twice'))
    bob.text.insert(0, 'and ')
    await vi.waitFor(() => expect(second.text.toJSON()).toBe('and mounted twice'))
  })

  it('[CL63] a mount that is undone before it is open, and done again, opens once', async () => {
    const room = createAppRoom()
    const doc = new Y.Doc()
    const WebSocketPolyfill = await socketClass({ relay, ...room, doc })
    const first = await joinStock({ relay, ...room, doc, provider: { WebSocketPolyfill } })
    first.provider.destroy()
    const second = await joinStock({ relay, ...room, doc, provider: { WebSocketPolyfill } })
    await synced(second)
    expect([first.provider.synced, first.provider.ws]).toEqual([false, null])
  })

  it('[CL63] the later of two sockets has the document, and the first is closed for good', async () => {
    const room = createAppRoom()
    const doc = new Y.Doc()
    const WebSocketPolyfill = await socketClass({ relay, ...room, doc })
    const first = await joinStock({ relay, ...room, doc, provider: { WebSocketPolyfill } })
    await synced(first)
    const closed = vi.fn<(event: { code: number; reason: string }) => void>()
    first.provider.on('closed', closed)
    const second = await joinStock({ relay, ...room, doc, provider: { WebSocketPolyfill } })
    await synced(second)
    expect(closed.mock.calls.map(([{ reason }]) => reason.split(':')[0])).toEqual(['TAKEN_OVER'])
  })

  it('[CL63] what is typed once the relay is done with counts as unsaved, is kept, and leaves with the next run', async () => {
    const room = createAppRoom()
    const storage = { keys: createMemoryKeyStore(), outbox: createMemoryOutbox() }
    const counts: number[] = []
    const onUnsyncedChanges = (count: number): void => void counts.push(count)
    let isDenied = false
    const network = await createNetwork(relay)
    const fetch = (await platformFor(relay)).fetch
    const issue = issuerTokens({
      device: loadDevice(storage.keys),
      accessOf: () => sharedKeyDocument(room),
      ...(fetch ? { fetch } : {}),
    })
    const token: TokenSource = (request) =>
      isDenied ? Promise.reject(new TokenDeniedError('FORBIDDEN', 'not any more')) : issue(request)
    const socket = { storage, token, onUnsyncedChanges, WebSocket: network.WebSocket }
    const alice = await joinStock({ relay, ...room, socket })
    await synced(alice)
    isDenied = true
    network.cut()
    await vi.waitFor(() => expect(alice.provider.shouldConnect).toBe(false), SLOW)
    expect(counts).toEqual([])
    alice.text.insert(0, 'typed all the same')
    expect(counts).toEqual([1])
    // A bind for its presence may be on its way too.
    await vi.waitFor(async () => {
      const kept = await storage.outbox.list(sharedKeyDocument(room).documentId)
      expect(kept.filter(isDraft)).toHaveLength(1)
    }, SLOW)
    alice.provider.destroy()
    alice.doc.destroy()
    isDenied = false
    await synced(await joinStock({ relay, ...room, socket: { storage } }))
    const bob = await joinSealed(room)
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('typed all the same'), SLOW)
  })

  it('[CL64] a class that has a room refuses another for the same Y.Doc', async () => {
    const room = createAppRoom()
    const doc = new Y.Doc()
    const WebSocketPolyfill = await socketClass({ relay, ...room, doc })
    await synced(await joinStock({ relay, ...room, doc, provider: { WebSocketPolyfill } }))
    const other = { ...room, room: 'another' }
    await expect(joinStock({ relay, ...other, provider: { WebSocketPolyfill } })).rejects.toThrow(/of its own/)
  })

  it('[CL64] one Y.Doc on a socket of Hocuspocus is one document: another name is refused', async () => {
    const room = createAppRoom()
    const peer = await joinHocuspocus({ relay, ...room })
    await syncedProvider(peer)
    const other = attach(peer.socket, 'another', new Y.Doc())
    const failed = vi.fn<(data: { reason: string }) => void>()
    other.on('authenticationFailed', failed)
    await vi.waitFor(() => expect(failed).toHaveBeenCalled())
    expect(failed.mock.calls[0]![0].reason).toContain('give `documents`')
  })

  it('[CL61] a subdocument has a class and a provider of its own', async () => {
    const room = createAppRoom()
    const openPart = async (parent: Y.Doc): Promise<Y.Doc> => {
      const part = parent.getMap<Y.Doc>('parts').get('chapter') as Y.Doc
      part.load()
      const of = { ...room, room: `${room.room}/${part.guid}` }
      const WebSocketPolyfill = await socketClass({ relay, ...of, doc: part })
      const provider = new WebsocketProvider(serverUrl(relay), of.room, part, { WebSocketPolyfill, disableBc: true })
      onTestFinished(() => provider.destroy())
      return part
    }
    const [alice, bob] = [await joinStock({ relay, ...room }), await joinStock({ relay, ...room })]
    alice.doc.getMap<Y.Doc>('parts').set('chapter', new Y.Doc())
    await vi.waitFor(() => expect(bob.doc.getMap('parts').has('chapter')).toBe(true), SLOW)
    const [ofAlice, ofBob] = [await openPart(alice.doc), await openPart(bob.doc)]
    ofAlice.getText('note').insert(0, 'in the chapter')
    await vi.waitFor(() => expect(ofBob.getText('note').toJSON()).toBe('in the chapter'), SLOW)
  })
})

describe('the device', () => {
  it('[CL63] is one for all adapted documents of a page that name no storage of their own', async () => {
    const devices = new Set<string>()
    for (const storage of [undefined, undefined, { keys: createMemoryKeyStore() }]) {
      const token = vi.fn<(request: { deviceId: string }) => Promise<string>>()
      token.mockRejectedValue(new TokenDeniedError('FORBIDDEN', 'asked for the sake of the question'))
      const { provider } = await joinStock({ relay, ...createAppRoom(), socket: { token, storage } })
      await vi.waitFor(() => expect(provider.shouldConnect).toBe(false), SLOW)
      devices.add(token.mock.calls[0]![0].deviceId)
    }
    // The first two are the default: IndexedDB in Chromium, memory under Node.
    expect(devices.size).toBe(2)
  })

  it('[CL63] with `room`, the name of the document is not the one that the provider has', async () => {
    const room = createAppRoom()
    const alice = await joinStock({ relay, key: room.key, room: 'any', socket: { room: room.room } })
    const bob = await joinSealed(room)
    alice.text.insert(0, 'here')
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('here'), SLOW)
  })
})

describe('a member', () => {
  it('[CL60] who is removed is told so by y-websocket, once and for good, and keeps what is there', async () => {
    const seat = await takeSeat(relay, 'writer')
    const options = { key: undefined, document: seat.membership, storage: { keys: seat.keys } }
    const alice = await joinStock({ relay, ...createAppRoom(), socket: options })
    const closed = vi.fn<(event: { code: number; reason: string }) => void>()
    alice.provider.on('closed', closed)
    await synced(alice)
    alice.text.insert(0, 'written as a member')
    await vi.waitFor(() => expect(seat.owner.text.toJSON()).toBe('written as a member'), SLOW)
    await seat.remove()
    await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce(), SLOW)
    const { code, reason } = closed.mock.calls[0]![0]
    expect([code, reason.split(':')[0]]).toEqual([4403, 'REMOVED'])
    expect([alice.provider.shouldConnect, alice.text.toJSON()]).toEqual([false, 'written as a member'])
  })

  it('[CL66] who is removed is told so by Hocuspocus, as the close of the document alone', async () => {
    const seat = await takeSeat(relay, 'writer')
    const doc = new Y.Doc()
    const document = seat.membership
    const socket = await openSocket({ relay, options: { document, doc, storage: { keys: seat.keys } } })
    const provider = attach(socket, 'any', doc)
    const closed = vi.fn<(data: { event: { code: number; reason: string } }) => void>()
    provider.on('close', closed)
    await syncedProvider({ provider })
    await seat.remove()
    await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce(), SLOW)
    const { code, reason } = closed.mock.calls[0]![0].event
    expect([code, reason.split(':')[0], socket.status]).toEqual([1000, 'REMOVED', 'connected'])
    expect([provider.synced, provider.isAuthenticated]).toEqual([false, false])
  })

  it('[CL66] of no document of this app is told by Hocuspocus that it failed', async () => {
    const socket = await openSocket({ relay, options: { documents: () => null } })
    const provider = attach(socket, 'unknown', new Y.Doc())
    const failed = vi.fn<(data: { reason: string }) => void>()
    provider.on('authenticationFailed', failed)
    await vi.waitFor(() => expect(failed).toHaveBeenCalledOnce(), SLOW)
    expect(failed.mock.calls[0]![0].reason).toContain('knows no document of this name')
  })
})
