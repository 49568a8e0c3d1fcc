/**
 * TLS as Mozilla's "intermediate" configuration, version 6.0, has it: 1.2 and 1.3, ephemeral keys, authenticated ciphers.
 * Rows A1 to A9.
 *
 * @module
 */
import { constants } from 'node:crypto'
import type { SecureContextOptions, TlsOptions } from 'node:tls'

const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
]

/** A private key and its certificate chain, both PEM. */
export interface TlsIdentity {
  readonly key: string
  readonly cert: string
}

/** Options for `https.createServer` and, on rotation, `setSecureContext`. */
export function createTlsOptions(identity: TlsIdentity): TlsOptions & SecureContextOptions {
  return {
    ...identity,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS.join(':'),
    // Without this line Node also offers P-521, X448 and finite fields.
    ecdhCurve: 'X25519:prime256v1:secp384r1',
    // All listed suites are good, so the client may take the one that its hardware is fastest at.
    honorCipherOrder: false,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: 5000,
  }
}
