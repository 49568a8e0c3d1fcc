/**
 * Connections to relays, shared by all adapted documents of a page: one socket for as many documents as it carries. Rules FR2, CL63.
 *
 * @module
 */
import { bytesToHex, MAX_DOCUMENTS_PER_SOCKET, SyncError, type Bytes } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { HeadKeyPin } from '../connection/head-key-pin.ts'
import { RelayConnection } from '../connection/relay-connection.ts'
import type { SocketConstructor } from '../connection/socket.ts'
import { loadDevice } from '../keys/device-identity.ts'
import type { KeyStore } from '../keys/key-store.ts'
import { createMemoryOutbox, type Outbox } from '../outbox/outbox.ts'
import { createHeadStore } from '../stores/device-storage.ts'
import type { DocumentStore } from '../stores/document-store.ts'
import type { AdapterStorage } from './adapter-options.ts'

/** A place for one document on a shared connection. */
export interface Berth {
  readonly connection: RelayConnection
  readonly outbox: Outbox
  readonly store: DocumentStore
  readonly device: Promise<Device>
  /** The last to leave a connection ends it. */
  leave(): void
}

export interface BerthRequest {
  readonly audience: string
  readonly documentId: Bytes
  readonly storage: AdapterStorage
  readonly WebSocket: SocketConstructor | undefined
}

/** A device by its KeyStore, and what it keeps in memory where the app brought no place. */
interface Home {
  readonly device: Promise<Device>
  readonly outbox: Outbox
  readonly store: DocumentStore
}

interface Pooled {
  readonly audience: string
  readonly keys: KeyStore
  readonly WebSocket: SocketConstructor | undefined
  readonly connection: RelayConnection
  readonly documents: Set<string>
}

export class RelayPool {
  readonly #pooled: Pooled[] = []
  readonly #homes = new WeakMap<KeyStore, Home>()

  /** A connection has a document once: who opens the same one twice gets another connection. */
  take(request: BerthRequest): Berth {
    const { documentId, storage } = request
    const { keys } = storage
    const id = bytesToHex(documentId)
    const { device, outbox, store } = this.#homeOf(keys)
    const pooled = this.#find(request, id) ?? this.#create(request, device)
    pooled.documents.add(id)
    return {
      connection: pooled.connection,
      outbox: storage.outbox ?? outbox,
      store: storage.documents ?? store,
      device,
      leave: () => {
        if (pooled.documents.delete(id) && pooled.documents.size === 0) this.#end(pooled)
      },
    }
  }

  #find({ audience, storage, WebSocket }: BerthRequest, id: string): Pooled | undefined {
    return this.#pooled.find(
      (each) =>
        each.audience === audience &&
        each.keys === storage.keys &&
        each.WebSocket === WebSocket &&
        each.documents.size < MAX_DOCUMENTS_PER_SOCKET &&
        !each.documents.has(id),
    )
  }

  #create({ audience, storage, WebSocket }: BerthRequest, device: Promise<Device>): Pooled {
    const { keys } = storage
    const connection = new RelayConnection({
      url: audience,
      device,
      // Each document brings its own.
      token: () => Promise.reject(new SyncError('TOKEN_UNAVAILABLE', 'this document has no source of tokens')),
      headKeyPin: new HeadKeyPin({ keys, name: new URL(audience).host }),
      ...(WebSocket ? { WebSocket } : {}),
    })
    const pooled = { audience, keys, WebSocket, connection, documents: new Set<string>() }
    this.#pooled.push(pooled)
    return pooled
  }

  #end(pooled: Pooled): void {
    this.#pooled.splice(this.#pooled.indexOf(pooled), 1)
    pooled.connection.destroy()
  }

  #homeOf(keys: KeyStore): Home {
    const known = this.#homes.get(keys)
    if (known) return known
    const home = { device: loadDevice(keys), outbox: createMemoryOutbox(), store: createHeadStore(keys) }
    this.#homes.set(keys, home)
    // It is asked for again, where it could not be had.
    home.device.catch(() => this.#homes.delete(keys))
    return home
  }
}
