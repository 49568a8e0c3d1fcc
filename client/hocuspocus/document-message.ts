/**
 * Hocuspocus' frame around y-protocols' messages: the document's name first, then the kind. Kinds of its own: authentication, the status of
 * an edit, the end of one document on a socket.
 *
 * @module
 */
import { concatBytes, type Bytes } from '@y-sealed/protocol'
import { createDecoder, readVarString, readVarUint, type Decoder } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeVarInt, writeVarString, writeVarUint } from 'lib0/encoding'

export const DOCUMENT_MESSAGE = {
  sync: 0,
  awareness: 1,
  auth: 2,
  queryAwareness: 3,
  close: 7,
  syncStatus: 8,
  pong: 10,
} as const
const AUTH = { token: 0, permissionDenied: 1, authenticated: 2 } as const

/** Of the whole socket, without a name: the provider answers with a pong. */
export const PING: Bytes = Uint8Array.of(9)

/** What an authenticated provider may do, in Hocuspocus' words. */
export type Scope = 'read-write' | 'readonly'

export interface DocumentMessage {
  /** The document's name, and behind a NUL the provider's session where it has one. */
  readonly key: string
  readonly kind: number
  /** At the body. */
  readonly body: Decoder
}

/** `null` for a message of the whole socket (a pong). Throws for what is none. */
export function decodeDocumentMessage(message: Bytes): DocumentMessage | null {
  if (message.length === 1 && message[0] === DOCUMENT_MESSAGE.pong) return null
  const body = createDecoder(message)
  return { key: readVarString(body), kind: readVarUint(body), body }
}

/** The document's name in the key of a provider. */
export function nameOf(key: string): string {
  return key.split('\0', 1)[0] as string
}

/** The token in an authentication message; `null` where it holds none. */
export function readToken(body: Decoder): string | null {
  return readVarUint(body) === AUTH.token ? readVarString(body) : null
}

/** A message of y-protocols for one document. */
export function encodeFor(key: string, message: Bytes): Bytes {
  const encoder = createEncoder()
  writeVarString(encoder, key)
  return concatBytes(toUint8Array(encoder), message)
}

/** Asks the provider for its token once more. */
export function encodeTokenRequest(): Bytes {
  return encodeBody([DOCUMENT_MESSAGE.auth, AUTH.token])
}

export function encodeAuthenticated(scope: Scope): Bytes {
  return encodeBody([DOCUMENT_MESSAGE.auth, AUTH.authenticated], scope)
}

export function encodePermissionDenied(reason: string): Bytes {
  return encodeBody([DOCUMENT_MESSAGE.auth, AUTH.permissionDenied], reason)
}

/** The document is closed on this socket, and the socket is not. */
export function encodeClose(reason: string): Bytes {
  return encodeBody([DOCUMENT_MESSAGE.close], reason)
}

/** What became of one message of edits. */
export function encodeSyncStatus(isSaved: boolean): Bytes {
  const encoder = createEncoder()
  writeVarUint(encoder, DOCUMENT_MESSAGE.syncStatus)
  writeVarInt(encoder, isSaved ? 1 : 0)
  return toUint8Array(encoder)
}

function encodeBody(kinds: readonly number[], text?: string): Bytes {
  const encoder = createEncoder()
  for (const kind of kinds) writeVarUint(encoder, kind)
  if (text !== undefined) writeVarString(encoder, text)
  return toUint8Array(encoder)
}
