/**
 * What the sources of `@hocuspocus/provider` 4 (`src/HocuspocusProvider.ts`, `src/HocuspocusProviderWebsocket.ts`) promise of their options and
 * events, each proved over our class. Where our class differs, the row says so.
 *
 * @module
 */
import { HocuspocusProvider } from '@hocuspocus/provider'
import { TokenDeniedError } from '@y-sealed/client'
import { expect, onTestFinished, vi } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'

import type { Expectation } from './expectation.ts'
import { attach, joinHocuspocus, openSocket, type HocuspocusPeer } from './hocuspocus-peer.ts'
import { takeSeat } from './member-seat.ts'
import { createNetwork } from './network.ts'
import { serverUrl } from './y-websocket-peer.ts'

const PATIENCE = { timeout: 10_000 }

export async function syncedProvider({ provider }: Pick<HocuspocusPeer, 'provider'>): Promise<void> {
  await vi.waitFor(() => expect([provider.synced, provider.unsyncedChanges]).toEqual([true, 0]), PATIENCE)
}

const denied = (): Promise<string> => Promise.reject(new TokenDeniedError('FORBIDDEN', 'not this one'))

export const HOCUSPOCUS_TABLE: readonly Expectation[] = [
  {
    kind: 'option',
    names: ['name', 'document', 'websocketProvider', 'url', 'WebSocketPolyfill', 'providerMap'],
    does: 'say which document is where, and on which socket',
    prove: async (ground) => {
      const peer = await joinHocuspocus(ground)
      await syncedProvider(peer)
      const { provider, socket, doc } = peer
      expect([provider.configuration.name, provider.document, socket.url]).toEqual([
        ground.room,
        doc,
        serverUrl(ground.relay),
      ])
      expect(socket.webSocket).toBeInstanceOf(socket.configuration.WebSocketPolyfill)
      expect(socket.configuration.providerMap.get(ground.room)).toBe(provider)
    },
  },
  {
    kind: 'option',
    names: ['awareness', 'onAwarenessChange', 'onAwarenessUpdate'],
    does: 'presence of others comes and goes; null shares none',
    prove: async (ground) => {
      const onAwarenessChange = vi.fn<(data: { states: unknown[] }) => void>()
      const onAwarenessUpdate = vi.fn<() => void>()
      const alice = await joinHocuspocus({ ...ground, provider: { onAwarenessChange, onAwarenessUpdate } })
      const awareness = new Awareness(new Y.Doc())
      const silent = await joinHocuspocus({ ...ground, provider: { awareness: null } })
      const bob = await joinHocuspocus(ground)
      await Promise.all([syncedProvider(alice), syncedProvider(silent), syncedProvider(bob)])
      bob.provider.setAwarenessField('user', 'bob')
      const states = { clientId: bob.doc.clientID, user: 'bob' }
      await vi.waitFor(() => expect(onAwarenessChange.mock.lastCall?.[0].states).toContainEqual(states))
      expect(onAwarenessUpdate).toHaveBeenCalled()
      expect([...alice.provider.awareness!.getStates().keys()]).not.toContain(silent.doc.clientID)
      bob.provider.destroy()
      await vi.waitFor(() => expect(alice.provider.awareness!.getStates().size).toBe(1))
      awareness.destroy()
    },
  },
  {
    kind: 'option',
    names: ['token', 'onAuthenticated'],
    does: "goes to the app's own token function, and never to the relay; then authenticated, with the scope",
    prove: async (ground) => {
      const given: string[] = []
      const onAuthenticated = vi.fn<(data: { scope: string }) => void>()
      const seat = await takeSeat(ground.relay, 'writer')
      // The relay's own issuer gives the token; what the app's session says goes with the request.
      const token = vi.fn<(request: { authentication: string; documentId: string }) => Promise<string>>()
      token.mockImplementation(async ({ authentication }) => {
        given.push(authentication)
        return await denied()
      })
      const { provider } = await joinHocuspocus({
        ...ground,
        provider: { token: async () => await Promise.resolve('session of alice'), onAuthenticated },
        socket: { token },
      })
      await vi.waitFor(() => expect(given).toEqual(['session of alice']), PATIENCE)
      expect(provider.isAuthenticated).toBe(false)
      const options = { key: undefined, document: seat.membership, storage: { keys: seat.keys } }
      const peer = await joinHocuspocus({ ...ground, provider: { onAuthenticated }, socket: options })
      await syncedProvider(peer)
      expect(onAuthenticated.mock.calls).toEqual([[{ scope: 'read-write' }]])
      expect([peer.provider.isAuthenticated, peer.provider.authorizedScope]).toEqual([true, 'read-write'])
    },
  },
  {
    kind: 'option',
    names: ['onAuthenticationFailed'],
    does: 'with the reason, where the app may not have the document',
    prove: async (ground) => {
      const onAuthenticationFailed = vi.fn<(data: { reason: string }) => void>()
      const peer = await joinHocuspocus({ ...ground, provider: { onAuthenticationFailed }, socket: { token: denied } })
      await vi.waitFor(() => expect(onAuthenticationFailed).toHaveBeenCalled(), PATIENCE)
      expect(onAuthenticationFailed.mock.calls).toEqual([[{ reason: 'FORBIDDEN: not this one' }]])
      expect([peer.provider.synced, peer.provider.isAuthenticated]).toEqual([false, false])
    },
  },
  {
    kind: 'option',
    names: ['sessionAwareness'],
    does: 'two providers with one name on one socket, each with a document of its own',
    prove: async (ground) => {
      const { key, room, relay } = ground
      const docs = [new Y.Doc(), new Y.Doc()]
      const bySession = new Map<string | null, Y.Doc>()
      const documents = (_name: string, session: string | null): { key: typeof key; doc: Y.Doc } | null => {
        const doc = bySession.get(session)
        return doc === undefined ? null : { key, doc }
      }
      const socket = await openSocket({ relay, options: { documents } })
      const providers = docs.map((document) => {
        const provider = new HocuspocusProvider({
          name: room,
          document,
          websocketProvider: socket,
          sessionAwareness: true,
        })
        bySession.set(provider.sessionId, document)
        provider.attach()
        onTestFinished(() => provider.destroy())
        return provider
      })
      await Promise.all(providers.map((provider) => syncedProvider({ provider })))
      docs[0]!.getText('note').insert(0, 'from one to the other')
      await vi.waitFor(() => expect(docs[1]!.getText('note').toJSON()).toBe('from one to the other'))
    },
  },
  {
    kind: 'option',
    names: ['forceSyncInterval'],
    does: 'asks again every so often, and is answered',
    prove: async (ground) => {
      const peer = await joinHocuspocus({ ...ground, provider: { forceSyncInterval: 50 } })
      const counts: number[] = []
      peer.provider.on('unsyncedChanges', ({ number }: { number: number }) => counts.push(number))
      await syncedProvider(peer)
      await vi.waitFor(() => expect(counts.filter((count) => count === 0).length).toBeGreaterThan(2), PATIENCE)
      expect(Math.max(...counts)).toBe(1)
    },
  },
  {
    kind: 'option',
    names: ['flushDelay'],
    does: 'one count for a batch of edits, gone when all of them are saved',
    prove: async (ground) => {
      const alice = await joinHocuspocus({ ...ground, provider: { flushDelay: 40 } })
      await syncedProvider(alice)
      const counts: number[] = []
      alice.provider.on('unsyncedChanges', ({ number }: { number: number }) => counts.push(number))
      for (const letter of 'batch') alice.text.insert(alice.text.length, letter)
      const bob = await joinHocuspocus(ground)
      await vi.waitFor(() => expect(bob.text.toJSON()).toBe('batch'), PATIENCE)
      await vi.waitFor(() => expect(counts).toEqual([1, 0]), PATIENCE)
    },
  },
  {
    kind: 'option',
    names: ['autoConnect', 'onOpen', 'onConnect', 'onStatus', 'onClose', 'onDisconnect', 'onSynced', 'onDestroy'],
    does: 'are called in the order of a connection: connecting, open, connect, synced, close, disconnect',
    prove: async (ground) => {
      const said: string[] = []
      const note =
        (name: string) =>
        (data?: object): void =>
          void said.push(`${name}${data !== undefined && 'status' in data ? ` ${String(data.status)}` : ''}`)
      const peer = await joinHocuspocus({
        ...ground,
        configuration: {
          autoConnect: false,
          onOpen: note('open'),
          onConnect: note('connect'),
          onStatus: note('status'),
          onClose: note('close'),
          onDisconnect: note('disconnect'),
          onDestroy: note('destroy'),
        },
        provider: { onSynced: note('synced') },
      })
      expect([said, peer.socket.webSocket]).toEqual([[], null])
      void peer.socket.connect()
      await syncedProvider(peer)
      peer.socket.disconnect()
      await vi.waitFor(() => expect(said).toContain('disconnect'))
      expect(peer.provider.synced).toBe(false)
      peer.socket.destroy()
      const connected = ['status connecting', 'open', 'status connected', 'status connected', 'connect', 'synced']
      expect(said).toEqual([...connected, 'close', 'status disconnected', 'disconnect', 'destroy'])
    },
  },
  {
    kind: 'option',
    names: ['onMessage', 'onOutgoingMessage'],
    does: 'see what goes over the socket (differs: edits of others do not come as messages)',
    prove: async (ground) => {
      const onMessage = vi.fn<(data: { event: MessageEvent }) => void>()
      const onOutgoingMessage = vi.fn<() => void>()
      const peer = await joinHocuspocus({ ...ground, provider: { onMessage, onOutgoingMessage } })
      await syncedProvider(peer)
      expect(onOutgoingMessage).toHaveBeenCalled()
      expect(onMessage.mock.calls.every(([{ event }]) => event.data instanceof ArrayBuffer)).toBe(true)
    },
  },
  {
    kind: 'option',
    names: ['onUnsyncedChanges'],
    does: 'one more for each edit, one less for each that is saved',
    prove: async (ground) => {
      const counts: number[] = []
      const onUnsyncedChanges = ({ number }: { number: number }): void => void counts.push(number)
      const peer = await joinHocuspocus({ ...ground, provider: { onUnsyncedChanges } })
      await syncedProvider(peer)
      expect(counts).toEqual([1, 0])
      peer.text.insert(0, 'a')
      peer.text.insert(1, 'b')
      expect([counts.slice(2), peer.provider.hasUnsyncedChanges]).toEqual([[1, 2], true])
      await vi.waitFor(() => expect(counts.slice(2)).toEqual([1, 2, 1, 0]))
      expect(peer.provider.hasUnsyncedChanges).toBe(false)
    },
  },
  {
    kind: 'option',
    names: ['onStateless'],
    does: 'differs: stateless messages go to nobody, since only a server that reads could answer',
    prove: async (ground) => {
      const onStateless = vi.fn<() => void>()
      const [alice, bob] = [
        await joinHocuspocus(ground),
        await joinHocuspocus({ ...ground, provider: { onStateless } }),
      ]
      await Promise.all([syncedProvider(alice), syncedProvider(bob)])
      alice.provider.sendStateless('hello')
      alice.text.insert(0, 'after it')
      await vi.waitFor(() => expect(bob.text.toJSON()).toBe('after it'))
      expect(onStateless).not.toHaveBeenCalled()
    },
  },
  {
    kind: 'option',
    names: ['preserveTrailingSlash'],
    does: 'the URL with its slash or without is the same relay',
    prove: async (ground) => {
      for (const preserveTrailingSlash of [true, false]) {
        const url = `${serverUrl(ground.relay)}/`
        const peer = await joinHocuspocus({ ...ground, configuration: { url, preserveTrailingSlash } })
        await syncedProvider(peer)
        peer.socket.destroy()
      }
    },
  },
  {
    kind: 'option',
    names: ['delay', 'initialDelay', 'factor', 'minDelay', 'maxDelay', 'jitter', 'timeout', 'handleTimeout'],
    does: 'say when the next attempt follows one that failed',
    prove: async (ground) => {
      const network = await createNetwork(ground.relay)
      network.setUp(false)
      const configuration = { delay: 10, initialDelay: 0, factor: 1, minDelay: 10, maxDelay: 20, jitter: true }
      const peer = await joinHocuspocus({
        ...ground,
        configuration: { ...configuration, timeout: 0, handleTimeout: null },
        socket: { WebSocket: network.WebSocket },
      })
      await vi.waitFor(() => expect(peer.socket.identifier).toBeGreaterThan(2), PATIENCE)
      network.setUp(true)
      await syncedProvider(peer)
    },
  },
  {
    kind: 'option',
    names: ['maxAttempts', 'onMaxAttemptsFailed'],
    does: 'after so many attempts there is no further one',
    prove: async (ground) => {
      const network = await createNetwork(ground.relay)
      network.setUp(false)
      const onMaxAttemptsFailed = vi.fn<() => void>()
      const configuration = { delay: 10, minDelay: 10, maxAttempts: 2, onMaxAttemptsFailed }
      const peer = await joinHocuspocus({ ...ground, configuration, socket: { WebSocket: network.WebSocket } })
      await vi.waitFor(() => expect(onMaxAttemptsFailed).toHaveBeenCalled(), PATIENCE)
      expect(peer.socket.identifier).toBe(2)
    },
  },
  {
    kind: 'option',
    names: ['messageReconnectTimeout'],
    does: 'so long may the socket be silent',
    prove: async (ground) => {
      const peer = await joinHocuspocus({ ...ground, configuration: { messageReconnectTimeout: 300 } })
      await syncedProvider(peer)
      // Nobody says anything: it is closed, and opened again with everything there.
      await vi.waitFor(() => expect(peer.socket.identifier).toBeGreaterThan(1), PATIENCE)
      await syncedProvider(peer)
    },
  },
  {
    kind: 'event',
    names: [
      'authenticated',
      'authenticationFailed',
      'open',
      'connect',
      'status',
      'synced',
      'close',
      'disconnect',
      'destroy',
    ],
    does: 'the same as the callbacks, on the provider too',
    prove: async (ground) => {
      const peer = await joinHocuspocus({ ...ground, configuration: { autoConnect: false } })
      const said: string[] = []
      for (const name of ['authenticated', 'open', 'connect', 'status', 'synced', 'close', 'disconnect', 'destroy']) {
        peer.provider.on(name, () => said.push(name))
      }
      void peer.socket.connect()
      await syncedProvider(peer)
      peer.socket.disconnect()
      await vi.waitFor(() => expect(said).toContain('disconnect'))
      peer.provider.destroy()
      expect(said.filter((name) => name !== 'status')).toEqual([
        'open',
        'connect',
        'authenticated',
        'synced',
        'disconnect',
        'close',
        'destroy',
      ])
    },
  },
  {
    kind: 'event',
    names: [
      'message',
      'outgoingMessage',
      'awarenessUpdate',
      'awarenessChange',
      'unsyncedChanges',
      'stateless',
      'maxAttemptsFailed',
    ],
    does: 'come with what their callbacks come with',
    prove: async (ground) => {
      const peer = await joinHocuspocus(ground)
      const said = new Set<string>()
      const names = ['message', 'outgoingMessage', 'awarenessUpdate', 'awarenessChange', 'unsyncedChanges']
      for (const name of names) peer.provider.on(name, () => said.add(name))
      await syncedProvider(peer)
      peer.provider.setAwarenessField('user', 'alice')
      peer.text.insert(0, 'x')
      await vi.waitFor(() => expect([...said].toSorted()).toEqual(names.toSorted()))
    },
  },
  {
    kind: 'member',
    names: [
      'isSynced',
      'synced',
      'unsyncedChanges',
      'hasUnsyncedChanges',
      'isAuthenticated',
      'authorizedScope',
      'isAttached',
    ],
    does: 'tell how far it is; a reader is told that it may only read, and its edits stay unsynced',
    prove: async ({ relay, room }) => {
      const seat = await takeSeat(relay, 'reader')
      const doc = new Y.Doc()
      const socket = await openSocket({
        relay,
        options: { document: seat.membership, doc, storage: { keys: seat.keys } },
      })
      const provider = attach(socket, room, doc)
      const scopes: string[] = []
      provider.on('authenticated', ({ scope }: { scope: string }) => scopes.push(scope))
      await syncedProvider({ provider })
      expect([provider.isSynced, provider.isAuthenticated, provider.authorizedScope, provider.isAttached]).toEqual([
        true,
        true,
        'readonly',
        true,
      ])
      doc.getText('note').insert(0, 'not allowed')
      seat.owner.text.insert(0, 'allowed')
      await vi.waitFor(() => expect(doc.getText('note').toJSON()).toContain('allowed'))
      expect([provider.unsyncedChanges, seat.owner.text.toJSON()]).toEqual([1, 'allowed'])
      await seat.setRole('writer')
      await vi.waitFor(() => expect(scopes).toEqual(['readonly', 'read-write']), PATIENCE)
      await vi.waitFor(() => expect(seat.owner.text.toJSON()).toContain('not allowed'), PATIENCE)
    },
  },
  {
    kind: 'member',
    names: ['attach', 'detach', 'connect', 'disconnect', 'destroy', 'forceSync', 'sessionId', 'effectiveName'],
    does: 'a provider comes and goes, and the socket stays for the others',
    prove: async (ground) => {
      const { key, relay, room } = ground
      const docs = new Map([room, `${room}/b`].map((name) => [name, new Y.Doc()]))
      const documents = (name: string): { key: typeof key; doc: Y.Doc } => ({ key, doc: docs.get(name)! })
      const network = await createNetwork(relay)
      const socket = await openSocket({ relay, options: { documents, WebSocket: network.WebSocket } })
      const [one, two] = [...docs].map(([name, doc]) => attach(socket, name, doc)) as [
        HocuspocusProvider,
        HocuspocusProvider,
      ]
      await Promise.all([syncedProvider({ provider: one }), syncedProvider({ provider: two })])
      // One socket to the relay for both.
      expect([network.dialled.length, network.open]).toEqual([1, 1])
      one.detach()
      one.document.getText('note').insert(0, 'while away')
      two.document.getText('note').insert(0, 'still here')
      await vi.waitFor(() => expect(two.unsyncedChanges).toBe(0))
      one.attach()
      one.forceSync()
      await syncedProvider({ provider: one })
      const reader = await joinHocuspocus(ground)
      await vi.waitFor(() => expect(reader.text.toJSON()).toBe('while away'), PATIENCE)
    },
  },
]
