/**
 * What y-websocket 3's own source (`src/y-websocket.js`) promises of its options, events and members, each proved over our class. Where our
 * class differs, the row says so.
 *
 * @module
 */
import { TokenDeniedError } from '@y-sealed/client'
import { createDecoder, readVarUint } from 'lib0/decoding'
import { expect, onTestFinished, vi } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

import type { Expectation } from './expectation.ts'
import { createNetwork } from './network.ts'
import { joinStock, serverUrl, socketClass, type StockPeer } from './y-websocket-peer.ts'

/** Resolves once the provider calls itself synced. */
export async function synced({ provider }: StockPeer): Promise<void> {
  await vi.waitFor(() => expect(provider.synced).toBe(true), { timeout: 10_000 })
}

const denied = (): Promise<string> => Promise.reject(new TokenDeniedError('FORBIDDEN', 'not this one'))

export const Y_WEBSOCKET_TABLE: readonly Expectation[] = [
  {
    kind: 'option',
    names: ['connect'],
    does: 'false: no socket until connect()',
    prove: async (ground) => {
      const network = await createNetwork(ground.relay)
      const peer = await joinStock({
        ...ground,
        provider: { connect: false },
        socket: { WebSocket: network.WebSocket },
      })
      expect([peer.provider.ws, peer.provider.shouldConnect, network.dialled.length]).toEqual([null, false, 0])
      peer.provider.connect()
      await synced(peer)
      expect(network.dialled.length).toBe(1)
    },
  },
  {
    kind: 'option',
    names: ['awareness'],
    does: "an Awareness of the app's own is the one whose state others see",
    prove: async (ground) => {
      const doc = new Y.Doc()
      const awareness = new Awareness(doc)
      awareness.setLocalState({ user: 'alice' })
      const alice = await joinStock({ ...ground, doc, provider: { awareness } })
      const bob = await joinStock(ground)
      expect(alice.provider.awareness).toBe(awareness)
      await vi.waitFor(() => expect(bob.provider.awareness.getStates().get(doc.clientID)).toEqual({ user: 'alice' }))
    },
  },
  {
    kind: 'option',
    names: ['params'],
    does: 'differs: URL parameters are refused, with what to do instead',
    prove: async (ground) => {
      await expect(joinStock({ ...ground, provider: { params: { token: 'abc' } } })).rejects.toThrow(
        /`params`.*`token`/,
      )
    },
  },
  {
    kind: 'option',
    names: ['protocols'],
    does: 'differs: no subprotocol of the app reaches the network',
    prove: async (ground) => {
      const network = await createNetwork(ground.relay)
      const provider = { protocols: ['mine'] }
      const peer = await joinStock({ ...ground, provider, socket: { WebSocket: network.WebSocket } })
      await synced(peer)
      expect(network.dialled[0]?.protocols).not.toContain('mine')
      expect([peer.provider.protocols, peer.provider.ws?.protocol]).toEqual([['mine'], ''])
    },
  },
  {
    kind: 'option',
    names: ['WebSocketPolyfill'],
    does: 'the class of which `ws` is made, with the URL of server and room',
    prove: async (ground) => {
      const doc = new Y.Doc()
      const WebSocketPolyfill = await socketClass({ ...ground, doc })
      const { provider } = await joinStock({ ...ground, doc, provider: { WebSocketPolyfill } })
      expect(provider.ws).toBeInstanceOf(WebSocketPolyfill)
      expect(provider.ws?.url).toBe(`${serverUrl(ground.relay)}/${ground.room}`)
    },
  },
  {
    kind: 'option',
    names: ['resyncInterval'],
    does: 'asks again every so often, and is answered (it needs a global WebSocket, which Node 20 has not)',
    prove: async (ground) => {
      if (!('WebSocket' in globalThis)) vi.stubGlobal('WebSocket', { OPEN: 1 })
      onTestFinished(() => void vi.unstubAllGlobals())
      const peer = await joinStock({ ...ground, provider: { resyncInterval: 50 } })
      await synced(peer)
      const answers = countMessages(
        peer.provider,
        (decoder) => readVarUint(decoder) === 0 && readVarUint(decoder) === 1,
      )
      await vi.waitFor(() => expect(answers.length).toBeGreaterThan(2))
    },
  },
  {
    kind: 'option',
    names: ['maxBackoffTime', 'wsUnsuccessfulReconnects'],
    does: 'each socket that closes counts as unsuccessful, and the next comes after the bound at most; a sync begins anew',
    prove: async (ground) => {
      const network = await createNetwork(ground.relay)
      network.setUp(false)
      const provider = { maxBackoffTime: 20 }
      const peer = await joinStock({ ...ground, provider, socket: { WebSocket: network.WebSocket } })
      await vi.waitFor(() => expect(peer.provider.wsUnsuccessfulReconnects).toBeGreaterThan(1), { timeout: 10_000 })
      network.setUp(true)
      await synced(peer)
      expect(peer.provider.wsUnsuccessfulReconnects).toBe(0)
    },
  },
  {
    kind: 'option',
    names: ['disableBc', 'bcconnected', 'bcChannel'],
    does: 'no channel to other tabs (differs: must be true)',
    prove: async (ground) => {
      const peer = await joinStock(ground)
      await synced(peer)
      expect([peer.provider.disableBc, peer.provider.bcconnected]).toEqual([true, false])
      expect(peer.provider.bcChannel).toBe(`${serverUrl(ground.relay)}/${ground.room}`)
      await expect(joinStock({ ...ground, provider: { disableBc: false } })).rejects.toThrow(/disableBc: true/)
    },
  },
  {
    kind: 'option',
    names: ['shouldReconnect'],
    does: 'is asked about each close of the server, and its word stands',
    prove: async (ground) => {
      const asked: number[] = []
      const shouldReconnect = ({ code }: { code: number }): boolean => asked.push(code) < 2
      const { provider } = await joinStock({ ...ground, provider: { shouldReconnect }, socket: { token: denied } })
      await vi.waitFor(() => expect(provider.shouldConnect).toBe(false))
      expect(asked).toEqual([4401, 4401])
    },
  },
  {
    kind: 'event',
    names: ['status'],
    does: 'connecting, connected, disconnected',
    prove: async (ground) => {
      const said: string[] = []
      const peer = await joinStock({ ...ground, provider: { connect: false } })
      peer.provider.on('status', ({ status }) => said.push(status))
      peer.provider.connect()
      await synced(peer)
      peer.provider.disconnect()
      expect(said).toEqual(['connecting', 'connected', 'disconnected'])
    },
  },
  {
    kind: 'event',
    names: ['sync', 'synced'],
    does: 'true once the content is there, false when the connection is not',
    prove: async (ground) => {
      const alice = await joinStock(ground)
      await synced(alice)
      alice.text.insert(0, 'there')
      const bob = await joinStock({ ...ground, provider: { connect: false } })
      const said: unknown[] = []
      bob.provider.on('sync', (state: boolean) => said.push(['sync', state, bob.text.toJSON()]))
      bob.provider.on('synced' as 'sync', (state: boolean) => said.push(['synced', state, bob.text.toJSON()]))
      await vi.waitFor(() => expect(alice.provider.wsconnected).toBe(true))
      await settled(ground, 'there')
      bob.provider.connect()
      await synced(bob)
      bob.provider.disconnect()
      const states = [true, false].flatMap((state) => [
        ['synced', state, 'there'],
        ['sync', state, 'there'],
      ])
      expect(said).toEqual(states)
    },
  },
  {
    kind: 'event',
    names: ['connection-close'],
    does: 'with the close of the socket, or null where the app closed it',
    prove: async (ground) => {
      const network = await createNetwork(ground.relay)
      const peer = await joinStock({ ...ground, socket: { WebSocket: network.WebSocket } })
      const closes: (number | null)[] = []
      peer.provider.on('connection-close', (event) => closes.push(event?.code ?? null))
      await synced(peer)
      network.cut()
      await vi.waitFor(() => expect(closes.length).toBe(1))
      await synced(peer)
      peer.provider.disconnect()
      expect(closes).toEqual([expect.any(Number), null])
      expect(closes[0]! >= 4400 && closes[0]! < 4500).toBe(false)
    },
  },
  {
    kind: 'event',
    names: ['connection-error'],
    does: 'where the relay cannot be reached',
    prove: async (ground) => {
      const network = await createNetwork(ground.relay)
      network.setUp(false)
      const { provider } = await joinStock({ ...ground, socket: { WebSocket: network.WebSocket } })
      const error = vi.fn<(event: Event) => void>()
      provider.on('connection-error', error)
      await vi.waitFor(() => expect(error).toHaveBeenCalled())
      expect(error.mock.calls[0]?.[0].type).toBe('error')
    },
  },
  {
    kind: 'event',
    names: ['closed'],
    does: 'with code and reason of a close from 4400 to 4499, and no attempt after it',
    prove: async (ground) => {
      const token = vi.fn(denied)
      const { provider } = await joinStock({ ...ground, socket: { token } })
      const closed = vi.fn<(event: { code: number; reason: string }) => void>()
      provider.on('closed', closed)
      await vi.waitFor(() => expect(closed).toHaveBeenCalled())
      expect(closed.mock.calls[0]?.[0]).toEqual({ code: 4401, reason: 'FORBIDDEN: not this one' })
      expect([provider.shouldConnect, provider.ws, token.mock.calls.length]).toEqual([false, null, 1])
    },
  },
  {
    kind: 'member',
    names: ['ws', 'wsconnecting', 'wsconnected', 'synced', '_synced', 'shouldConnect', 'connect', 'disconnect'],
    does: 'tell how far the connection is, before, during and after',
    prove: async (ground) => {
      const peer = await joinStock(ground)
      const stand = (): unknown => {
        const { ws, wsconnecting, wsconnected, synced: isSynced, shouldConnect } = peer.provider
        return [ws === null ? null : ws.readyState, wsconnecting, wsconnected, isSynced, shouldConnect]
      }
      expect(stand()).toEqual([0, true, false, false, true])
      await synced(peer)
      expect(stand()).toEqual([1, false, true, true, true])
      peer.provider.disconnect()
      expect(stand()).toEqual([null, false, false, false, false])
      peer.provider.connect()
      await synced(peer)
      expect(stand()).toEqual([1, false, true, true, true])
    },
  },
  {
    kind: 'member',
    names: ['url', 'serverUrl', 'roomname', 'doc', 'awareness', 'params', 'protocols', 'maxBackoffTime', 'disableBc'],
    does: 'are as the app gave them',
    prove: async (ground) => {
      const { provider, doc } = await joinStock(ground)
      expect(provider.url).toBe(`${provider.serverUrl}/${ground.room}`)
      expect([provider.roomname, provider.doc, provider.awareness.doc]).toEqual([ground.room, doc, doc])
    },
  },
  {
    kind: 'member',
    names: ['wsLastMessageReceived', 'messageHandlers', '_checkInterval'],
    does: 'a handler is called for each message, and each counts as a sign of life',
    prove: async (ground) => {
      const alice = await joinStock(ground)
      const before = Date.now()
      const presences = countMessages(alice.provider, (decoder) => readVarUint(decoder) === 1)
      await synced(alice)
      const bob = await joinStock(ground)
      bob.provider.awareness.setLocalStateField('user', 'bob')
      await vi.waitFor(() => expect(presences.length).toBeGreaterThan(1))
      expect(alice.provider.wsLastMessageReceived).toBeGreaterThanOrEqual(before)
    },
  },
  {
    kind: 'member',
    names: [
      '_WS',
      '_resyncInterval',
      '_bcSubscriber',
      '_updateHandler',
      '_awarenessUpdateHandler',
      '_exitHandler',
      'destroy',
    ],
    does: 'destroy ends the socket and everything that listens to the document',
    prove: async (ground) => {
      const network = await createNetwork(ground.relay)
      const peer = await joinStock({ ...ground, socket: { WebSocket: network.WebSocket } })
      await synced(peer)
      peer.provider.destroy()
      expect([peer.provider.ws, peer.provider.wsconnected]).toEqual([null, false])
      await vi.waitFor(() => expect(network.open).toBe(0))
      expect(peer.doc._observers.get('updateV2')?.size ?? 0).toBe(0)
      expect(peer.doc._observers.get('update')?.size ?? 0).toBe(0)
    },
  },
  {
    kind: 'member',
    names: ['connectBc', 'disconnectBc', 'bcconnected', 'bcChannel', 'shouldReconnect', 'wsUnsuccessfulReconnects'],
    does: 'connectBc does nothing while disableBc is true (differs: later, it ends the provider)',
    prove: async (ground) => {
      const peer = await joinStock(ground)
      await synced(peer)
      peer.provider.connectBc()
      expect([peer.provider.bcconnected, peer.provider.wsconnected]).toEqual([false, true])
      peer.provider.disableBc = false
      expect(() => peer.provider.connectBc()).toThrow(/disableBc: true/)
      expect([peer.provider.bcconnected, peer.provider.wsconnected]).toEqual([false, false])
    },
  },
]

/** Notes each message that `isOne` lets pass; the provider handles it as before. */
function countMessages(
  provider: WebsocketProvider,
  isOne: (decoder: ReturnType<typeof createDecoder>) => boolean,
): readonly unknown[] {
  const noted: unknown[] = []
  for (const [kind, handler] of provider.messageHandlers.entries()) {
    provider.messageHandlers[kind] = (...args) => {
      const [, decoder] = args
      if (isOne(createDecoder(decoder.arr))) noted.push(kind)
      handler(...args)
    }
  }
  return noted
}

/** Somebody else finds the text at the relay. */
async function settled(ground: Parameters<Expectation['prove']>[0], text: string): Promise<void> {
  const reader = await joinStock(ground)
  await vi.waitFor(() => expect(reader.text.toJSON()).toBe(text))
}
