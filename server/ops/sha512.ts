/**
 * SHA-512 by OpenSSL: the fastest synchronous one that Node has. One call without a hash object (Node 20.12), its digest as `binary`,
 * because a short string and a short array both live on the heap, where a Buffer of its own costs more than the hash of
 * an envelope.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { hash } from 'node:crypto'

const DIGEST_BYTES = 64

export function nodeSha512(data: Bytes): Bytes {
  const text = hash('sha512', data, 'binary')
  const digest = new Uint8Array(DIGEST_BYTES)
  for (let i = 0; i < DIGEST_BYTES; i++) digest[i] = text.charCodeAt(i)
  return digest
}
