/**
 * This device at one relay: its keys, its one connection, and what it holds of each document that is open. Rules KM1, LO5, CL11.
 *
 * @module
 */
import {
  bytesToHex,
  cryptoReady,
  encodeSignedHead,
  encodeUtf8,
  SyncError,
  type Bytes,
  type PinSet,
} from '@y-sealed/protocol'
import { MAX_NAME_BYTES, type Device } from '@y-sealed/protocol/sealing'
import * as Y from 'yjs'
import type { TokenSource } from '../connection/channel.ts'
import { checkPinning } from '../connection/check-pinning.ts'
import { HeadKeyPin } from '../connection/head-key-pin.ts'
import { RelayConnection } from '../connection/relay-connection.ts'
import { audienceOf, type SocketConstructor } from '../connection/socket.ts'
import type { DocumentAccess } from '../document/document-access.ts'
import { loadDevice } from '../keys/device-identity.ts'
import type { KeyStore } from '../keys/key-store.ts'
import { headName } from '../log/head-memory.ts'
import { listStored } from '../members/stored-document.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { monotonicClock } from '../platform.ts'
import { SealedProvider } from '../provider/sealed-provider.ts'
import { createHeadStore, type DeviceStorage } from '../stores/device-storage.ts'
import type { DocumentStore } from '../stores/document-store.ts'
import type { TabHolds } from '../stores/tab-holds.ts'
import { issuerTokens, type FetchJson } from '../token/issuer-token.ts'

export interface InstallationOptions {
  /** `wss://host[:port]`. */
  readonly relay: string
  /** Where this device keeps all it has; one storage is one device. With it documents open, and are edited, without a relay. [CL13] */
  readonly storage?: DeviceStorage
  /**
   * Keep every document's whole log in `storage` (default), or only what no snapshot stands for: see `keepLog` of {@link SealedProvider}'s options.
   */
  readonly keepLog?: boolean
  /** Where this device keeps its keys, where it keeps nothing else; one store is one device. */
  readonly keys?: KeyStore
  /** How others see this person, or this device; at most 63 bytes of UTF-8. Sealed: the relay does not. */
  readonly name?: string
  /**
   * Tokens of the app's own backend. It is asked for this device's id, and, when a link is opened, for that link's. Defaults to the relay's
   * own issuer.
   */
  readonly token?: TokenSource
  /** An invitation, where the relay lets only invited devices make documents. */
  readonly invite?: string
  /** Where sealed edits wait, without `storage`; defaults to memory. */
  readonly outbox?: Outbox
  /** Under Node 20: the one from `@y-sealed/client/node`. */
  readonly WebSocket?: SocketConstructor
  readonly fetch?: FetchJson
  /** Keys that the relay may show; under Node alone, with `WebSocket` and `fetch` from `@y-sealed/client/node`. [PN3] */
  readonly pins?: PinSet
}

/** Far below the life of any token. */
const TOKEN_REUSE_MS = 10_000

export class Installation {
  readonly device: Device
  readonly keys: KeyStore
  /** '' for none. */
  readonly name: string
  readonly connection: RelayConnection
  /** What ends each joining by a link that goes on. */
  readonly visits: Set<() => void> = new Set()
  /** How this device's tabs tell what goes on in one of them; `null` where there are none, or they cannot. */
  readonly holds: TabHolds | null
  readonly #options: InstallationOptions
  /** Sealed logs and the relay's heads. */
  readonly store: DocumentStore
  /** `null`: each document's own, in memory. */
  readonly #outbox: Outbox | null
  readonly #headKeyPin: HeadKeyPin
  readonly #accessById = new Map<string, DocumentAccess>()
  #isClosed = false

  /** Loads or makes the device. Throws `RangeError` for a name that is too long, `TypeError` for a relay's URL that is not `wss:`, without keys, and for pins that nobody would check (PN3). */
  static async load(options: InstallationOptions): Promise<Installation> {
    await cryptoReady()
    nameBytes(options.name ?? '')
    return new Installation(options, await loadDevice(keysOf(options)))
  }

  private constructor(options: InstallationOptions, device: Device) {
    this.device = device
    this.keys = keysOf(options)
    this.store = options.storage?.documents ?? createHeadStore(this.keys)
    this.#outbox = options.storage?.outbox ?? options.outbox ?? null
    this.holds = options.storage?.holds ?? null
    this.name = options.name ?? ''
    this.#options = options
    this.#headKeyPin = new HeadKeyPin({ keys: this.keys, name: new URL(audienceOf(options.relay)).host })
    this.connection = this.#connect(device, this.#headKeyPin)
  }

  /** Opens a document on the connection. Throws `ALREADY_OPEN`, and `OFFLINE` once it is closed. */
  provide(access: DocumentAccess, doc: Y.Doc = new Y.Doc()): SealedProvider {
    this.#checkOpen()
    const id = bytesToHex(access.documentId)
    this.#accessById.set(id, access)
    const { connection, store } = this
    const outbox = this.#outbox === null ? {} : { outbox: this.#outbox }
    const { storage, keepLog = storage !== undefined } = this.#options
    const tabs = storage?.tabs ? { tabs: storage.tabs } : {}
    return new SealedProvider({ connection, access, doc, store, keepLog, ...outbox, ...tabs })
  }

  /** As {@link provide}, for a document that lives for minutes: nothing of it is kept on this device, and its key is known while it is open. */
  provideFleeting(access: DocumentAccess, doc: Y.Doc): SealedProvider {
    this.#checkOpen()
    const id = bytesToHex(access.documentId)
    this.#accessById.set(id, access)
    const provider = new SealedProvider({ connection: this.connection, access, doc })
    provider.once('destroy', () => void this.#accessById.delete(id))
    return provider
  }

  /** A connection of its own that proves a link's keys and believes only the relay of that link. */
  connectAs(link: Device, headKey: Bytes): RelayConnection {
    this.#checkOpen()
    return this.#connect(link, new HeadKeyPin({ known: headKey }), reuseToken)
  }

  /** The relay's head key as this device has pinned it, in this run or an earlier one; `null` before. */
  pinnedHeadKey(): Promise<Bytes | null> {
    return this.#headKeyPin.pinned()
  }

  /** Pins a head key that a link brought, on a device that knows none. */
  pinHeadKey(headKey: Bytes): Promise<void> {
    return this.#headKeyPin.pin(headKey)
  }

  /** All that the KeyStore has, and the newest signed head of each document, by names of a KeyStore. */
  async exportKeys(): Promise<Map<string, Bytes>> {
    const entries = new Map<string, Bytes>()
    for (const name of await this.keys.list('')) entries.set(name, (await this.keys.get(name)) as Bytes)
    for (const documentId of await listStored(this.keys)) {
      const { head } = await this.store.extent(documentId)
      if (head !== null) entries.set(headName(documentId), encodeSignedHead(head))
    }
    return entries
  }

  close(): void {
    this.#isClosed = true
    for (const end of this.visits) end()
    this.connection.destroy()
  }

  /** What was under way when the app closed must not dial anew. */
  #checkOpen(): void {
    if (this.#isClosed) throw new SyncError('OFFLINE', 'the app has closed its documents')
  }

  #connect(
    device: Device,
    headKeyPin: HeadKeyPin,
    wrap: (source: TokenSource) => TokenSource = (source) => source,
  ): RelayConnection {
    const { relay: url, token, invite, fetch, WebSocket, pins } = this.#options
    const pinned = pins === undefined ? {} : { pins }
    if (pins !== undefined && token === undefined) checkPinning(pins, audienceOf(url), fetch?.checksPins)
    const accessOf = (id: Bytes): DocumentAccess | null => this.#accessById.get(bytesToHex(id)) ?? null
    const issued = issuerTokens({
      device,
      accessOf,
      ...(fetch ? { fetch } : {}),
      ...(invite ? { invite } : {}),
      ...pinned,
    })
    return new RelayConnection({
      ...pinned,
      url,
      device,
      token: wrap(token ?? issued),
      headKeyPin,
      ...(WebSocket ? { WebSocket } : {}),
    })
  }
}

/** Throws `TypeError` where the app gave neither storage nor keys. */
export function keysOf({ storage, keys }: Pick<InstallationOptions, 'storage' | 'keys'>): KeyStore {
  const known = storage?.keys ?? keys
  if (known === undefined) throw new TypeError('a device needs `storage`, or `keys` at least')
  return known
}

/**
 * Asks once for as long as a token is fresh: when many join at once, each opens the document again after every other, and a classroom behind
 * one address would be out of tokens.
 */
function reuseToken(source: TokenSource): TokenSource {
  let known: { readonly token: Promise<string>; readonly askedAt: number } | null = null
  return (request) => {
    const now = monotonicClock()
    if (known === null || now - known.askedAt > TOKEN_REUSE_MS) known = { token: source(request), askedAt: now }
    const { token } = known
    token.catch(() => {
      known = null
    })
    return token
  }
}

/** The UTF-8 of a name, `null` for ''. Throws `RangeError` for one that is too long or no text. [KM8] */
export function nameBytes(name: string): Bytes | null {
  if (name === '') return null
  const bytes = encodeUtf8(name)
  if (bytes === null || bytes.length > MAX_NAME_BYTES) {
    throw new RangeError(`a name is text of at most ${MAX_NAME_BYTES} bytes`)
  }
  return bytes
}
