/**
 * Pins: SHA-256 of a public key in SPKI form (RFC 7469 §2.4), which mobile apps compare on connecting. Keys are pinned, not
 * certificates: those are renewed every few weeks.
 *
 * @module
 */
import { createHash, createPublicKey, X509Certificate } from 'node:crypto'

/** The pin of a certificate's or a private key's public half, base64. `pem` holds either. */
export function pinOf(pem: string): string {
  const key = pem.includes('BEGIN CERTIFICATE') ? new X509Certificate(pem).publicKey : createPublicKey(pem)
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('base64')
}

/** SHA-256 of the certificate, as browsers show it: pairs of hexadecimal digits with colons. */
export function fingerprintOf(certPem: string): string {
  return new X509Certificate(certPem).fingerprint256
}
