/**
 * Pins: SHA-256 of a public key in SPKI form (RFC 7469 §2.4), which apps compare on connecting. Keys are pinned, not
 * certificates: those are renewed every few weeks. Rules PN1, PN2.
 *
 * @module
 */
import { checkPinSet, SyncError, type PinSet } from '@y-sealed/protocol'
import { createHash, createPublicKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'

import { createEcKey } from './ec-key.ts'
import { normaliseHost } from './host-name.ts'
import { loadSecretFile } from './secret-file.ts'
import { SettingsError } from './settings-error.ts'

/** The pin of a certificate's or of a key's public half, base64. `pem` holds one of them. [PN2] */
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

export interface PinSetParts {
  readonly hosts: readonly string[]
  readonly current: string
  readonly backups: readonly string[]
  /** From the day on that `nowMs` is in. */
  readonly days: number
  readonly nowMs: number
}

const DAY_MS = 86_400_000

/** A pin set as `pins.json` holds it. Throws {@link SettingsError} for hosts that are none, and where the backup key is the current one. [PN1] */
export function createPinSet({ hosts, current, backups, days, nowMs }: PinSetParts): PinSet {
  const names = hosts.map((host) => {
    const name = normaliseHost(host)
    if (name === null)
      throw new SettingsError(`"${host}" is neither a name nor an address that can be pinned: give --host`)
    return name
  })
  try {
    return checkPinSet({
      version: 1,
      algorithm: 'sha256-spki',
      hosts: [...new Set(names)],
      expires: new Date(nowMs + days * DAY_MS).toISOString().slice(0, 10),
      pins: [{ use: 'current', pin: current }, ...backups.map((pin) => ({ use: 'backup', pin }))],
    })
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    throw new SettingsError(`${error.message}; the backup key must be another than the current one`, { cause: error })
  }
}

/** Names and addresses that a certificate bears, but for wildcards: which hosts those are, nobody can list. */
export function hostsOfCertificate(certPem: string): readonly string[] {
  const names = (new X509Certificate(certPem).subjectAltName ?? '').split(', ')
  const hosts = names.flatMap((name) => /^(?:DNS|IP Address):(.+)$/.exec(name)?.[1] ?? [])
  return hosts.filter((host) => !host.startsWith('*.')).map(shortenAddress)
}

/** Node spells IPv6 addresses of certificates at full length, and the URLs that clients dial have them at their shortest. */
function shortenAddress(host: string): string {
  return isIP(host) === 6 ? new URL(`https://[${host}]`).hostname.slice(1, -1) : host
}

/** A key that is only pinned: its public half or a certificate, or a private key, which is made where the file is not there. */
export function loadPinnedKey(path: string): string {
  const found = readIfThere(path)
  if (found !== null && /-----BEGIN (?:PUBLIC KEY|CERTIFICATE)-----/.test(found)) return found
  const key = loadSecretFile(path, createEcKey).toString('ascii')
  try {
    createPublicKey(key)
    return key
  } catch {
    // The cause is left out: OpenSSL's errors may quote what they could not parse.
    throw new SettingsError(`the file ${path} holds no key in PEM form, or one that asks for a password`)
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'ascii')
  } catch {
    // What is there and cannot be read is complained of where it is needed.
    return null
  }
}
