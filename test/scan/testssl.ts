/**
 * testssl.sh: everything that it has to say about protocols, suites and the named vulnerabilities. Rows A1 to A9.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Finding, Verdict } from './finding.ts'
import { runScanner } from './scanner.ts'

const MOST_MS = 420_000

/** One finding of its JSON. */
interface Row {
  readonly id: string
  readonly severity: string
  readonly finding: string
}

/** A development certificate is nobody's but ours, has no revocation and no transparency log: of the certificate, not of the relay. */
const OF_CERTIFICATE =
  /^(?:cert_|certs_|chain_of_trust|cert$|OCSP|DNS_CAArecord|certificate_transparency|trust|overall_grade|grade_cap_reason|final_score)/i

/** What no private authority offers, whoever's certificate it is: revocation, public logs, records of a domain that does not exist. */
const OF_AUTHORITY =
  /^(?:cert_(?:crlDistributionPoints|ocspURL|revocation|mustStaple)|cert_crlRevoked|OCSP|DNS_CAArecord|certificate_transparency)/i

/** What is as it is on purpose, and why. */
const MEANT: Readonly<Record<string, string>> = {
  cipher_order:
    'every suite offered is good, and the client knows which its hardware does fast (Mozilla, intermediate)',
}

/** What of the certificate is excused. */
export interface ScannedCertificate {
  /** An authority to be trusted; the public ones alone without it. */
  readonly caPath: string | null
  /** Is it the relay's own, for development? */
  readonly isOwn: boolean
}

function excuse(id: string, isOwn: boolean): string | undefined {
  if (isOwn && id === 'HSTS') return 'not with a development certificate'
  if (isOwn && OF_CERTIFICATE.test(id)) return 'of the development certificate'
  return MEANT[id] ?? (OF_AUTHORITY.test(id) ? 'of a private authority' : undefined)
}

/** Shown even when it is in order: what only a certificate that is no development certificate can show. */
const SHOWN = /^(?:HSTS|HSTS_time|cert_chain_of_trust|cert_trust|cert_expirationStatus|overall_grade)$/

const VERDICTS: Readonly<Record<string, Verdict>> = {
  OK: 'ok',
  INFO: 'ok',
  DEBUG: 'ok',
  WARN: 'note',
  LOW: 'note',
  MEDIUM: 'bad',
  HIGH: 'bad',
  CRITICAL: 'bad',
  FATAL: 'bad',
}

/** Scans the server at `host:port`; what is in order comes as one finding. */
export async function scanWithTestssl(
  address: string,
  folder: string,
  { caPath, isOwn }: ScannedCertificate,
): Promise<readonly Finding[]> {
  const path = join(folder, 'testssl.json')
  const args = ['--quiet', '--color', '0', '--warnings', 'off', '--ip', 'one', '--nodns', 'min', '--jsonfile', path]
  if (caPath !== null) args.push('--add-ca', caPath)
  const { isCutShort } = await runScanner('testssl', [...args, address], MOST_MS)
  const rows = readRows(path)
  const findings = rows
    .filter(({ id, severity }) => VERDICTS[severity] !== 'ok' || SHOWN.test(id))
    .map(({ id, severity, finding }): Finding => {
      const meant = excuse(id, isOwn)
      const verdict = meant === undefined ? (VERDICTS[severity] ?? 'note') : 'note'
      const reason = meant === undefined ? '' : ` (meant so: ${meant})`
      return { scanner: 'testssl', verdict, subject: id, text: `${severity}: ${finding}${reason}` }
    })
  const fine = `${rows.filter(({ severity }) => VERDICTS[severity] === 'ok').length} of ${rows.length} checks in order`
  const summary: Finding = isCutShort
    ? { scanner: 'testssl', verdict: 'bad', subject: 'run', text: `did not come to its end; ${fine}` }
    : { scanner: 'testssl', verdict: rows.length === 0 ? 'bad' : 'ok', subject: 'run', text: fine }
  return [summary, ...findings]
}

function readRows(path: string): readonly Row[] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as readonly Row[]
  } catch {
    return []
  }
}
