/**
 * What the handlers of frames see of a socket that has proved its device.
 *
 * @module
 */
import type { Bytes, CloseCode } from '@y-sealed/protocol'

import type { AppendQueue } from './append-queue.ts'
import type { Context } from './context.ts'
import type { Hubs } from './hubs.ts'
import type { OpenDocuments, Slot } from './open-documents.ts'
import type { SocketRates } from './rates.ts'
import type { Refusal, RefusedFrame } from './refusal.ts'
import type { Peer } from './subscription.ts'

export interface Socket extends Peer {
  readonly context: Context
  readonly hubs: Hubs
  readonly appends: AppendQueue
  readonly documents: OpenDocuments
  /** Ed25519, 32 bytes. */
  readonly signPublic: Bytes
  /** False from the moment the socket is closing: whoever waited has nothing more to do. */
  readonly isOpen: boolean
  readonly rates: SocketRates
  /** Key of the network that it comes from; empty for one that is not counted. */
  readonly network: string
  /** PUSH frames not answered yet. [FR9] */
  pushesInFlight: number
  /** READ frames not answered yet. */
  readsInFlight: number
  /** SHOW_HEAD, SHOW_IDS and RESTORE frames not worked off yet. [FR16] */
  restoresInFlight: number
  /** PUT_SNAPSHOT frames not answered yet. */
  chunksInFlight: number
  /** Answers with a NACK, and counts what it weighs (by its code, or as told). */
  refuse(frame: RefusedFrame, refusal: Refusal, weight?: number): void
  /** Closes a document on this socket; nothing is sent. */
  leave(slot: Slot): void
  /** Closes the socket for a reason of the relay's own. */
  end(code: CloseCode, reason: string): void
  /** Refusals that a change of grant leaves behind are no fault of the peer's for a while. */
  forgive(): void
}
