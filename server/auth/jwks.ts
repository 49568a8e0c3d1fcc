/**
 * Reads a JSON Web Key Set (RFC 7517) of *public* keys. A set with a private member is refused as a whole: whoever hands the
 * relay a signing key has mixed up two files, and the key must be considered known. Row J7.
 *
 * @module
 */
import { base64urlToBytes } from '@y-sealed/protocol'
import { importJWK } from 'jose'

import type { VerificationKey } from './key-source.ts'
import { isJsonObject, parseStrictJson, type JsonObject } from './strict-json.ts'

/** A key set that cannot be used; the message says what is wrong and what to do. */
export class JwksError extends Error {
  override readonly name = 'JwksError'
  readonly code = 'BAD_SETTINGS'
}

/** Members of private and symmetric keys: RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']
const MAX_KEYS = 64

/**
 * The usable keys of a set: Ed25519 and P-256, for signatures. Other kinds are passed over (RFC 7517 §5).
 * Throws {@link JwksError} when the text is no key set, holds a private key, names two keys alike or has no usable key.
 */
export async function parseJwks(text: string): Promise<readonly VerificationKey[]> {
  const set = parseStrictJson(text.trim())
  const entries = isJsonObject(set) ? set.get('keys') : undefined
  if (!Array.isArray(entries) || entries.length > MAX_KEYS) {
    throw new JwksError('this is no JSON Web Key Set: expected {"keys": […]} with at most 64 public keys')
  }
  const keysByKid = new Map<string, VerificationKey>()
  for (const entry of entries as readonly JsonObject[]) {
    if (!isJsonObject(entry)) throw new JwksError('a key of the set is no object')
    refusePrivateKey(entry)
    const key = await readKey(entry)
    if (key === null) continue
    if (keysByKid.has(key.kid)) throw new JwksError('two keys of the set have one "kid": give each its own')
    keysByKid.set(key.kid, key)
  }
  if (keysByKid.size === 0) {
    throw new JwksError(
      'the set has no usable key: tokens are signed with Ed25519 ("OKP") or P-256 ("EC"), each with a "kid"',
    )
  }
  return [...keysByKid.values()]
}

function refusePrivateKey(entry: JsonObject): void {
  if (entry.get('kty') !== 'oct' && !PRIVATE_MEMBERS.some((member) => entry.has(member))) return
  throw new JwksError(
    'the set holds a private or symmetric key; the relay only checks tokens and must be given public keys alone. ' +
      'Publish the public half, and replace that key: it has been where it should not be',
  )
}

/** `null` for a key that is not for us. */
async function readKey(entry: JsonObject): Promise<VerificationKey | null> {
  const kid = entry.get('kid')
  if (typeof kid !== 'string' || kid.length === 0 || kid.length > 256 || !isForSignatures(entry)) return null
  const x = readCoordinate(entry, 'x')
  if (x === null) return null
  if (entry.get('kty') === 'OKP' && entry.get('crv') === 'Ed25519' && allowsAlgorithm(entry, ['EdDSA', 'Ed25519'])) {
    const key = await importPublicKey({ kty: 'OKP', crv: 'Ed25519', x: x.text }, 'EdDSA')
    return { kid, algorithm: 'EdDSA', key, ed25519: x.bytes }
  }
  const y = readCoordinate(entry, 'y')
  if (y !== null && entry.get('kty') === 'EC' && entry.get('crv') === 'P-256' && allowsAlgorithm(entry, ['ES256'])) {
    const key = await importPublicKey({ kty: 'EC', crv: 'P-256', x: x.text, y: y.text }, 'ES256')
    return { kid, algorithm: 'ES256', key, ed25519: null }
  }
  return null
}

function isForSignatures(entry: JsonObject): boolean {
  const operations = entry.get('key_ops')
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return false
  return entry.get('use') === undefined || entry.get('use') === 'sig'
}

function allowsAlgorithm(entry: JsonObject, algorithms: readonly string[]): boolean {
  const algorithm = entry.get('alg')
  return algorithm === undefined || (typeof algorithm === 'string' && algorithms.includes(algorithm))
}

function readCoordinate(entry: JsonObject, member: 'x' | 'y') {
  const text = entry.get(member)
  if (typeof text !== 'string' || text.length !== 43) return null
  const bytes = base64urlToBytes(text)
  return bytes === null ? null : { text, bytes }
}

async function importPublicKey(jwk: { kty: string; crv: string; x: string; y?: string }, algorithm: string) {
  try {
    const key = await importJWK(jwk, algorithm)
    if (key instanceof Uint8Array) throw new TypeError('not a public key')
    return key
  } catch (cause) {
    throw new JwksError('a key of the set is no point of its curve', { cause })
  }
}
