/**
 * Laying a document down: its genesis, pushed before anybody else's can come in. Rules KM3, FR5.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  equalBytes,
  type AckFrame,
  type ClientFrame,
  type Envelope,
  type NackFrame,
} from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from './document-access.ts'
import { sealGenesis } from './seal-genesis.ts'

export class Foundation {
  readonly #access: DocumentAccess
  readonly #send: (frame: ClientFrame) => boolean
  /** Pushed and not answered. */
  #genesis: Envelope | null = null

  constructor(access: DocumentAccess, send: (frame: ClientFrame) => boolean) {
    this.#access = access
    this.#send = send
  }

  /** False for a document that somebody else is to lay down. */
  lay(device: Device): boolean {
    this.#genesis = sealGenesis(this.#access, device)
    if (this.#genesis === null) return false
    this.#send({ type: 'push', envelopes: [this.#genesis] })
    return true
  }

  /** Is this the relay's answer to the genesis? It is awaited no longer. */
  takeAnswer(frame: AckFrame | NackFrame): boolean {
    if (frame.type === 'nack' && frame.refused !== CLIENT_FRAME.push) return false
    if (this.#genesis === null || !equalBytes(frame.session, this.#genesis.session)) return false
    this.#genesis = null
    return true
  }

  /** The socket it went out on is gone. */
  forget(): void {
    this.#genesis = null
  }
}
