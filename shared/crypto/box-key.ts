/**
 * Which X25519 public keys something can be sealed to. Rule KM1.
 *
 * @module
 */
import { sodium } from './sodium.ts'

/** Any scalar will do: it is clamped to a multiple of 8, which takes every point of small order to zero (RFC 7748 §6.1). */
const SCALAR = new Uint8Array(32).fill(1)

/**
 * False for a key of small order, to which libsodium seals nothing: a member with such a key would keep everybody else from rotating
 * the epoch key. Never throws. `cryptoReady` must have resolved.
 */
export function isBoxKey(boxPublic: Uint8Array): boolean {
  if (boxPublic.length !== 32) return false
  try {
    sodium.crypto_scalarmult(SCALAR, boxPublic)
    return true
  } catch {
    return false
  }
}
