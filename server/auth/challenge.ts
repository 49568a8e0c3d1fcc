/**
 * Nonces for `POST /token` that need no memory: a deadline and randomness under a MAC whose key dies with the process. One may
 * be used more than once while it lasts; all that a repetition yields is another token for the same device. Rule AU10.
 *
 * @module
 */
import { base64urlToBytes, bytesToBase64url, concatBytes, equalBytes, toBytes, type Bytes } from '@y-sealed/protocol'
import { createHmac, randomBytes } from 'node:crypto'

import type { Clock } from '../core/ports.ts'

/** How long a nonce is good. [AU10] */
export const NONCE_LIFE_MS = 60_000

const DEADLINE_BYTES = 8
const BODY_BYTES = DEADLINE_BYTES + 16
const MAC_BYTES = 32

export interface Challenges {
  /** A fresh nonce: opaque ASCII. */
  create(): string
  /** True for a nonce of this process that is not past its time. */
  isGood(nonce: string): boolean
}

/** Nonces under a secret of their own. */
export function createChallenges(clock: Clock): Challenges {
  const secret = randomBytes(32)
  const sign = (body: Bytes): Bytes => toBytes(createHmac('sha256', secret).update(body).digest())

  return {
    create() {
      const body = concatBytes(new Uint8Array(DEADLINE_BYTES), randomBytes(16))
      // The monotonic clock: a step of the wall clock neither revives a nonce nor kills one. [D30]
      new DataView(body.buffer).setFloat64(0, clock.monotonic() + NONCE_LIFE_MS)
      return bytesToBase64url(concatBytes(body, sign(body)))
    },
    isGood(nonce) {
      const bytes = nonce.length <= 128 ? base64urlToBytes(nonce) : null
      if (bytes === null || bytes.length !== BODY_BYTES + MAC_BYTES) return false
      const body = bytes.slice(0, BODY_BYTES)
      if (!equalBytes(sign(body), bytes.subarray(BODY_BYTES))) return false
      return clock.monotonic() < new DataView(body.buffer).getFloat64(0)
    },
  }
}
