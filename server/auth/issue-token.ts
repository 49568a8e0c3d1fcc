/**
 * Tokens and invitations, written and signed. Who gets one is the caller's matter. Rules AU1, AU3, AU11.
 *
 * @module
 */
import { bytesToBase64url, type Bytes } from '@y-sealed/protocol'
import { randomBytes } from 'node:crypto'

import type { Permission } from '../core/ports.ts'
import { TOKEN_TYPE } from './claims.ts'
import { signJws } from './sign-jws.ts'

/** `typ` of an invitation. [AU11] */
export const INVITATION_TYPE = 'y-sealed-invite+jwt'
/** Life of a token that this issuer makes. [AU3] */
export const TOKEN_LIFE_S = 300

/** An Ed25519 key that signs tokens; it never leaves its file and the process. */
export interface IssuerKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string
  readonly publicKey: Bytes
  sign(message: Bytes): Bytes
}

/** What a token is to say. */
export interface TokenTerms {
  readonly document: Bytes
  readonly device: Bytes
  readonly permissions: readonly Permission[]
  readonly audience: string
  /** The device id in base64url unless told otherwise. */
  readonly subject?: string
  /** The name that is bound to the key unless told otherwise. */
  readonly issuer?: string
  readonly lifeS?: number
}

/** Name under which a key issues (`iss`): bound to the key, so that no two deployments can be taken for one another. */
export function issuerNameOf(key: Pick<IssuerKey, 'kid'>): string {
  return `y-sealed:${key.kid}`
}

/** Makes a token. [AU3] */
export function issueToken(key: IssuerKey, nowMs: number, terms: TokenTerms): { token: string; expiresAt: number } {
  const iat = Math.floor(nowMs / 1000)
  const expiresAt = iat + (terms.lifeS ?? TOKEN_LIFE_S)
  const device = bytesToBase64url(terms.device)
  const token = signJws(key, TOKEN_TYPE, {
    iss: terms.issuer ?? issuerNameOf(key),
    aud: terms.audience,
    sub: terms.subject ?? device,
    jti: bytesToBase64url(randomBytes(16)),
    iat,
    exp: expiresAt,
    doc: bytesToBase64url(terms.document),
    perm: terms.permissions,
    cnf: device,
  })
  return { token, expiresAt }
}

/** Makes an invitation to create documents: good for anybody who has it, as often as they like, until it expires. [AU11] */
export function issueInvitation(key: IssuerKey, nowMs: number, audience: string, lifeS: number): string {
  const iat = Math.floor(nowMs / 1000)
  const jti = bytesToBase64url(randomBytes(16))
  return signJws(key, INVITATION_TYPE, { iss: issuerNameOf(key), aud: audience, jti, iat, exp: iat + lifeS })
}
