/**
 * The embedded issuer: tokens for whoever proves a device and, through it, membership. It trusts nothing but signatures and what
 * the log says of roles. Rules AU10, AU11.
 *
 * @module
 */
import { bytesToBase64url, type Bytes } from '@y-sealed/protocol'
import { randomBytes } from 'node:crypto'

import type { Clock, DocumentStatus, Permission, Role } from '../core/ports.ts'
import { createChallenges } from './challenge.ts'
import { readInvitation } from './claims.ts'
import { checkJws, isTokenFault, readJws, signJws } from './jws.ts'
import type { KeySource } from './key-source.ts'
import { isProved, readTokenRequest, requesterOf, type TokenRequest } from './token-request.ts'
import { TOKEN_TYPE } from './token-verifier.ts'

/** `typ` of an invitation. [AU11] */
export const INVITATION_TYPE = 'y-sealed-invite+jwt'
/** Life of a token that this issuer makes. [AU3] */
export const TOKEN_LIFE_S = 300

/** Who may make documents. */
export type CreatePolicy = 'open' | 'invite' | 'closed'

/** An Ed25519 key that signs tokens; it never leaves its file and the process. */
export interface IssuerKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string
  readonly publicKey: Bytes
  sign(message: Bytes): Bytes
}

/** What the issuer asks of the log: the two questions of `Store` that it needs. */
export interface Documents {
  status(documents: readonly Bytes[]): Promise<readonly (DocumentStatus | null)[]>
  roleOf(document: Bytes, device: Bytes): Promise<Role>
}

export interface TokenIssuerOptions {
  readonly key: IssuerKey
  /** The same key as the verifier sees it. */
  readonly keys: KeySource
  readonly audiences: readonly string[]
  readonly documents: Documents
  readonly create: CreatePolicy
  readonly clock: Clock
}

/** What a token is to say. */
export interface TokenTerms {
  readonly document: Bytes
  readonly device: Bytes
  readonly permissions: readonly Permission[]
  readonly audience: string
  /** The device id in base64url unless told otherwise. */
  readonly subject?: string
  readonly lifeS?: number
}

/** What `POST /token` answers: an HTTP status and a JSON body. */
export type TokenAnswer =
  | { readonly status: 200; readonly body: { readonly token: string; readonly expiresAt: number } }
  | { readonly status: number; readonly body: { readonly code: string; readonly message: string } }

export interface TokenIssuer {
  /** A nonce for the next {@link TokenIssuer.answer}. */
  challenge(): string
  /** Judges the body of a `POST /token`. Rejects only when the store does. */
  answer(body: Uint8Array): Promise<TokenAnswer>
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
    iss: issuerNameOf(key),
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

const READER: readonly Permission[] = ['read', 'awareness']
const WRITER: readonly Permission[] = [...READER, 'write', 'snapshot']
const ADMIN: readonly Permission[] = [...WRITER, 'members', 'delete']
/** Holders of a room's key; such rooms have no members. */
const ROOM: readonly Permission[] = [...WRITER, 'delete']
const CREATOR: readonly Permission[] = [...ADMIN, 'create']

const PERMISSIONS_BY_ROLE: Readonly<Record<Exclude<Role, 'none'>, readonly Permission[]>> = {
  reader: READER,
  writer: WRITER,
  admin: ADMIN,
}

/** An issuer over `documents`. */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { key, keys, audiences, documents, create, clock } = options
  const challenges = createChallenges(clock)

  /** What the device may, or the answer that refuses it. */
  async function permissionsOf(request: TokenRequest, device: Bytes): Promise<readonly Permission[] | TokenAnswer> {
    const [status = null] = await documents.status([request.document])
    if (status === null) return permissionsToCreate(request)
    if (status.deleted) return refuse(410, 'DELETED', 'this document was deleted')
    if (status.mode === 'shared-key') {
      // A proved room names its document, and only the document's own room does. [KM13]
      return request.room === null ? NOT_A_MEMBER : ROOM
    }
    const role = await documents.roleOf(request.document, device)
    return role === 'none' ? NOT_A_MEMBER : PERMISSIONS_BY_ROLE[role]
  }

  async function permissionsToCreate(request: TokenRequest): Promise<readonly Permission[] | TokenAnswer> {
    if (create === 'open') return CREATOR
    if (create === 'closed') return refuse(403, 'CREATE_CLOSED', 'nobody may create documents on this relay')
    if (request.invite === null)
      return refuse(403, 'CREATE_CLOSED', 'creating documents on this relay takes an invitation')
    if (await isInvited(request.invite)) return CREATOR
    return refuse(403, 'INVITE_REFUSED', 'this invitation is not good, or no longer')
  }

  async function isInvited(text: string): Promise<boolean> {
    const jws = readJws(text, INVITATION_TYPE)
    if (isTokenFault(jws)) return false
    const expected = { issuers: [issuerNameOf(key)], audiences, nowMs: clock.now() }
    return readInvitation(jws.claims, expected) === null && (await checkJws(jws, keys)) === null
  }

  return {
    challenge: () => challenges.create(),
    async answer(body) {
      const request = readTokenRequest(body)
      if (request === null) return refuse(400, 'BAD_REQUEST', 'the request is not as the protocol has it')
      if (!audiences.includes(request.audience)) {
        return refuse(400, 'BAD_REQUEST', 'this relay does not go by that audience')
      }
      if (!challenges.isGood(request.nonce) || !(await isProved(request))) {
        return refuse(401, 'PROOF_REFUSED', 'the proof does not hold, or its nonce is too old')
      }
      const device = requesterOf(request)
      const permissions = await permissionsOf(request, device)
      if ('status' in permissions) return permissions
      const { document, audience } = request
      return { status: 200, body: issueToken(key, clock.now(), { document, device, permissions, audience }) }
    },
  }
}

function refuse(status: number, code: string, message: string): TokenAnswer {
  return { status, body: { code, message } }
}

const NOT_A_MEMBER = refuse(403, 'NOT_A_MEMBER', 'this device is no member of the document')
