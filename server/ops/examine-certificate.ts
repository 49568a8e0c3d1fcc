/**
 * What `doctor` asks of the certificate: time, names and key.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'

import { failFrom, fail, fine, warn, type Finding } from './finding.ts'
import { readGivenCertificate } from './given-certificate.ts'

const DAY_MS = 86_400_000
/** As the relay's own complaint. */
const WARN_DAYS = 21

/** A certificate of one's own for the hosts that clients dial. */
export function examineGivenCertificate(
  { cert, key }: { readonly cert: string; readonly key: string },
  dialled: readonly string[],
  nowMs: number,
): readonly Finding[] {
  let leaf: X509Certificate
  try {
    const chain = readGivenCertificate(cert, key, nowMs).cert
    leaf = new X509Certificate(chain)
    if (isWithoutChain(chain, leaf)) {
      return [
        warn(
          'certificate',
          `${cert} holds the certificate alone: programs that do not know who issued it will refuse it`,
          'give the file with the whole chain (ACME clients call it fullchain.pem)',
        ),
        ...examineLeaf(leaf, dialled, nowMs),
      ]
    }
  } catch (error) {
    return [failFrom('certificate', error)]
  }
  return examineLeaf(leaf, dialled, nowMs)
}

/** Issued by somebody else who is not in the file: not a self-made authority's, whose root may be left out. */
function isWithoutChain(pem: string, leaf: X509Certificate): boolean {
  const count = pem.split('-----BEGIN CERTIFICATE-----').length - 1
  return count === 1 && leaf.infoAccess !== undefined && leaf.infoAccess.includes('CA Issuers')
}

function examineLeaf(leaf: X509Certificate, dialled: readonly string[], nowMs: number): readonly Finding[] {
  const missing = dialled.filter((host) => !isFor(leaf, host))
  if (missing.length > 0) {
    return [
      fail(
        'certificate',
        `it is not for ${missing.join(', ')}: clients that dial that refuse it`,
        'have one issued for the host of every --url, or mend --url',
      ),
    ]
  }
  if (Date.parse(leaf.validFrom) > nowMs) {
    return [
      fail(
        'certificate',
        `it is good from ${leaf.validFrom} on, and that is still to come`,
        'see whether the clock is right; if so, wait, or use the one before it',
      ),
    ]
  }
  const daysLeft = Math.floor((Date.parse(leaf.validTo) - nowMs) / DAY_MS)
  if (daysLeft < WARN_DAYS) {
    return [
      warn(
        'certificate',
        `${daysLeft} days are left of it: who renews certificates has not come by`,
        'see whether your ACME client runs; a running relay takes the new files by itself',
      ),
    ]
  }
  return [fine('certificate', `good for ${dialled.join(', ')} and another ${daysLeft} days; the key is its own`)]
}

function isFor(leaf: X509Certificate, host: string): boolean {
  return isIP(host) === 0 ? leaf.checkHost(host, { subject: 'never' }) !== undefined : leaf.checkIP(host) !== undefined
}

/** Without one of one's own. `isPublic`: other machines are to connect. */
export function examineDevelopmentCertificate(
  tlsFolder: string,
  { isPublic, isProduction }: { readonly isPublic: boolean; readonly isProduction: boolean },
): Finding {
  const what = 'none is given, so the relay makes one for development'
  if (isProduction) {
    return fail(
      'certificate',
      `${what}; it refuses to in production (NODE_ENV)`,
      'give --cert and --key; deploy/certificates.md says how to get them',
    )
  }
  if (isPublic) {
    return warn(
      'certificate',
      `${what}, which nobody else knows`,
      'give --cert and --key, or run "y-sealed-relay trust"',
    )
  }
  const path = join(tlsFolder, 'ca.pem')
  if (!existsSync(path)) return fine('certificate', what)
  const days = Math.floor((Date.parse(new X509Certificate(readFileSync(path)).validTo) - Date.now()) / DAY_MS)
  return fine('certificate', `${what}; its authority is good for another ${days} days`)
}
