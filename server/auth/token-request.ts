/**
 * The body of `POST /token`, read whole and strictly, and the proofs in it. Rules AU10, KM1, KM3, KM13.
 *
 * @module
 */
import {
  base64urlToBytes,
  cryptoReady,
  deviceIdOf,
  documentIdOf,
  encodeRecord,
  equalBytes,
  genesisHash,
  HASH_BYTES,
  isZero,
  roomTokenInput,
  toBytes,
  tokenRequestInput,
  verifySignature,
  type Bytes,
} from '@y-sealed/protocol'
import { createHash } from 'node:crypto'

import { readId } from './claims.ts'
import { hasExactly, isJsonObject, parseStrictJsonBytes, type JsonValue } from './strict-json.ts'

/** What a holder of a room's key brings. */
export interface RoomClaim {
  readonly commitment: Bytes
  /** The room's Ed25519 public key. */
  readonly key: Bytes
  readonly proof: Bytes
}

export interface TokenRequest {
  readonly nonce: string
  readonly audience: string
  readonly document: Bytes
  readonly signKey: Bytes
  readonly boxKey: Bytes
  readonly proof: Bytes
  readonly room: RoomClaim | null
  readonly invite: string | null
}

const REQUIRED = ['nonce', 'audience', 'document', 'signKey', 'boxKey', 'proof']
const OPTIONAL = ['room', 'invite']

/** The request, or `null` for anything that is not exactly one. */
export function readTokenRequest(body: Uint8Array): TokenRequest | null {
  const members = parseStrictJsonBytes(body)
  if (!isJsonObject(members) || !hasExactly(members, REQUIRED, OPTIONAL)) return null
  const [nonce, audience, invite = null] = ['nonce', 'audience', 'invite'].map((name) => members.get(name))
  const document = readId(members.get('document'))
  const signKey = readBytes(members.get('signKey'), 32)
  const boxKey = readBytes(members.get('boxKey'), 32)
  const proof = readBytes(members.get('proof'), 64)
  const room = members.has('room') ? readRoom(members.get('room')) : null
  if (typeof nonce !== 'string' || typeof audience !== 'string') return null
  if (invite !== null && typeof invite !== 'string') return null
  if (document === null || isZero(document) || signKey === null || boxKey === null || proof === null) return null
  if (members.has('room') && room === null) return null
  return { nonce, audience, document, signKey, boxKey, proof, room, invite }
}

/** Id of the device that asks. [KM1] */
export function requesterOf({ signKey, boxKey }: TokenRequest): Bytes {
  return deviceIdOf(sha512, signKey, boxKey)
}

/**
 * True when the device has signed nonce, audience, document and its own id, and, where a room stands in the request, the room
 * key has signed the same and the document is that of the room's genesis. The caller has found nonce and audience good.
 */
export async function isProved(request: TokenRequest): Promise<boolean> {
  await cryptoReady()
  const signed = { ...request, device: requesterOf(request) }
  if (!verifySignature(request.proof, tokenRequestInput(signed), request.signKey)) return false
  const { room } = request
  if (room === null) return true
  if (!equalBytes(roomDocumentOf(room), request.document)) return false
  return verifySignature(room.proof, roomTokenInput(signed), room.key)
}

/** Document id of the genesis that alone can stand for (commitment, room key). [KM3, KM13] */
function roomDocumentOf({ commitment, key }: RoomClaim): Bytes {
  const recordPrev = new Uint8Array(HASH_BYTES)
  const body = encodeRecord({ recordPrev, type: 'genesis', mode: 'shared-key', commitment, roomPublic: key })
  return documentIdOf(genesisHash(sha512, body))
}

function readRoom(value: JsonValue | undefined): RoomClaim | null {
  if (!isJsonObject(value) || !hasExactly(value, ['commitment', 'key', 'proof'])) return null
  const commitment = readBytes(value.get('commitment'), 32)
  const key = readBytes(value.get('key'), 32)
  const proof = readBytes(value.get('proof'), 64)
  return commitment === null || key === null || proof === null ? null : { commitment, key, proof }
}

function readBytes(value: JsonValue | undefined, length: number): Bytes | null {
  if (typeof value !== 'string' || value.length !== Math.ceil((length * 4) / 3)) return null
  return base64urlToBytes(value)
}

function sha512(data: Bytes): Bytes {
  return toBytes(createHash('sha512').update(data).digest())
}
