/**
 * Pins in a TLS handshake of Node: looked at once the chain, the time and the name of a certificate have been found good, and never instead
 * of that. Rules PN3, PN4.
 *
 * @module
 */
import { pinsExpireAtMs, SyncError, type PinSet } from '@y-sealed/protocol'
import { createHash, X509Certificate } from 'node:crypto'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { wallClock } from '../platform.ts'

/**
 * Options of `tls.connect`: nothing without pins; of a certificate whose key is not pinned they say `PIN_MISMATCH`. An object of no closer
 * type, since the declarations of ws have another `checkServerIdentity` than Node, to which ws hands it.
 */
export function pinnedTls(pins: PinSet | undefined): object {
  if (pins === undefined) return {}
  return {
    checkServerIdentity(host: string, certificate: PeerCertificate) {
      const fault = checkServerIdentity(host, certificate)
      if (fault !== undefined) return fault
      if (wallClock() >= pinsExpireAtMs(pins)) return undefined
      const shown = pinOf(certificate)
      if (pins.pins.some(({ pin }) => pin === shown)) return undefined
      return new SyncError('PIN_MISMATCH', `${host} shows a key that is not pinned`)
    },
  }
}

/** [PN2] */
function pinOf({ raw }: PeerCertificate): string {
  const key = new X509Certificate(raw).publicKey.export({ format: 'der', type: 'spki' })
  return createHash('sha256').update(key).digest('base64')
}
