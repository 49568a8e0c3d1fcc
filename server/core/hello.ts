/**
 * HELLO: which device speaks, and the proof that it holds its key, made for this socket, this relay and this token. Rules KM1, AU5, AU8.
 *
 * @module
 */
import {
  deviceIdOf,
  equalBytes,
  helloInput,
  tokenHash,
  verifySignature,
  type Bytes,
  type HelloFrame,
} from '@y-sealed/protocol'

import type { Context } from './context.ts'
import type { Upgrade } from './ports.ts'

export type HelloVerdict =
  | { readonly ok: true; readonly device: Bytes }
  /** For the log; the peer is told 4401 whatever it is. */
  | { readonly ok: false; readonly reason: 'audience' | 'device' | 'signature' }

/** Judges HELLO. The cheap questions come first. */
export function judgeHello(context: Context, frame: HelloFrame, nonce: Bytes, upgrade: Upgrade): HelloVerdict {
  const { audience, signature, signPublic, boxPublic } = frame
  if (!context.audiences.includes(audience)) return { ok: false, reason: 'audience' }
  const device = deviceIdOf(context.sha512, signPublic, boxPublic)
  const { grant, token } = upgrade
  if (grant.device !== null && !equalBytes(grant.device, device)) return { ok: false, reason: 'device' }
  const input = helloInput(nonce, audience, tokenHash(context.sha512, token))
  return verifySignature(signature, input, signPublic) ? { ok: true, device } : { ok: false, reason: 'signature' }
}
