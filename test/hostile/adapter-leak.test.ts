/**
 * Apps with the published y-websocket and Hocuspocus providers write secrets, and every byte that the relay wrote, said or carried is searched
 * for them. What the search finds on a plaintext server, with the same app, it must not find here.
 */
import { TokenDeniedError } from '@y-sealed/client'
import { nodeWebSocket } from '@y-sealed/client/node'
import { toBytes } from '@y-sealed/protocol'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

import { joinHocuspocus } from '../support/adapters/hocuspocus-peer.ts'
import { startPlaintextServer } from '../support/adapters/plaintext-server.ts'
import { joinStock, serverUrl } from '../support/adapters/y-websocket-peer.ts'
import { secretWord } from '../support/leak-play.ts'
import {
  filesIn,
  findLeaks,
  keyCanaries,
  leakingPlaces,
  textCanary,
  wirePlaces,
  type Canary,
} from '../support/leak-scan.ts'
import { startLyingRelay } from '../support/lying-relay.ts'
import { startRelayProcess } from '../support/relay-process.ts'
import { findFreePort } from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

const KINDS = ['text', 'key', 'value', 'type', 'name', 'cursor', 'room', 'session'] as const
type Words = Readonly<Record<(typeof KINDS)[number], string>>

function createWords(): Words {
  return Object.fromEntries(KINDS.map((kind) => [kind, secretWord(kind)])) as Words
}

function canariesOf(words: Words): readonly Canary[] {
  return Object.entries(words).map(([kind, word]) => textCanary(`the ${kind}`, word))
}

/** What the app does, whatever provider it has. */
function write(doc: Y.Doc, awareness: { setLocalState(state: object): void }, words: Words): void {
  doc.getText('note').insert(0, words.text)
  doc.getMap(words.type).set(words.key, words.value)
  awareness.setLocalState({ user: { name: words.name }, cursor: words.cursor })
}

describe('what an app writes', { timeout: 60_000 }, () => {
  it('T22 [CL61] [CL62] is found on a plaintext y-websocket server by the same search', async () => {
    const words = createWords()
    const server = await startPlaintextServer()
    const WebSocketPolyfill = nodeWebSocket({ ca: server.ca }) as unknown as typeof WebSocket
    const join = (doc: Y.Doc): WebsocketProvider => {
      const provider = new WebsocketProvider(serverUrl(server), words.room, doc, { WebSocketPolyfill, disableBc: true })
      onTestFinished(() => provider.destroy())
      return provider
    }
    const [alice, bob] = [new Y.Doc(), new Y.Doc()]
    const provider = join(alice)
    await vi.waitFor(() => expect(provider.synced).toBe(true))
    write(alice, provider.awareness, words)
    join(bob)
    await vi.waitFor(() => expect(bob.getMap(words.type).get(words.key)).toBe(words.value))
    const leaks = findLeaks(wirePlaces(server.captured), canariesOf(words))
    expect(leakingPlaces(leaks)).toEqual(['wire: from-client', 'wire: from-relay', 'wire: request-head'])
    const found = new Set(leaks.map(({ canary }) => canary))
    expect([...found].toSorted()).toEqual(
      KINDS.filter((kind) => kind !== 'session')
        .map((kind) => `the ${kind}`)
        .toSorted(),
    )
  })

  it('T22 [CL61] [CL62] [CL64] [CL66] is nowhere at a relay that logs all it can, with either provider', async () => {
    const words = createWords()
    const key = crypto.getRandomValues(new Uint8Array(32))
    const [lying, port, data] = [await startLyingRelay(), await findFreePort(), makeTemporaryFolder()]
    const url = `wss://localhost:${port}/sync`
    const args = ['--data', data, '--port', String(port), '--url', url, '--url', lying.url, '--log-level', 'debug']
    const relay = await startRelayProcess(args)
    lying.stand({ ca: readFileSync(join(data, 'tls', 'ca.pem'), 'utf8'), port })

    const room = { relay: lying, key, room: words.room }
    const alice = await joinStock(room)
    const bob = await joinHocuspocus({ ...room, provider: { token: words.session } })
    await vi.waitFor(() => expect([alice.provider.synced, bob.provider.synced]).toEqual([true, true]), {
      timeout: 20_000,
    })
    write(alice.doc, alice.provider.awareness, words)
    await vi.waitFor(() => {
      expect(bob.doc.getMap(words.type).get(words.key)).toBe(words.value)
      expect(bob.provider.awareness?.getStates().get(alice.doc.clientID)).toMatchObject({ cursor: words.cursor })
    })
    write(bob.doc, bob.provider.awareness!, words)
    await vi.waitFor(() => expect(bob.provider.unsyncedChanges).toBe(0))
    lying.cut()
    alice.text.insert(0, words.text)
    await vi.waitFor(() => expect(bob.text.toJSON().split(words.text).length).toBe(4), { timeout: 20_000 })
    // A token function of the app's: what the provider's session says goes to it, and no further.
    const asked = vi.fn<(request: { authentication: string }) => Promise<string>>()
    asked.mockRejectedValue(new TokenDeniedError('FORBIDDEN', 'no'))
    await joinHocuspocus({ ...room, provider: { token: words.session }, socket: { token: asked } })
    await vi.waitFor(() => expect(asked.mock.calls[0]?.[0].authentication).toBe(words.session))

    const said = (name: 'stdout' | 'stderr') => ({ name, bytes: toBytes(Buffer.from(relay.output[name], 'latin1')) })
    const places = [...filesIn(data), said('stdout'), said('stderr'), ...wirePlaces(lying.captured)]
    expect(findLeaks(places, [...canariesOf(words), ...keyCanaries("the app's key", key)])).toEqual([])
    // And it was searched for where it would be: all of this was carried.
    expect(lying.captured.filter(({ place }) => place === 'from-client').length).toBeGreaterThan(10)
  })
})
