/**
 * A person at a device, for scenarios: a Y.Doc behind a provider, over a real relay. The same under Node and in Chromium.
 *
 * @module
 */
import {
  createMemoryKeyStore,
  issuerTokens,
  loadDevice,
  RelayConnection,
  SealedProvider,
  sharedKeyDocument,
  type DocumentAccess,
  type FetchJson,
  type KeyStore,
  type SealedProviderOptions,
  type SocketConstructor,
} from '@y-sealed/client'
import type * as ClientNode from '@y-sealed/client/node'
import { cryptoReady } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { onTestFinished } from 'vitest'
import * as Y from 'yjs'

/** How to reach a relay: what `inject('relay')` gives. */
export interface RelayAddress {
  readonly url: string
  /** PEM of its certificate authority. */
  readonly ca: string
}

interface Platform {
  readonly WebSocket?: SocketConstructor
  readonly fetch?: FetchJson
}

/** Sockets and requests that trust the relay's authority; in Chromium the browser itself does. */
export async function platformFor(relay: RelayAddress): Promise<Platform> {
  if ('window' in globalThis) return {}
  // A variable, so that the browser's bundler does not follow it.
  const specifier = '@y-sealed/client/node'
  const node = (await import(/* @vite-ignore */ specifier)) as typeof ClientNode
  return { WebSocket: node.nodeWebSocket({ ca: relay.ca }), fetch: node.nodeFetchJson({ ca: relay.ca }) }
}

/** A fresh room in `shared-key` mode, as everybody who has its key sees it. */
export async function createRoom(): Promise<() => DocumentAccess> {
  await cryptoReady()
  const key = crypto.getRandomValues(new Uint8Array(32))
  const room = `note ${crypto.randomUUID()}`
  return () => sharedKeyDocument({ key, room })
}

export interface PeerOptions {
  readonly relay: RelayAddress
  readonly access: DocumentAccess
  readonly keys?: KeyStore
  readonly doc?: Y.Doc
  readonly provider?: Partial<SealedProviderOptions>
  /** Defaults to the platform's, which trusts the relay. */
  readonly WebSocket?: SocketConstructor
}

export class Peer {
  readonly device: Device
  readonly connection: RelayConnection
  readonly provider: SealedProvider
  readonly doc: Y.Doc

  constructor(device: Device, connection: RelayConnection, provider: SealedProvider) {
    this.device = device
    this.connection = connection
    this.provider = provider
    this.doc = provider.doc
  }

  get text(): Y.Text {
    return this.doc.getText('note')
  }

  close(): void {
    this.provider.destroy()
    this.connection.destroy()
  }
}

/** Joins; closed when the test ends. */
export async function join(options: PeerOptions): Promise<Peer> {
  const keys = options.keys ?? createMemoryKeyStore()
  const device = await loadDevice(keys)
  const platform = {
    ...(await platformFor(options.relay)),
    ...(options.WebSocket ? { WebSocket: options.WebSocket } : {}),
  }
  const accessOf = (): DocumentAccess => options.access
  const token = issuerTokens({ device, accessOf, ...(platform.fetch ? { fetch: platform.fetch } : {}) })
  const connection = new RelayConnection({
    url: options.relay.url,
    device,
    token,
    ...(platform.WebSocket ? { WebSocket: platform.WebSocket } : {}),
  })
  const doc = options.doc ?? new Y.Doc()
  const provider = new SealedProvider({ connection, access: options.access, doc, ...options.provider })
  const peer = new Peer(device, connection, provider)
  onTestFinished(() => peer.close())
  return peer
}
