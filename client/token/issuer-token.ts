/**
 * Tokens from a relay's embedded issuer: the device proves itself, and in `shared-key` mode that it holds the room's key. Rules AU10, AU11.
 *
 * @module
 */
import {
  base64urlToBytes,
  bytesToBase64url,
  roomTokenInput,
  SyncError,
  tokenRequestInput,
  type Bytes,
  type PinSet,
} from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import type { TokenRequest, TokenSource } from '../connection/channel.ts'
import { checkPinning } from '../connection/check-pinning.ts'
import type { DocumentAccess } from '../document/document-access.ts'
import { monotonicClock } from '../platform.ts'

/** The part of `fetch` that is used. Node passes one that trusts a private CA. */
export interface FetchJson {
  (url: string, init: FetchInit): Promise<FetchedJson>
  /** True for one that checks pins; no browser's does. [PN3] */
  readonly checksPins?: boolean
}

interface FetchInit {
  readonly method: string
  readonly headers?: Record<string, string>
  readonly body?: string
  /** Only for one that checks them. */
  readonly pins?: PinSet
}

export interface FetchedJson {
  readonly status: number
  json(): Promise<unknown>
}

/** The issuer's word is final: asking again changes nothing. `code` is one of AU10's. */
export class TokenDeniedError extends SyncError {
  override readonly name = 'TokenDeniedError'
}

export interface IssuerTokenOptions {
  readonly device: Device | Promise<Device>
  /** The documents that this source speaks for, by what the device holds of them. */
  readonly accessOf: (documentId: Bytes) => DocumentAccess | null
  readonly fetch?: FetchJson
  /** An invitation, where the relay lets only invited devices make documents. */
  readonly invite?: string
  /** Keys that the relay may show, for a `fetch` that checks them: whoever stood between would be told who asks for which document. [PN3] */
  readonly pins?: PinSet
}

/**
 * A {@link TokenSource} over `POST /token` on the relay's own origin. Rejects with {@link TokenDeniedError} when the issuer refuses,
 * with `PIN_MISMATCH` when it shows a key that is not pinned, and with `TOKEN_UNAVAILABLE` when it cannot be asked.
 */
export function issuerTokens(options: IssuerTokenOptions): TokenSource {
  const { pins } = options
  // What a relay sends elsewhere is not asked for there: proofs are for its own origin.
  const plainFetch: FetchJson = options.fetch ?? ((url, init) => fetch(url, { ...init, redirect: 'error' }))
  const fetchJson: FetchJson = pins === undefined ? plainFetch : (url, init) => plainFetch(url, { ...init, pins })
  const nonceByUrl = new Map<string, KnownNonce>()

  async function nonceOf(url: string): Promise<string> {
    const { nonce } = await ask(fetchJson, url, { method: 'GET' })
    nonceByUrl.set(url, { nonce: nonce as string, askedAt: monotonicClock() })
    return nonce as string
  }

  async function request(url: string, { documentId, audience }: TokenRequest, nonce: string): Promise<string> {
    const device = await options.device
    const document = base64urlToBytes(documentId) as Bytes
    const access = options.accessOf(document)
    const proven = { nonce, audience, document, device: device.id }
    const body = {
      nonce,
      audience,
      document: documentId,
      signKey: bytesToBase64url(device.signPublic),
      boxKey: bytesToBase64url(device.boxPublic),
      proof: bytesToBase64url(device.sign(tokenRequestInput(proven))),
      ...(access?.roomProof ? { room: roomFields(access.roomProof(roomTokenInput(proven))) } : {}),
      ...(options.invite === undefined ? {} : { invite: options.invite }),
    }
    const headers = { 'content-type': 'application/json' }
    const answer = await ask(fetchJson, url, { method: 'POST', headers, body: JSON.stringify(body) })
    return answer['token'] as string
  }

  return async (asked) => {
    if (pins !== undefined) checkPinning(pins, asked.audience, plainFetch.checksPins)
    const url = `${asked.audience.replace(/^wss:/, 'https:').replace(/\/sync$/, '')}/token`
    const known = nonceByUrl.get(url)
    if (known !== undefined && monotonicClock() - known.askedAt < NONCE_REUSE_MS) {
      try {
        return await request(url, asked, known.nonce)
      } catch (error) {
        if (!isStale(error)) throw error
      }
    }
    for (let tries = 1; tries < MAX_FRESH_NONCES; tries++) {
      try {
        return await request(url, asked, await nonceOf(url))
      } catch (error) {
        if (!isStale(error)) throw error
      }
    }
    return await request(url, asked, await nonceOf(url))
  }
}

/** The relay has started anew since it gave the nonce, or this is another one of several: it knows nothing of it. */
function isStale(error: unknown): boolean {
  return error instanceof TokenDeniedError && error.code === 'PROOF_REFUSED'
}

/** A relay may start anew between a nonce and the proof, even twice; after that the proof is to blame, for good. */
const MAX_FRESH_NONCES = 3

/** A nonce is good for 60 s and for any number of tokens: opening twenty documents asks for one. [AU10] */
const NONCE_REUSE_MS = 30_000

interface KnownNonce {
  readonly nonce: string
  readonly askedAt: number
}

function roomFields(proof: {
  readonly commitment: Bytes
  readonly key: Bytes
  readonly proof: Bytes
}): Record<string, string> {
  return {
    commitment: bytesToBase64url(proof.commitment),
    key: bytesToBase64url(proof.key),
    proof: bytesToBase64url(proof.proof),
  }
}

async function ask(
  fetchJson: FetchJson,
  url: string,
  init: Parameters<FetchJson>[1],
): Promise<Record<string, unknown>> {
  let response: FetchedJson
  let answer: unknown
  try {
    response = await fetchJson(url, init)
    answer = await response.json()
  } catch (error) {
    // Not that the relay is away: somebody else answers in its place.
    if (error instanceof SyncError && error.code === 'PIN_MISMATCH') throw error
    throw new SyncError('TOKEN_UNAVAILABLE', 'the relay could not be asked for a token', { cause: error })
  }
  if (typeof answer !== 'object' || answer === null)
    throw new SyncError('TOKEN_UNAVAILABLE', 'the relay answered what is no token')
  const fields = answer as Record<string, unknown>
  if (response.status === 200) return fields
  const code = typeof fields['code'] === 'string' ? fields['code'] : `HTTP_${response.status}`
  if (response.status === 429 || response.status >= 500)
    throw new SyncError('TOKEN_UNAVAILABLE', `the relay has no token now (${code})`)
  const message = typeof fields['message'] === 'string' ? fields['message'] : 'the relay refused a token'
  throw new TokenDeniedError(code, message)
}
