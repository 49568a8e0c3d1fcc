/**
 * The certificate and key that whoever runs the relay brings along. Rows A11, A13, J6.
 *
 * @module
 */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { readSecretFile } from './secret-file.ts'
import { SettingsError } from './settings-error.ts'
import type { TlsIdentity } from './tls-options.ts'

/** Reads both files. Throws {@link SettingsError} when one is missing or damaged, when they do not fit, or when time is up. */
export function readGivenCertificate(certPath: string, keyPath: string, nowMs: number): TlsIdentity {
  const key = readSecretFile(keyPath, 0o007)?.toString('ascii')
  if (key === undefined) throw new SettingsError(`there is no key file ${keyPath}: check --key`)
  const cert = readCertificateFile(certPath)
  const leaf = parseCertificate(cert, certPath)
  if (!leaf.checkPrivateKey(parseKey(key, keyPath))) {
    throw new SettingsError(
      `the key ${keyPath} is not that of the certificate ${certPath}: give the pair that was issued together`,
    )
  }
  if (Date.parse(leaf.validTo) <= nowMs) {
    throw new SettingsError(
      `the certificate ${certPath} expired on ${leaf.validTo}, so every client would refuse it: renew it`,
    )
  }
  return { key, cert }
}

function readCertificateFile(path: string): string {
  try {
    return readFileSync(path, 'ascii')
  } catch (error) {
    throw new SettingsError(`the certificate ${path} cannot be read: check --cert and the rights of the file`, {
      cause: error,
    })
  }
}

function parseCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw new SettingsError(`the file ${path} holds no certificate in PEM form`, { cause: error })
  }
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    // The cause is left out: OpenSSL's errors may quote what they could not parse.
    throw new SettingsError(`the file ${path} holds no private key in PEM form, or one that asks for a password`)
  }
}
