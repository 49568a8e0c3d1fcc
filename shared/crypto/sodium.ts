/**
 * libsodium, loaded once. Only `shared/crypto` and `shared/sealing` name it; everybody else calls functions that have checked
 * their arguments (the wrappers take `undefined` associated data and text as keys without a word).
 *
 * @module
 */
import sodium from 'libsodium-wrappers'

export { sodium }

/** Resolves when libsodium is loaded; every other function here needs that. Calling it again costs nothing. */
export async function cryptoReady(): Promise<void> {
  await sodium.ready
}

/** libsodium's SHA-512, for runtimes that have none faster and synchronous: 64 bytes. */
export function sodiumSha512(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return sodium.crypto_hash(data) as Uint8Array<ArrayBuffer>
}
