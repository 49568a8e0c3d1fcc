/**
 * The two ends of one document on a shared connection: what the connection asks of a document, and what a document may do with it.
 *
 * @module
 */
import type { Bytes, ClientFrame, RelayFrame } from '@y-sealed/protocol'
import type { AskForSign } from './answer-watch.ts'

/** Why a document is not open: `transient` comes back by itself, the others do not. */
export interface DownReason {
  readonly transient: boolean
  /** Stable code: a close code's name, a refusal's, or `OFFLINE`. */
  readonly code: string
  readonly closeCode: number
  readonly reason: string
}

/** Frames that the connection hands to the document they name. */
export type DocumentFrame = Exclude<RelayFrame, { type: 'welcome' | 'heartbeat' | 'pong' | 'goaway' }>

/** The document that a frame names (16 bytes). */
export function documentOf(frame: DocumentFrame): Bytes {
  switch (frame.type) {
    case 'entries':
      return (frame.envelopes[0] as { document: Bytes }).document
    case 'awareness':
      return frame.envelope.document
    default:
      return frame.document
  }
}

/** Asks the app for a token for one document. [AU3] */
export type TokenSource = (request: TokenRequest) => Promise<string>

export interface TokenRequest {
  /** base64url of 16 bytes. */
  readonly documentId: string
  /** base64url of 16 bytes. */
  readonly deviceId: string
  /** The relay's URL as dialled. [AU5] */
  readonly audience: string
}

/** A document that takes part in a connection. */
export interface Channel {
  /** 16 bytes. */
  readonly documentId: Bytes
  /** This document's own token source; the connection's where there is none. */
  readonly token: TokenSource | undefined
  /** Where to go on from, asked at each OPEN. */
  cursor(): { readonly seq: number; readonly transcript: Bytes; readonly recordHead: Bytes }
  receive(frame: DocumentFrame): void
  /** The socket is being dialled. */
  dialling(): void
  /** The document is not open any more. */
  down(reason: DownReason): void
}

/** What an attached document may do. */
export interface ChannelPort {
  /** Sends if a socket is ready; false means that nothing was sent, and OPENED will tell when to send again. */
  send(frame: ClientFrame): boolean
  /** Opens the document once more on a live socket, or gives up the socket if it is unusable. */
  reopen(): void
  /** Asks for a new token and hands it to the relay: what this device may do has changed. REFRESHED answers. [AU7] */
  refresh(): void
  readonly askForSign: AskForSign
  /** Leaves; the last to leave closes the socket. */
  detach(): void
}
