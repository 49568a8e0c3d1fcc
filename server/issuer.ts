/**
 * Tokens from an app's own backend: {@link createTokenIssuer}. Brings neither the relay's database nor its sockets, so that it fits
 * into any server that knows who its people are. Rules AU1, AU3.
 *
 * @module
 */
import { base64urlToBytes, bytesToBase64url, type Bytes } from '@y-sealed/protocol'

import { MAX_LIFE_S } from './auth/claims.ts'
import { issueToken, TOKEN_LIFE_S } from './auth/issue-token.ts'
import type { Permission } from './core/ports.ts'
import { loadNamedKey } from './ops/signing-key.ts'
import { checkAudience } from './settings.ts'

export interface TokenIssuerOptions {
  /** Who issues (`iss`): what the relay is told by `--issuer`. */
  readonly issuer: string
  /** The address that clients dial (`aud`): one of the relay's `--url`. */
  readonly audience: string
  /** File of the private key, 32 bytes, mode 0600; made on first use. Whoever has it can read along as anybody's device. */
  readonly keyFile: string
  /** Wall clock in milliseconds; the system's by default. */
  readonly now?: () => number
}

/** What one token says. */
export interface TokenRequestTerms {
  /** The person, as your backend calls them (`sub`): 1 to 256 printable ASCII characters. */
  readonly subject: string
  /** The document: its id, 16 bytes or 22 characters of base64url. */
  readonly document: Bytes | string
  /** The one device that may use the token (`cnf`): its id. */
  readonly device: Bytes | string
  /** What it may do there. Never empty. */
  readonly permissions: readonly Permission[]
  /** 300 unless told otherwise, at most 600: a token cannot outlive a dismissal by long. */
  readonly lifeSeconds?: number
}

export interface IssuedToken {
  readonly token: string
  /** Unix time in seconds. */
  readonly expiresAt: number
}

export interface TokenIssuer {
  /** Makes a token. Ask first who is asking: this does not. Throws `RangeError` for what no relay would take. */
  issue(terms: TokenRequestTerms): IssuedToken
  /** The public half, as `--jwks` takes it: serve it as JSON, or write it to a file. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, string>>[] }
}

const PERMISSIONS: readonly Permission[] = ['read', 'write', 'awareness', 'snapshot', 'members', 'create', 'delete']
const PRINTABLE = /^[\x20-\x7e]{1,256}$/

/**
 * An issuer over the key in `keyFile`. Throws `SettingsError` (code `BAD_SETTINGS`) when the file may be read by others, or when
 * `audience` is no address of a relay.
 */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { issuer, keyFile, now = Date.now } = options
  const audience = checkAudience(options.audience)
  if (!PRINTABLE.test(issuer)) throw new RangeError('issuer must be 1 to 256 printable ASCII characters')
  const key = loadNamedKey(keyFile)
  const jwk = {
    kty: 'OKP',
    crv: 'Ed25519',
    use: 'sig',
    alg: 'EdDSA',
    kid: key.kid,
    x: bytesToBase64url(key.publicKey),
  }
  return {
    jwks: { keys: [jwk] },
    issue({ subject, document, device, permissions, lifeSeconds = TOKEN_LIFE_S }) {
      if (!PRINTABLE.test(subject)) throw new RangeError('subject must be 1 to 256 printable ASCII characters')
      if (!Number.isInteger(lifeSeconds) || lifeSeconds < 1 || lifeSeconds > MAX_LIFE_S) {
        throw new RangeError(`lifeSeconds must be a whole number from 1 to ${MAX_LIFE_S}`)
      }
      return issueToken(key, now(), {
        issuer,
        audience,
        subject,
        document: readId(document, 'document'),
        device: readId(device, 'device'),
        permissions: checkPermissions(permissions),
        lifeS: lifeSeconds,
      })
    },
  }
}

function readId(id: Bytes | string, name: string): Bytes {
  const bytes = typeof id === 'string' ? base64urlToBytes(id) : id
  if (bytes?.length === 16) return bytes
  throw new RangeError(`${name} must be an id: 16 bytes, or 22 characters of base64url`)
}

/** As a relay wants them: known, none twice, one at least. [AU4] */
function checkPermissions(permissions: readonly Permission[]): readonly Permission[] {
  const known = PERMISSIONS.filter((permission) => permissions.includes(permission))
  if (known.length === permissions.length && known.length > 0) return known
  throw new RangeError(`permissions must be some of ${PERMISSIONS.join(', ')}, each once`)
}
