/**
 * The relay's own Ed25519 keys, each a seed of 32 bytes in its own secret file: one signs heads, one signs tokens. OpenSSL may
 * sign; it never verifies. Rules LO4, LO5, AU10, WI7; row J7.
 *
 * @module
 */
import { base64urlToBytes, toBytes, type Bytes } from '@y-sealed/protocol'
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import { join } from 'node:path'

import { loadSecretFile } from './secret-file.ts'
import { SettingsError } from './settings-error.ts'

/** A key that signs and whose seed nobody sees. */
export interface SigningKey {
  /** 32 bytes. */
  readonly publicKey: Bytes
  /** The Ed25519 signature (64 bytes) of `message`. */
  sign(message: Uint8Array): Bytes
}

/** A signing key with a name by which verifiers know it. */
export interface NamedSigningKey extends SigningKey {
  /** RFC 7638 thumbprint, SHA-256, base64url. */
  readonly kid: string
}

/** Where a data folder keeps its keys. */
export function keysFolderOf(dataFolder: string): string {
  return join(dataFolder, 'keys')
}

/** The key that signs heads, made on first use. One per deployment: clients pin it. [LO5] */
export function loadHeadKey(keysFolder: string): SigningKey {
  return loadSigningKey(join(keysFolder, 'head.key'))
}

/** The key that signs tokens, made on first use. [AU10] */
export function loadIssuerKey(keysFolder: string): NamedSigningKey {
  return loadNamedKey(join(keysFolder, 'issuer.key'))
}

/** A key that signs tokens in a file of its own, made on first use. */
export function loadNamedKey(path: string): NamedSigningKey {
  const key = loadSigningKey(path)
  return { ...key, kid: thumbprintOf(key.publicKey) }
}

/** PKCS #8 around an Ed25519 seed (RFC 8410 §7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SEED_BYTES = 32

function loadSigningKey(path: string): SigningKey {
  const seed = loadSecretFile(path, () => randomBytes(SEED_BYTES))
  if (seed.length !== SEED_BYTES) {
    throw new SettingsError(
      `the key file ${path} does not hold a key of 32 bytes: restore it from a backup, or delete it`,
    )
  }
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = base64urlToBytes(createPublicKey(key).export({ format: 'jwk' }).x ?? '')
  if (publicKey === null) throw new TypeError('an Ed25519 key without a public half')
  return { publicKey, sign: (message) => toBytes(sign(null, message, key)) }
}

/** RFC 7638 §3 for an `OKP` key: the members in alphabetical order, without spaces. */
function thumbprintOf(publicKey: Bytes): string {
  const x = Buffer.from(publicKey).toString('base64url')
  return createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url')
}
