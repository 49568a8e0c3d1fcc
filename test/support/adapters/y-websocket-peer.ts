/**
 * A person whose app has the published y-websocket, unmodified, over our WebSocket class. The same under Node and in Chromium.
 *
 * @module
 */
import { createMemoryKeyStore } from '@y-sealed/client'
import { sealedWebSocket, type SealedWebSocketOptions } from '@y-sealed/client/y-websocket'
import { onTestFinished } from 'vitest'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

import { platformFor, type RelayAddress } from '../peer.ts'

export type ProviderOptions = ConstructorParameters<typeof WebsocketProvider>[3]

/** One key and one room, as an app has them. */
export interface AppRoom {
  readonly key: Uint8Array<ArrayBuffer>
  readonly room: string
}

export function createAppRoom(): AppRoom {
  return { key: crypto.getRandomValues(new Uint8Array(32)), room: `notes/${crypto.randomUUID()}` }
}

export interface StockPeerOptions extends AppRoom {
  readonly relay: RelayAddress
  readonly doc?: Y.Doc
  readonly provider?: ProviderOptions
  /** Also those that take others away: `key: undefined` beside a `document`. */
  readonly socket?: { readonly [Name in keyof SealedWebSocketOptions]?: SealedWebSocketOptions[Name] | undefined }
}

/** As the app's server URL has it. */
export function serverUrl(relay: RelayAddress): string {
  return relay.url.replace(/\/sync$/, '')
}

/** The socket class that this test's platform needs. */
export async function socketClass(options: StockPeerOptions & { readonly doc: Y.Doc }): Promise<typeof WebSocket> {
  const platform = await platformFor(options.relay)
  const { key, doc } = options
  const storage = { keys: createMemoryKeyStore() }
  return sealedWebSocket({ key, doc, storage, ...platform, ...options.socket } as SealedWebSocketOptions)
}

export interface StockPeer {
  readonly doc: Y.Doc
  readonly text: Y.Text
  readonly provider: WebsocketProvider
}

/** Joins; destroyed when the test ends. */
export async function joinStock(options: StockPeerOptions): Promise<StockPeer> {
  const doc = options.doc ?? new Y.Doc()
  const WebSocketPolyfill = await socketClass({ ...options, doc })
  const provider = new WebsocketProvider(serverUrl(options.relay), options.room, doc, {
    WebSocketPolyfill,
    disableBc: true,
    ...options.provider,
  })
  onTestFinished(() => provider.destroy())
  return { doc, text: doc.getText('note'), provider }
}
