/**
 * A program of its own, for a runtime without BroadcastChannel: lib0 falls back to localStorage when it is first imported. Prints, as JSON,
 * what `new WebsocketProvider` threw and what was put there. Arguments: a text, and `plain` for a WebSocket class that is not ours.
 */
import type { SocketConstructor } from '@y-sealed/client'

interface Stored {
  readonly key: string
  readonly value: string
}

const stored: Stored[] = []
Reflect.deleteProperty(globalThis, 'BroadcastChannel')
const localStorage = {
  getItem: () => null,
  setItem: (key: string, value: string) => void stored.push({ key, value }),
}
Object.defineProperty(globalThis, 'window', { value: globalThis, configurable: true })
Object.defineProperty(globalThis, 'localStorage', { value: localStorage, configurable: true })
Object.defineProperty(globalThis, 'addEventListener', { value: () => undefined, configurable: true })
Object.defineProperty(globalThis, 'removeEventListener', { value: () => undefined, configurable: true })

const { sealedWebSocket } = await import('@y-sealed/client/y-websocket')
const { WebsocketProvider } = await import('y-websocket')
const Y = await import('yjs')
const doc = new Y.Doc()
doc.getText('note').insert(0, process.argv[2] as string)
class Silent {
  close(): void {
    // Never opened.
  }
}
const sealed = sealedWebSocket({
  key: new Uint8Array(32).fill(1),
  doc,
  WebSocket: Silent as unknown as SocketConstructor,
})
const WebSocketPolyfill = process.argv[3] === 'plain' ? (Silent as unknown as typeof sealed) : sealed
let thrown = ''
try {
  const provider = new WebsocketProvider('wss://localhost:45999', 'room', doc, { WebSocketPolyfill })
  provider.connect()
} catch (error) {
  thrown = String(error)
}
doc.getText('note').insert(0, process.argv[2] as string)
console.log(JSON.stringify({ thrown, stored }))
process.exit(0)
