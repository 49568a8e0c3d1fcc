/**
 * The one verifier. libsodium refuses small-order keys and S ≥ L; OpenSSL and WebCrypto accept a key that verifies any
 * message, so nobody here verifies with them. Rule WI7.
 *
 * @module
 */
import { sodium } from './sodium.ts'

/**
 * True when `signature` (64 bytes) is the Ed25519 signature of `message` by `publicKey` (32 bytes). False for everything
 * else, wrong lengths included; never throws. {@link cryptoReady} must have resolved.
 */
export function verifySignature(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false
  return sodium.crypto_sign_verify_detached(signature, message, publicKey)
}
