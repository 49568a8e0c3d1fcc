/**
 * What a device, a link or a room signs to prove that it holds its key. Texts enter as their UTF-8. Rules AU8, AU10, KM9.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { frameFields, hashFields, type Label, type Sha512 } from '../crypto/hash.ts'
import { encodeUtf8 } from '../wire/utf8.ts'

function textField(text: string): Bytes {
  const bytes = encodeUtf8(text)
  if (bytes === null) throw new RangeError('not a text without U+0000 and lone surrogates')
  return bytes
}

/** The 32 bytes by which HELLO names the token of the upgrade. [AU8] */
export function tokenHash(sha512: Sha512, token: string): Bytes {
  return hashFields(sha512, 'y-sealed/v1/token', textField(token))
}

/** What a device signs at HELLO; `nonce` is WELCOME's, `hash` is {@link tokenHash}. [AU8] */
export function helloInput(nonce: Bytes, audience: string, hash: Bytes): Bytes {
  return frameFields('y-sealed/v1/hello', nonce, textField(audience), hash)
}

/** What is asked of the embedded issuer, and by whom. [AU10] */
export interface TokenRequest {
  /** As `GET /token` gave it. */
  readonly nonce: string
  readonly audience: string
  /** 16 bytes. */
  readonly document: Bytes
  /** Id of the device, 16 bytes. */
  readonly device: Bytes
}

function requestInput(label: Label, { nonce, audience, document, device }: TokenRequest): Bytes {
  return frameFields(label, textField(nonce), textField(audience), document, device)
}

/** What the device signs as `proof`. [AU10] */
export function tokenRequestInput(request: TokenRequest): Bytes {
  return requestInput('y-sealed/v1/token-request', request)
}

/** What the room key signs as `room.proof`. [AU10] */
export function roomTokenInput(request: TokenRequest): Bytes {
  return requestInput('y-sealed/v1/room-token', request)
}

/** What a link's key signs in a `join` record; `certificate` is the 128 bytes of the joining device. [KM9] */
export function joinInput(genesisHash: Bytes, recordPrev: Bytes, certificate: Bytes): Bytes {
  return frameFields('y-sealed/v1/join', genesisHash, recordPrev, certificate)
}
