/**
 * A person whose app has the published Hocuspocus provider, unmodified, over our WebSocket class. The same under Node and in Chromium.
 *
 * @module
 */
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { createMemoryKeyStore } from '@y-sealed/client'
import { sealedWebSocket, type HocuspocusSocketOptions } from '@y-sealed/client/hocuspocus'
import { onTestFinished } from 'vitest'
import * as Y from 'yjs'

import { platformFor, type RelayAddress } from '../peer.ts'
import { serverUrl, type AppRoom } from './y-websocket-peer.ts'

type WebsocketConfiguration = ConstructorParameters<typeof HocuspocusProviderWebsocket>[0]
type ProviderConfiguration = ConstructorParameters<typeof HocuspocusProvider>[0]

export interface HocuspocusSocketSetup {
  readonly relay: RelayAddress
  readonly options: HocuspocusSocketOptions
  readonly configuration?: Partial<WebsocketConfiguration>
}

/** A socket for any number of documents; destroyed when the test ends. */
export async function openSocket(setup: HocuspocusSocketSetup): Promise<HocuspocusProviderWebsocket> {
  const platform = await platformFor(setup.relay)
  const WebSocketPolyfill = sealedWebSocket({
    storage: { keys: createMemoryKeyStore() },
    ...platform,
    ...setup.options,
  })
  const socket = new HocuspocusProviderWebsocket({
    url: serverUrl(setup.relay),
    WebSocketPolyfill,
    ...setup.configuration,
  })
  onTestFinished(() => socket.destroy())
  return socket
}

export interface HocuspocusPeerOptions extends AppRoom {
  readonly relay: RelayAddress
  readonly doc?: Y.Doc
  readonly provider?: Partial<ProviderConfiguration>
  readonly socket?: Partial<HocuspocusSocketOptions>
  readonly configuration?: Partial<WebsocketConfiguration>
}

export interface HocuspocusPeer {
  readonly doc: Y.Doc
  readonly text: Y.Text
  readonly provider: HocuspocusProvider
  readonly socket: HocuspocusProviderWebsocket
}

/** Attaches one provider to one socket. */
export function attach(
  socket: HocuspocusProviderWebsocket,
  name: string,
  doc: Y.Doc,
  configuration: Partial<ProviderConfiguration> = {},
): HocuspocusProvider {
  const provider = new HocuspocusProvider({ name, document: doc, websocketProvider: socket, ...configuration })
  provider.attach()
  onTestFinished(() => provider.destroy())
  return provider
}

/** Joins with a socket of its own. */
export async function joinHocuspocus(options: HocuspocusPeerOptions): Promise<HocuspocusPeer> {
  const { key, room, relay, configuration = {} } = options
  const doc = options.doc ?? new Y.Doc()
  const socket = await openSocket({
    relay,
    options: { key, doc, name: room, ...options.socket } as HocuspocusSocketOptions,
    configuration,
  })
  return { doc, text: doc.getText('note'), provider: attach(socket, room, doc, options.provider), socket }
}
