/**
 * What has been taken back before its time: a token by its `jti`, everything issued so far to a subject or a device. In memory
 * and forgotten once no token could still be in force: whoever withdraws somebody for good stops issuing to them. Row D24.
 *
 * @module
 */
import { bytesToHex, type Bytes } from '@y-sealed/protocol'

import type { Clock, Grant } from '../core/ports.ts'

/** Longest that a token lives beyond this moment: its life and twice the tolerance. [AU3] */
const MEMORY_MS = 610_000

export interface Revocations {
  revokeToken(tokenId: string): void
  /** Refuses the subject's tokens issued up to now. */
  revokeSubject(subject: string): void
  /** Refuses the tokens bound to this device and issued up to now. */
  revokeDevice(device: Bytes): void
  isRevoked(grant: Grant): boolean
}

/** An empty list. */
export function createRevocations(clock: Clock): Revocations {
  /** Wall time of each revocation by what it names. */
  const revokedAtByName = new Map<string, number>()

  function revoke(name: string): void {
    const now = clock.now()
    for (const [old, revokedAt] of revokedAtByName) if (now - revokedAt > MEMORY_MS) revokedAtByName.delete(old)
    revokedAtByName.set(name, now)
  }

  function isIssuedBefore(name: string, issuedAtMs: number): boolean {
    const revokedAt = revokedAtByName.get(name)
    // `iat` counts whole seconds: a token of the very second of the revocation falls with it.
    return revokedAt !== undefined && issuedAtMs <= revokedAt
  }

  return {
    revokeToken: (tokenId) => revoke(`token ${tokenId}`),
    revokeSubject: (subject) => revoke(`subject ${subject}`),
    revokeDevice: (device) => revoke(`device ${bytesToHex(device)}`),
    isRevoked(grant) {
      if (revokedAtByName.has(`token ${grant.tokenId}`)) return true
      if (isIssuedBefore(`subject ${grant.subject}`, grant.issuedAtMs)) return true
      return grant.device !== null && isIssuedBefore(`device ${bytesToHex(grant.device)}`, grant.issuedAtMs)
    },
  }
}
