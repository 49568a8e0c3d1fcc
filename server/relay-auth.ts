/**
 * Whose tokens a relay takes, put together: an app's own issuer by its key set or the embedded one, and what was revoked. Rows D24,
 * D32; rules AU1, AU10.
 *
 * @module
 */
import { base64urlToBytes, bytesToBase64url } from '@y-sealed/protocol'

import { createEmbeddedIssuer, type Documents, type EmbeddedIssuer } from './auth/embedded-issuer.ts'
import { issuerNameOf } from './auth/issue-token.ts'
import { parseJwks } from './auth/jwks.ts'
import { createJwksKeys, type JwksKeys } from './auth/jwks-keys.ts'
import { createStaticKeys, type KeySource } from './auth/key-source.ts'
import type { Revocations } from './auth/revocations.ts'
import { createTokenVerifier } from './auth/token-verifier.ts'
import type { Auth, Clock, Log } from './core/ports.ts'
import type { Revocation } from './ops/revocation-file.ts'
import { SettingsError } from './ops/settings-error.ts'
import { keysFolderOf, loadIssuerKey, type NamedSigningKey } from './ops/signing-key.ts'
import type { CompleteSettings } from './settings.ts'

export interface AuthParts {
  readonly documents: Documents
  readonly revocations: Revocations
  readonly clock: Clock
  readonly log: Log
}

export interface RelayAuth {
  readonly auth: Auth
  /** `null` with an app's own issuer. */
  readonly issuer: EmbeddedIssuer | null
  /** Reads the app's key set now; a bad one is complained of, and the keys in force stay. Never rejects. [D31] */
  readonly reloadKeys: () => Promise<void>
}

/** The app's own issuer, or the embedded one: never both, so that neither can speak for the other. */
export async function createAuth(
  { data, audiences, external, create }: CompleteSettings,
  { documents, revocations, clock, log }: AuthParts,
): Promise<RelayAuth> {
  if (external !== null) {
    const keys = createJwksKeys({ source: external.jwks, clock, log })
    await readFirstKeys(keys, external.jwks, log)
    const auth = createTokenVerifier({ keys, issuers: [external.issuer], audiences, clock, revocations })
    return { auth, issuer: null, reloadKeys: () => reloadKeys(keys, log) }
  }
  const key = loadIssuerKey(keysFolderOf(data))
  const keys = await ownKeys(key)
  return {
    auth: createTokenVerifier({ keys, issuers: [issuerNameOf(key)], audiences, clock, revocations }),
    issuer: createEmbeddedIssuer({ key, keys, audiences, documents, create, clock }),
    // A relay's own key never changes while it runs.
    reloadKeys: () => Promise.resolve(),
  }
}

async function reloadKeys(keys: JwksKeys, log: Log): Promise<void> {
  try {
    await keys.refresh()
    log.info('jwks-reloaded', { keys: keys.size })
  } catch (error) {
    log.error('jwks-refused', {
      keys: keys.size,
      cause: error instanceof Error ? error.message : 'unknown',
      meaning: 'the keys in force stay in force; mend the key set, and it is taken within minutes or with SIGHUP',
    })
  }
}

/** Enters what a revocation file says. */
export function enterRevocations(revocations: Revocations, entries: readonly Revocation[]): void {
  for (const { kind, name, atMs } of entries) {
    const device = kind === 'device' ? base64urlToBytes(name) : null
    if (kind === 'jti') revocations.revokeToken(name, atMs)
    else if (kind === 'sub') revocations.revokeSubject(name, atMs)
    else if (device !== null) revocations.revokeDevice(device, atMs)
  }
}

/** A list that is wrong stops the start; a key server that is out does not: it may come back. */
async function readFirstKeys(keys: { refresh(): Promise<void> }, source: string, log: Log): Promise<void> {
  try {
    await keys.refresh()
  } catch (error) {
    const isWrong = error instanceof Error && 'code' in error && error.code === 'BAD_SETTINGS'
    if (isWrong) throw error
    if (!/^https?:/i.test(source)) {
      throw new SettingsError(`the key set ${source} cannot be read: check --jwks and the rights of the file`, {
        cause: error,
      })
    }
    log.warn('jwks-unavailable', { cause: error instanceof Error ? error.message : 'unknown' })
  }
}

async function ownKeys({ kid, publicKey }: NamedSigningKey): Promise<KeySource> {
  const jwk = { kty: 'OKP', crv: 'Ed25519', kid, x: bytesToBase64url(publicKey) }
  return createStaticKeys(await parseJwks(JSON.stringify({ keys: [jwk] })))
}
