/**
 * Connections to relays, shared by all adapted documents of a page: one socket for as many documents as it carries. Rules FR2, CL33.
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
import type { AdapterStorage } from './adapter-options.ts'

/** A place for one document on a shared connection. */
export interface Berth {
  readonly connection: RelayConnection
  readonly keys: KeyStore
  readonly outbox: Outbox
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

interface Pooled {
  readonly audience: string
  readonly keys: KeyStore
  readonly WebSocket: SocketConstructor | undefined
  readonly connection: RelayConnection
  readonly documents: Set<string>
}

export class RelayPool {
  readonly #pooled: Pooled[] = []
  /** One device for each KeyStore, and one outbox where the app brought none. */
  readonly #devices = new WeakMap<KeyStore, Promise<Device>>()
  readonly #outboxes = new WeakMap<KeyStore, Outbox>()

  /** A connection has a document once: who opens the same one twice gets another connection. */
  take(request: BerthRequest): Berth {
    const { documentId, storage } = request
    const { keys } = storage
    const id = bytesToHex(documentId)
    const pooled = this.#find(request, id) ?? this.#create(request)
    pooled.documents.add(id)
    return {
      connection: pooled.connection,
      keys,
      outbox: storage.outbox ?? this.#outboxOf(keys),
      device: this.#deviceOf(keys),
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

  #create({ audience, storage, WebSocket }: BerthRequest): Pooled {
    const { keys } = storage
    const connection = new RelayConnection({
      url: audience,
      device: this.#deviceOf(keys),
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

  #deviceOf(keys: KeyStore): Promise<Device> {
    const known = this.#devices.get(keys)
    if (known) return known
    const device = loadDevice(keys)
    this.#devices.set(keys, device)
    device.catch(() => this.#devices.delete(keys))
    return device
  }

  #outboxOf(keys: KeyStore): Outbox {
    const outbox = this.#outboxes.get(keys) ?? createMemoryOutbox()
    this.#outboxes.set(keys, outbox)
    return outbox
  }
}
