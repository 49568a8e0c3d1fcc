/**
 * The certificate of a relay that was given none: a leaf from a local authority, both in `<data>/tls`. The leaf's key stays the
 * same when the certificate is renewed, so that pins hold. Rows A13, I8.
 *
 * @module
 */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createEcKey } from './ec-key.ts'
import { hostsOf } from './host-name.ts'
import { hostsOfCertificate } from './pins.ts'
import { loadSecretFile, readSecretFile } from './secret-file.ts'
import { SettingsError } from './settings-error.ts'
import type { TlsIdentity } from './tls-options.ts'

export interface DevelopmentCertificate extends TlsIdentity {
  /** The authority's certificate, which `trust` installs. */
  readonly authorityPath: string
  /** True when the authority is new: what trusted the old one does not trust it. */
  readonly isNewAuthority: boolean
}

const DAY_MS = 86_400_000
/** A leaf with less left is renewed at start. */
const RENEW_LEAF_MS = 30 * DAY_MS
/** An authority must outlive its leaf. */
const RENEW_AUTHORITY_MS = 90 * DAY_MS

/** Where a data folder keeps its certificates. */
export function tlsFolderOf(dataFolder: string): string {
  return join(dataFolder, 'tls')
}

/** The authority's certificate in such a folder. */
export function authorityPathOf(tlsFolder: string): string {
  return join(tlsFolder, 'ca.pem')
}

/** The authority and those that it replaced, newest first, as far as they exist: what may still be trusted somewhere. */
export function listAuthorities(tlsFolder: string): readonly string[] {
  if (!existsSync(tlsFolder)) return []
  const names = readdirSync(tlsFolder).filter((name) => /^ca(-[0-9a-f]{12})?\.pem$/.test(name))
  return names.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).map((name) => join(tlsFolder, name))
}

/** The private key of the leaf, made on first use. */
export function loadLeafKey(tlsFolder: string): string {
  return loadKey(tlsFolder, 'server.key')
}

/** A key that is only pinned, for the day when the leaf's is lost or stolen; made on first use. Move it to a safe place. */
export function loadBackupKey(tlsFolder: string): string {
  return loadKey(tlsFolder, 'backup.key')
}

/** Files that a relay looks at to learn of a change of its key. */
export function leafKeyPathOf(tlsFolder: string): string {
  return join(tlsFolder, 'server.key')
}

/**
 * Makes the backup key the leaf's: apps that pin both go on. The leaf's own becomes `retired.key`; a new backup key is made on first use.
 * Throws `SettingsError` where there is no backup key that apps could know. [PN5]
 */
export function switchToBackupKey(tlsFolder: string): void {
  const backup = join(tlsFolder, 'backup.key')
  if (readSecretFile(backup) === null) {
    throw new SettingsError(
      `there is no backup key ${backup}: put it back, or no app knows what the relay would change to`,
    )
  }
  const leaf = leafKeyPathOf(tlsFolder)
  if (existsSync(leaf)) copyFileSync(leaf, join(tlsFolder, 'retired.key'))
  renameSync(backup, leaf)
}

/** Names that the development certificate bears; those of this machine before there is one. */
export function hostsOfDevelopment(tlsFolder: string): readonly string[] {
  const leaf = readCertificate(join(tlsFolder, 'server.pem'))
  return leaf === null ? hostsOf('127.0.0.1') : hostsOfCertificate(leaf.toString())
}

/**
 * A certificate for `hosts`, made, renewed or taken as it lies there. The authority is replaced when it is near its end or may
 * not certify one of the hosts.
 */
export async function loadDevelopmentCertificate(
  tlsFolder: string,
  hosts: readonly string[],
  nowMs: number,
): Promise<DevelopmentCertificate> {
  const authorityPath = authorityPathOf(tlsFolder)
  const authorityKey = loadKey(tlsFolder, 'ca.key')
  const authority = readCertificate(authorityPath)
  const leafPath = join(tlsFolder, 'server.pem')
  const key = loadLeafKey(tlsFolder)
  const leaf = readCertificate(leafPath)
  const isLasting = authority !== null && isFresh(authority, nowMs, RENEW_AUTHORITY_MS)
  // What it once certified, it may certify.
  if (isLasting && leaf !== null && isLeafOf(leaf, authority, hosts) && isGood(leaf, key, nowMs)) {
    return { key, cert: leaf.toString(), authorityPath, isNewAuthority: false }
  }

  const { createAuthority, createLeaf, mayCertify } = await import('./certificate.ts')
  const isNewAuthority = !isLasting || !mayCertify(authority.toString(), hosts)
  const authorityPem = isNewAuthority ? await createAuthority(authorityKey, hosts, nowMs) : authority.toString()
  if (isNewAuthority) {
    if (authority !== null) keepOldAuthority(tlsFolder, authority)
    writePublicFile(authorityPath, authorityPem)
  }
  const cert = await createLeaf(key, { key: authorityKey, cert: authorityPem }, hosts, nowMs)
  writePublicFile(leafPath, cert)
  return { key, cert, authorityPath, isNewAuthority }
}

/** Throws when a relay that people rely on would start with a certificate that nobody knows. [A13] */
export function refuseDevelopmentCertificate(environment: Readonly<Record<string, string | undefined>>): void {
  if (environment['NODE_ENV'] !== 'production') return
  throw new SettingsError(
    'there is no certificate, and NODE_ENV is production: a certificate made here would be trusted by nobody. ' +
      'Give --cert and --key (or Y_SEALED_CERT and Y_SEALED_KEY), or unset NODE_ENV to try things out',
  )
}

/** Without the old certificate nobody could take it out of a store again. */
function keepOldAuthority(tlsFolder: string, authority: X509Certificate): void {
  const name = createHash('sha256').update(authority.raw).digest('hex').slice(0, 12)
  writePublicFile(join(tlsFolder, `ca-${name}.pem`), authority.toString())
}

function loadKey(tlsFolder: string, name: string): string {
  return loadSecretFile(join(tlsFolder, name), createEcKey).toString('ascii')
}

function readCertificate(path: string): X509Certificate | null {
  try {
    return new X509Certificate(readFileSync(path))
  } catch {
    // Missing or damaged: both are mended by making a new one.
    return null
  }
}

function isFresh(certificate: X509Certificate, nowMs: number, leftMs: number): boolean {
  return Date.parse(certificate.validFrom) <= nowMs && Date.parse(certificate.validTo) - nowMs > leftMs
}

function isGood(leaf: X509Certificate, key: string, nowMs: number): boolean {
  return leaf.checkPrivateKey(createPrivateKey(key)) && isFresh(leaf, nowMs, RENEW_LEAF_MS)
}

function isLeafOf(leaf: X509Certificate, authority: X509Certificate, hosts: readonly string[]): boolean {
  if (!leaf.checkIssued(authority) || !leaf.verify(authority.publicKey)) return false
  const names = (leaf.subjectAltName ?? '').split(', ')
  return names.length === hosts.length && hosts.every((host) => isNamed(leaf, host))
}

function isNamed(leaf: X509Certificate, host: string): boolean {
  return leaf.checkHost(host, { subject: 'never' }) !== undefined || leaf.checkIP(host) !== undefined
}

function writePublicFile(path: string, content: string): void {
  writeFileSync(`${path}.new`, content, { mode: 0o644, flush: true })
  renameSync(`${path}.new`, path)
}
