/**
 * The embedded issuer: tokens for whoever proves a device and, through it, membership. It trusts nothing but signatures and what
 * the log says of roles. Rules AU10, AU11.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import type { Clock, DocumentStatus, Permission, Role } from '../core/ports.ts'
import { createChallenges } from './challenge.ts'
import { readInvitation } from './claims.ts'
import { INVITATION_TYPE, issueToken, issuerNameOf, type IssuerKey } from './issue-token.ts'
import { checkJws, isTokenFault, readJws } from './jws.ts'
import type { KeySource } from './key-source.ts'
import { isProved, readTokenRequest, requesterOf, type TokenRequest } from './token-request.ts'

/** Who may make documents. */
export type CreatePolicy = 'open' | 'invite' | 'closed'

/** What the issuer asks of the log: the questions of `Store` that it needs. */
export interface Documents {
  status(documents: readonly Bytes[]): Promise<readonly (DocumentStatus | null)[]>
  roleOf(document: Bytes, device: Bytes): Promise<Role>
  linkOf(document: Bytes, link: Bytes): Promise<{ readonly expiresAt: number } | null>
}

export interface EmbeddedIssuerOptions {
  readonly key: IssuerKey
  /** The same key as the verifier sees it. */
  readonly keys: KeySource
  readonly audiences: readonly string[]
  readonly documents: Documents
  readonly create: CreatePolicy
  readonly clock: Clock
}

/** What `POST /token` answers: an HTTP status and a JSON body. */
export type TokenAnswer =
  | { readonly status: 200; readonly body: { readonly token: string; readonly expiresAt: number } }
  | { readonly status: number; readonly body: { readonly code: string; readonly message: string } }

export interface EmbeddedIssuer {
  /** A nonce for the next {@link EmbeddedIssuer.answer}. */
  challenge(): string
  /** Judges the body of a `POST /token`. Rejects only when the store does. */
  answer(body: Uint8Array): Promise<TokenAnswer>
}

/** A live link's keys fetch the records, and push one `join`. [AU12] */
const LINK: readonly Permission[] = ['read']
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
export function createEmbeddedIssuer(options: EmbeddedIssuerOptions): EmbeddedIssuer {
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
    if (role !== 'none') return PERMISSIONS_BY_ROLE[role]
    const link = await documents.linkOf(request.document, device)
    return link !== null && isBefore(link.expiresAt) ? LINK : NOT_A_MEMBER
  }

  function isBefore(expiresAt: number): boolean {
    return expiresAt === 0 || clock.now() < expiresAt * 1000
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
