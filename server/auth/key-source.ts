/**
 * Where verification keys come from, as the verifier needs it: a public key by its `kid`, and nothing else by anything
 * else. No key, address or certificate is ever taken from a token. Rule AU1.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { CryptoKey } from 'jose'

/** Signature algorithms of tokens: Ed25519 and ECDSA P-256 with SHA-256. [AU1] */
export type TokenAlgorithm = 'EdDSA' | 'ES256'

/** A public key, fit for one algorithm only. */
export interface VerificationKey {
  readonly kid: string
  readonly algorithm: TokenAlgorithm
  readonly key: CryptoKey
  /** The raw 32 bytes of an Ed25519 key, for libsodium [WI7]; `null` for P-256. */
  readonly ed25519: Bytes | null
}

/** Keys by name. */
export interface KeySource {
  /** The key called `kid`, or `null`. May fetch; never rejects. */
  find(kid: string): Promise<VerificationKey | null>
}

/** A source that never changes. */
export function createStaticKeys(keys: Iterable<VerificationKey>): KeySource {
  const keysByKid = new Map<string, VerificationKey>()
  for (const key of keys) keysByKid.set(key.kid, key)
  return { find: (kid) => Promise.resolve(keysByKid.get(kid) ?? null) }
}
