/**
 * Where two devices of one code meet: a `shared-key` document that holds four values for some minutes. What was read once must stay as it
 * was: a value that changes is somebody else's. No device keeps any of it. Rule KM22.
 *
 * @module
 */
import { equalBytes, type Bytes, type SyncError } from '@y-sealed/protocol'
import * as Y from 'yjs'
import { sharedKeyDocument } from '../document/shared-key-document.ts'
import type { Installation } from '../documents/installation.ts'
import { closedError } from '../provider/down-reason.ts'
import type { SealedProvider } from '../provider/sealed-provider.ts'
import { startTimer, type Cancel } from '../platform.ts'
import { pairingRoomKey } from './handshake.ts'
import { pairingError } from './pairing-error.ts'

/** What the devices lay down, in this order. */
export type PairingValue = 'commitment' | 'old' | 'new' | 'link'

/** Room name of all pairings: the code is the key. */
const ROOM = 'pairing'

interface Waiter {
  readonly value: PairingValue
  readonly resolve: (bytes: Bytes) => void
  readonly reject: (error: Error) => void
}

export class PairingRoom {
  readonly #provider: SealedProvider
  readonly #values: Y.Map<unknown>
  readonly #taken = new Map<PairingValue, Bytes>()
  #waiters: Waiter[] = []
  readonly #deadline: Cancel
  #failure: Error | null = null

  /** Opens the room of a code. Throws `PAIRING_CODE` for a code with a slip in it. */
  constructor(installation: Installation, code: string, lifetimeMs: number) {
    const key = pairingRoomKey(code)
    if (key === null) throw pairingError('PAIRING_CODE')
    const doc = new Y.Doc()
    this.#values = doc.getMap('values')
    this.#provider = installation.provideFleeting(sharedKeyDocument({ key, room: ROOM }), doc)
    this.#values.observe(() => this.#look())
    this.#provider.on('closed', (reason) => this.#fail(closedError(reason)))
    this.#provider.on('deleted', () => this.#fail(pairingError('PAIRING_CLOSED')))
    this.#deadline = startTimer(lifetimeMs, () => void this.#expire())
  }

  /** Resolves when the room is open and nobody has been in it; rejects with `PAIRING_CODE` for one that was used. */
  async whenEmpty(): Promise<void> {
    await Promise.race([this.#provider.whenSynced(), this.#whenFailed()])
    if (this.#values.size > 0) throw pairingError('PAIRING_CODE')
  }

  /** Lays a value down. */
  put(value: PairingValue, bytes: Bytes): void {
    this.#values.set(value, bytes)
  }

  /** A value of the other device, once it is there. Rejects with `PAIRING_EXPIRED`, `PAIRING_CLOSED` and `PAIRING_DISTURBED`. */
  take(value: PairingValue): Promise<Bytes> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ value, resolve, reject })
      this.#look()
    })
  }

  /** Deletes the room where that can be done, and leaves. */
  async close(): Promise<void> {
    this.#fail(pairingError('PAIRING_CLOSED'))
    await this.#provider.deleteDocument().catch(() => undefined)
    this.#provider.destroy()
  }

  /** Leaves the room to the other device. */
  leave(): void {
    this.#fail(pairingError('PAIRING_CLOSED'))
    this.#provider.destroy()
  }

  async #expire(): Promise<void> {
    this.#fail(pairingError('PAIRING_EXPIRED'))
    await this.close()
  }

  async #whenFailed(): Promise<never> {
    return await new Promise((_, reject) => {
      this.#waiters.push({ value: 'link', resolve: () => undefined, reject })
    })
  }

  #look(): void {
    for (const [value, taken] of this.#taken) {
      const now = this.#values.get(value)
      if (!(now instanceof Uint8Array) || !equalBytes(now, taken)) return this.#fail(pairingError('PAIRING_DISTURBED'))
    }
    const waiters = this.#waiters.splice(0)
    for (const waiter of waiters) {
      const bytes = this.#values.get(waiter.value)
      if (this.#failure !== null) waiter.reject(this.#failure)
      else if (!(bytes instanceof Uint8Array)) this.#waiters.push(waiter)
      else {
        this.#taken.set(waiter.value, bytes.slice())
        waiter.resolve(bytes.slice())
      }
    }
  }

  #fail(error: SyncError): void {
    this.#deadline()
    this.#failure ??= error
    for (const { reject } of this.#waiters.splice(0)) reject(this.#failure)
  }
}
