/**
 * HELLO: which device speaks, and the proof that it holds its key, made for this socket, this relay and this token. Rules KM1, AU5, AU8.
 *
 * @module
 */
import { deviceIdOf, equalBytes, helloInput, verifySignature, type Bytes, type HelloFrame } from '@y-sealed/protocol'

import type { Context } from './context.ts'
import type { Grant } from './ports.ts'

/** What the proof must be made for, besides the audience. */
export interface Challenge {
  /** As in WELCOME. */
  readonly nonce: Bytes
  /** Of the token that was presented at the upgrade. [AU8] */
  readonly tokenHash: Bytes
}

export type HelloVerdict =
  | { readonly ok: true; readonly device: Bytes }
  /** For the log; the peer is told 4401 whatever it is. */
  | { readonly ok: false; readonly reason: 'audience' | 'device' | 'signature' }

/** Judges HELLO. The cheap questions come first. */
export function judgeHello(context: Context, frame: HelloFrame, challenge: Challenge, grant: Grant): HelloVerdict {
  const { audience, signature, signPublic, boxPublic } = frame
  if (!context.audiences.includes(audience)) return { ok: false, reason: 'audience' }
  const device = deviceIdOf(context.sha512, signPublic, boxPublic)
  if (grant.device !== null && !equalBytes(grant.device, device)) return { ok: false, reason: 'device' }
  const input = helloInput(challenge.nonce, audience, challenge.tokenHash)
  return verifySignature(signature, input, signPublic) ? { ok: true, device } : { ok: false, reason: 'signature' }
}
