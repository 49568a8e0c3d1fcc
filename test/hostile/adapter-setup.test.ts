/** Set-ups of a foreign provider that would let something out in clear. */
import type { SocketConstructor } from '@y-sealed/client'
import { sealedWebSocket as hocuspocusSocket, type HocuspocusSocketOptions } from '@y-sealed/client/hocuspocus'
import { sealedWebSocket, type SealedWebSocketOptions } from '@y-sealed/client/y-websocket'
import { spawnSync } from 'node:child_process'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

import { secretWord } from '../support/leak-play.ts'
import { findLeaks, textCanary, type Place } from '../support/leak-scan.ts'
import { REPOSITORY_ROOT } from '../support/repository.ts'

const KEY = new Uint8Array(32).fill(1)
const SERVER = 'wss://localhost:45999'

/** `new` of it throws. */
function NoSocket(): void {
  throw new Error('nothing is to be dialled')
}

function socketFor(doc: Y.Doc): typeof WebSocket {
  return sealedWebSocket({ key: KEY, doc, WebSocket: NoSocket as unknown as SocketConstructor })
}

/** Everything that another tab hears on a channel until the test ends. */
function overhear(channel: string): readonly Uint8Array[] {
  const heard: Uint8Array[] = []
  const tab = new BroadcastChannel(channel)
  tab.onmessage = ({ data }: { data: Uint8Array }) => void heard.push(new Uint8Array(data))
  onTestFinished(() => tab.close())
  return heard
}

/** As another tab does. */
function say(channel: string, message: Uint8Array): void {
  const tab = new BroadcastChannel(channel)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no target but its own origin
  tab.postMessage(message)
  onTestFinished(() => tab.close())
}

describe('BroadcastChannel', () => {
  it('T22 [CL64] is refused by an error that says what to change, before the document is in what is said', async () => {
    const [secret, room] = [secretWord('broadcast'), crypto.randomUUID()]
    const heard = overhear(`${SERVER}/${room}`)
    const doc = new Y.Doc()
    doc.getText('note').insert(0, secret)
    const WebSocketPolyfill = socketFor(doc)
    expect(() => new WebsocketProvider(SERVER, room, doc, { WebSocketPolyfill })).toThrow(/give it `disableBc: true`/)
    // Nothing of the half-made provider is left to tell of later edits.
    doc.getText('note').insert(0, secret)
    say(`${SERVER}/${room}`, Uint8Array.of(255))
    await vi.waitFor(() => expect(heard.at(-1)).toEqual(Uint8Array.of(255)))
    const places = heard.map((bytes, n) => ({ name: `message ${n}`, bytes: new Uint8Array(bytes) }))
    expect(findLeaks(places, [textCanary('the text', secret)])).toEqual([])
  })

  it('T22 [CL64] by the same overhearing, a provider without our class tells the other tab everything', async () => {
    const [secret, room] = [secretWord('broadcast'), crypto.randomUUID()]
    const heard = overhear(`${SERVER}/${room}`)
    const doc = new Y.Doc()
    doc.getText('note').insert(0, secret)
    class Silent {
      close(): void {
        // Never opened.
      }
    }
    const provider = new WebsocketProvider(SERVER, room, doc, {
      WebSocketPolyfill: Silent as unknown as typeof WebSocket,
    })
    onTestFinished(() => provider.destroy())
    await vi.waitFor(() => {
      const places = heard.map((bytes, n) => ({ name: `message ${n}`, bytes: new Uint8Array(bytes) }))
      expect(findLeaks(places, [textCanary('the text', secret)])).not.toEqual([])
    })
  })

  it('T22 [CL64] that another tab speaks on, in clear, closes the socket for good', async () => {
    const room = crypto.randomUUID()
    const doc = new Y.Doc()
    const problems: string[] = []
    const WebSocketPolyfill = sealedWebSocket({
      key: KEY,
      doc,
      WebSocket: NoSocket as unknown as SocketConstructor,
      onProblem: ({ code }) => void problems.push(code),
    })
    const provider = new WebsocketProvider(SERVER, room, doc, { WebSocketPolyfill, disableBc: true })
    onTestFinished(() => provider.destroy())
    const closed = vi.fn<(event: { code: number }) => void>()
    provider.on('closed', closed)
    say(`${SERVER}/${room}`, Uint8Array.of(0, 0, 1, 0))
    await vi.waitFor(() => expect(closed.mock.calls[0]?.[0].code).toBe(4400))
    expect(problems).toEqual(['SETUP_REFUSED'])
  })

  it('T22 [CL64] in its absence localStorage is refused in the same way, with a state vector in it at most', () => {
    const secret = secretWord('stored')
    const { thrown, places } = runWithoutChannel(secret)
    expect(thrown).toMatch(/localStorage: give it `disableBc: true`/)
    expect(places.length).toBeGreaterThan(0)
    expect(findLeaks(places, [textCanary('the text', secret)])).toEqual([])
    // The same search finds what a provider without our class puts there.
    const plain = runWithoutChannel(secret, 'plain')
    expect([plain.thrown, findLeaks(plain.places, [textCanary('the text', secret)]).length > 0]).toEqual(['', true])
  })
})

function runWithoutChannel(...parameters: readonly string[]): {
  readonly thrown: string
  readonly places: readonly Place[]
} {
  const args = ['--import', 'tsx', '--conditions=source', 'test/support/adapters/broadcast-run.ts', ...parameters]
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: REPOSITORY_ROOT, encoding: 'utf8' })
  expect(stderr).toBe('')
  const { thrown, stored } = JSON.parse(stdout) as { thrown: string; stored: readonly { readonly value: string }[] }
  const bytesOf = ({ value }: { value: string }): Place['bytes'] => new Uint8Array(Buffer.from(value, 'base64'))
  return { thrown, places: stored.map((item, n) => ({ name: `item ${n}`, bytes: bytesOf(item) })) }
}

describe('a URL', () => {
  it.each([
    ['parameters', SERVER, 'room', { params: { token: 'abc' } }, /`params`.*`token`/],
    ['a question mark in the room', SERVER, 'room?', {}, /`\?` from the room/],
    ['a fragment', SERVER, 'room#a', {}, /take `#`/],
    ['plain WebSocket', 'ws://localhost', 'room', {}, /begin with wss:/],
    ['plain HTTP', 'http://localhost', 'room', {}, /begin with wss:/],
    ['credentials', 'wss://alice:secret@localhost', 'room', {}, /no query, fragment or credentials/],
    ['no room', SERVER, '', {}, /the room has no name/],
  ])('T22 [CL64] with %s is refused at once', (_what, server, room, options, message) => {
    const doc = new Y.Doc()
    const WebSocketPolyfill = socketFor(doc)
    expect(() => new WebsocketProvider(server, room, doc, { WebSocketPolyfill, disableBc: true, ...options })).toThrow(
      message,
    )
  })

  it.each([
    ['a token', `${SERVER}?token=abc`, /use `token`/],
    ['a fragment', `${SERVER}#abc`, /use `token`/],
    ['plain WebSocket', 'ws://localhost', /begin with wss:/],
    ['a path', `${SERVER}/collaboration`, /path is \/sync/],
  ])('T22 [CL64] of Hocuspocus with %s is told as a failed authentication', async (_what, url, message) => {
    const problems: string[] = []
    const Class = hocuspocusSocket({
      key: KEY,
      doc: new Y.Doc(),
      WebSocket: NoSocket as unknown as SocketConstructor,
      onProblem: ({ code }) => void problems.push(code),
    })
    const socket = new Class(url)
    const heard: Uint8Array[] = []
    socket.onmessage = ({ data }) => void heard.push(new Uint8Array(data as ArrayBuffer))
    await vi.waitFor(() => expect(socket.readyState).toBe(1))
    // Document "a", authentication, token "".
    socket.send(Uint8Array.of(1, 97, 2, 0, 0))
    expect(Array.from(heard[0]!.slice(0, 4))).toEqual([1, 97, 2, 1])
    expect(new TextDecoder().decode(heard[0]!.slice(4))).toMatch(message)
    expect(problems).toEqual(['SETUP_REFUSED'])
  })
})

describe('options', () => {
  const doc = new Y.Doc()
  it.each([
    ['a password for a key', { key: 'correct horse battery staple', doc }, /no key/],
    ['a short key', { key: new Uint8Array(16), doc }, /exactly 32/],
    ['no key and no document', { doc }, /either `key` or `document`/],
    ['a key and a document', { key: KEY, document: {}, doc }, /either `key` or `document`/],
    ['no doc', { key: KEY }, /`doc` is the Y.Doc/],
    ['a doc that is none', { key: KEY, doc: {} }, /`doc` is the Y.Doc/],
  ])('T22 [CL64] with %s are refused at once, of either adapter', (_what, options, message) => {
    expect(() => sealedWebSocket(options as unknown as SealedWebSocketOptions)).toThrow(message)
    expect(() => hocuspocusSocket(options as unknown as HocuspocusSocketOptions)).toThrow(message)
  })
})
