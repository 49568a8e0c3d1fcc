/**
 * Private keys of certificates.
 *
 * @module
 */
import { generateKeyPairSync } from 'node:crypto'

/** A fresh P-256 private key, PKCS #8 in PEM. */
export function createEcKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    format: 'pem',
    type: 'pkcs8',
  }) as string
}
