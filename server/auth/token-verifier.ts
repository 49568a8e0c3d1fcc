/**
 * Tokens in, grants out. The cheapest checks come first (length, form, claims) and the signature last; whatever fails, the
 * peer hears one answer and the log one fixed word. Rules AU1 to AU5.
 *
 * @module
 */
import type { Auth, Clock, TokenVerdict } from '../core/ports.ts'
import { readClaims, TOKEN_TYPE } from './claims.ts'
import { checkJws, isTokenFault, readJws } from './jws.ts'
import type { KeySource } from './key-source.ts'
import type { Revocations } from './revocations.ts'

export interface TokenVerifierOptions {
  readonly keys: KeySource
  /** Accepted values of `iss`. Every key of `keys` may sign for each of them. */
  readonly issuers: readonly string[]
  /** The relay's own audiences. [AU5] */
  readonly audiences: readonly string[]
  readonly clock: Clock
  readonly revocations?: Revocations
}

/** An {@link Auth} that trusts `keys`. It holds no state but what `keys` caches. */
export function createTokenVerifier(options: TokenVerifierOptions): Auth {
  const { keys, issuers, audiences, clock, revocations } = options

  async function judge(token: string): Promise<TokenVerdict> {
    const jws = readJws(token, TOKEN_TYPE)
    if (isTokenFault(jws)) return refuse(jws.reason)
    const grant = readClaims(jws.claims, { issuers, audiences, nowMs: clock.now() })
    if (isTokenFault(grant)) return refuse(grant.reason)
    const fault = await checkJws(jws, keys)
    if (fault !== null) return refuse(fault.reason)
    if (revocations?.isRevoked(grant) === true) return refuse('revoked')
    return { ok: true, grant }
  }

  return {
    async verify(token) {
      try {
        return await judge(token)
      } catch {
        return refuse('internal')
      }
    },
    isRevoked: (grant) => revocations?.isRevoked(grant) ?? false,
  }
}

function refuse(reason: string): TokenVerdict {
  return { ok: false, reason }
}
