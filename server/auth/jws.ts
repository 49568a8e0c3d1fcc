/**
 * Compact JWS (RFC 7515), as narrow as our tokens need it. Everything that `jose` would let pass (see SECURITY.md) is refused
 * here first: spare bits, spaces, members twice, foreign header members, `typ` in another case. Rules AU1, AU2.
 *
 * A token's text is no identity: of one ES256 signature (r, s) anybody can make (r, n − s), which verifies too. Revocation is
 * by `jti`, subject or device, never by a hash of the text. Row D21.
 *
 * @module
 */
import { base64urlToBytes, cryptoReady, verifySignature, type Bytes } from '@y-sealed/protocol'
import { compactVerify } from 'jose'

import type { KeySource, TokenAlgorithm } from './key-source.ts'
import { isJsonObject, parseStrictJsonBytes, type JsonObject } from './strict-json.ts'

/** Longest token, in characters. [AU1] */
export const MAX_TOKEN_CHARACTERS = 4096

const FORM = /^[A-Za-z0-9_-]{2,1024}\.[A-Za-z0-9_-]{2,3000}\.[A-Za-z0-9_-]{86}$/

/** A token whose form is right and whose signature nobody has checked. */
export interface Jws {
  readonly text: string
  readonly algorithm: TokenAlgorithm
  readonly kid: string
  readonly claims: JsonObject
}

/** Why a token was refused: a fixed word for the log, never for the peer and never with anything from the token. */
export interface TokenFault {
  readonly reason: string
}

/** True when reading or checking went wrong. */
export function isTokenFault(value: object): value is TokenFault {
  return 'reason' in value
}

/** Reads a token of the given `typ` without checking its signature. Never throws; takes time linear in the length. */
export function readJws(text: string, type: string): Jws | TokenFault {
  if (text.length > MAX_TOKEN_CHARACTERS) return { reason: 'too-long' }
  if (!FORM.test(text)) return { reason: 'bad-form' }
  const [headerText, payloadText, signatureText] = text.split('.') as [string, string, string]
  const headerBytes = base64urlToBytes(headerText)
  const payloadBytes = base64urlToBytes(payloadText)
  if (headerBytes === null || payloadBytes === null || base64urlToBytes(signatureText) === null) {
    return { reason: 'not-canonical' }
  }
  const header = parseStrictJsonBytes(headerBytes)
  if (!isJsonObject(header)) return { reason: 'bad-header' }
  const algorithm = header.get('alg')
  const kid = header.get('kid')
  // Exactly three members: `jku`, `jwk`, `x5c`, `x5u`, `crit`, `b64` are refused by being a fourth.
  if (header.size !== 3 || typeof kid !== 'string') return { reason: 'bad-header' }
  if (header.get('typ') !== type) return { reason: 'wrong-type' }
  if (algorithm !== 'EdDSA' && algorithm !== 'ES256') return { reason: 'wrong-algorithm' }
  const claims = parseStrictJsonBytes(payloadBytes)
  if (!isJsonObject(claims)) return { reason: 'bad-payload' }
  return { text, algorithm, kid, claims }
}

/** Checks the signature by the key that the source knows under the token's `kid`. `null` when it is good. */
export async function checkJws(jws: Jws, keys: KeySource): Promise<TokenFault | null> {
  const found = await keys.find(jws.kid)
  if (found === null) return { reason: 'unknown-key' }
  // A key serves one algorithm: a token cannot choose how its key is used (RFC 8725 §3.1).
  if (found.algorithm !== jws.algorithm) return { reason: 'wrong-algorithm' }
  try {
    await compactVerify(jws.text, found.key, { algorithms: [found.algorithm] })
  } catch {
    return { reason: 'bad-signature' }
  }
  if (found.ed25519 !== null && !(await isVerifiedBySodium(jws.text, found.ed25519))) return { reason: 'bad-signature' }
  return null
}

/** `jose` verifies with WebCrypto, which takes a small-order key for the signer of any message. [WI7] */
async function isVerifiedBySodium(text: string, publicKey: Bytes): Promise<boolean> {
  await cryptoReady()
  const dot = text.lastIndexOf('.')
  const signature = base64urlToBytes(text.slice(dot + 1))
  return signature !== null && verifySignature(signature, new TextEncoder().encode(text.slice(0, dot)), publicKey)
}
