/**
 * What a token says, read field by field into a grant. Unknown claims are refused: a claim that we do not understand could
 * be a restriction that we would not keep. Rules AU3, AU4.
 *
 * @module
 */
import { base64urlToBytes, isPermission, type Bytes } from '@y-sealed/protocol'

import type { Grant, Permission } from '../core/ports.ts'
import type { TokenFault } from './jws.ts'
import { hasExactly, type JsonObject, type JsonValue } from './strict-json.ts'

/** What the relay compares a token with. */
export interface Expectation {
  readonly issuers: readonly string[]
  readonly audiences: readonly string[]
  /** Wall clock, Unix ms. */
  readonly nowMs: number
}

/** `typ` of a document token. [AU1] */
export const TOKEN_TYPE = 'y-sealed+jwt'
/** Longest life of an accepted token. [AU3] */
export const MAX_LIFE_S = 600
/** How far two honest clocks may be apart. [AU3] */
export const TOLERANCE_S = 5

const REQUIRED = ['iss', 'aud', 'sub', 'jti', 'iat', 'exp', 'doc', 'perm']
const OPTIONAL = ['cnf', 'nbf']

/** The grant of a token's claims, or the fault for which it is refused. The signature is somebody else's matter. */
export function readClaims(claims: JsonObject, expected: Expectation): Grant | TokenFault {
  if (!hasExactly(claims, REQUIRED, OPTIONAL)) return { reason: 'wrong-claims' }
  const common = readCommonClaims(claims, expected)
  if ('reason' in common) return common
  if (common.exp - common.iat > MAX_LIFE_S) return { reason: 'lives-too-long' }
  const nbf = claims.get('nbf')
  if (nbf !== undefined && (!isInteger(nbf) || nbf > expected.nowMs / 1000 + TOLERANCE_S)) return { reason: 'not-yet' }
  const subject = claims.get('sub')
  if (!isPrintable(subject, 256)) return { reason: 'bad-subject' }
  const document = readId(claims.get('doc'))
  if (document === null) return { reason: 'bad-document' }
  const permissions = readPermissions(claims.get('perm'))
  if (permissions === null) return { reason: 'bad-permissions' }
  const device = claims.has('cnf') ? readId(claims.get('cnf')) : null
  if (claims.has('cnf') && device === null) return { reason: 'bad-device' }
  return {
    document,
    subject,
    tokenId: common.jti,
    issuedAtMs: common.iat * 1000,
    expiresAtMs: common.exp * 1000,
    permissions,
    device,
  }
}

/** True when an invitation's claims are as AU11 says: `iss aud jti iat exp`, all and no others. */
export function readInvitation(claims: JsonObject, expected: Expectation): TokenFault | null {
  if (!hasExactly(claims, ['iss', 'aud', 'jti', 'iat', 'exp'])) return { reason: 'wrong-claims' }
  const common = readCommonClaims(claims, expected)
  return 'reason' in common ? common : null
}

interface CommonClaims {
  readonly jti: string
  readonly iat: number
  readonly exp: number
}

function readCommonClaims(claims: JsonObject, { issuers, audiences, nowMs }: Expectation): CommonClaims | TokenFault {
  const [iss, aud, jti, iat, exp] = ['iss', 'aud', 'jti', 'iat', 'exp'].map((name) => claims.get(name))
  const now = nowMs / 1000
  if (typeof iss !== 'string' || !issuers.includes(iss)) return { reason: 'wrong-issuer' }
  if (typeof aud !== 'string' || !audiences.includes(aud)) return { reason: 'wrong-audience' }
  if (!isPrintable(jti, 128)) return { reason: 'bad-token-id' }
  if (!isInteger(iat) || !isInteger(exp)) return { reason: 'bad-time' }
  if (iat > now + TOLERANCE_S) return { reason: 'from-the-future' }
  if (exp <= now - TOLERANCE_S) return { reason: 'expired' }
  return { jti, iat, exp }
}

function isInteger(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value)
}

/** Printable ASCII, the space included. */
function isPrintable(value: JsonValue | undefined, maxLength: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxLength && /^[\x20-\x7e]+$/.test(value)
}

/** An id of 16 bytes as canonical base64url, or `null`. */
export function readId(value: JsonValue | undefined): Bytes | null {
  return typeof value === 'string' && value.length === 22 ? base64urlToBytes(value) : null
}

function readPermissions(value: JsonValue | undefined): ReadonlySet<Permission> | null {
  if (!Array.isArray(value) || value.length === 0) return null
  const items = value as readonly JsonValue[]
  const permissions = new Set<Permission>()
  for (const item of items) {
    if (typeof item !== 'string' || !isPermission(item)) return null
    permissions.add(item)
  }
  return permissions.size === items.length ? permissions : null
}
