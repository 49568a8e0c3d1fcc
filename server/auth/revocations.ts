/**
 * What has been taken back before its time: a token by its `jti`, everything issued so far to a subject or a device. In memory
 * and forgotten once no token could still be in force: whoever withdraws somebody for good stops issuing to them. Row D24.
 *
 * @module
 */
import { bytesToHex, type Bytes } from '@y-sealed/protocol'

import type { Clock, Grant } from '../core/ports.ts'

/** Longest that a token lives beyond this moment: its life and twice the tolerance. [AU3] */
export const REVOCATION_MEMORY_MS = 610_000

const FORGET_EVERY_MS = 60_000

export interface Revocations {
  /** The time of a revocation is now unless told otherwise. */
  revokeToken(tokenId: string, atMs?: number): void
  /** Refuses the subject's tokens issued up to now. */
  revokeSubject(subject: string, atMs?: number): void
  /** Refuses the tokens bound to this device and issued up to now. */
  revokeDevice(device: Bytes, atMs?: number): void
  isRevoked(grant: Grant): boolean
}

/** An empty list. */
export function createRevocations(clock: Clock): Revocations {
  /** Wall time of each revocation by what it names. */
  const revokedAtByName = new Map<string, number>()
  let forgottenAtMs = clock.now()

  function revoke(name: string, atMs: number): void {
    const now = clock.now()
    if (now - forgottenAtMs > FORGET_EVERY_MS) {
      forgottenAtMs = now
      for (const [old, at] of revokedAtByName) if (now - at > REVOCATION_MEMORY_MS) revokedAtByName.delete(old)
    }
    revokedAtByName.set(name, Math.max(atMs, revokedAtByName.get(name) ?? 0))
  }

  function isIssuedBefore(name: string, issuedAtMs: number): boolean {
    const revokedAt = revokedAtByName.get(name)
    // `iat` counts whole seconds: a token of the very second of the revocation falls with it.
    return revokedAt !== undefined && issuedAtMs <= revokedAt
  }

  return {
    revokeToken: (tokenId, atMs = clock.now()) => revoke(`token ${tokenId}`, atMs),
    revokeSubject: (subject, atMs = clock.now()) => revoke(`subject ${subject}`, atMs),
    revokeDevice: (device, atMs = clock.now()) => revoke(`device ${bytesToHex(device)}`, atMs),
    isRevoked(grant) {
      if (revokedAtByName.has(`token ${grant.tokenId}`)) return true
      if (isIssuedBefore(`subject ${grant.subject}`, grant.issuedAtMs)) return true
      return grant.device !== null && isIssuedBefore(`device ${bytesToHex(grant.device)}`, grant.issuedAtMs)
    },
  }
}
