/**
 * sslscan: a second opinion on protocols and suites. Rows A1, A2, A3, A7, A8.
 *
 * @module
 */
import type { Finding } from './finding.ts'
import { runScanner } from './scanner.ts'

const MOST_MS = 90_000

/** What Mozilla's intermediate profile has and Node offers. */
const GOOD_SUITE =
  /^(?:TLS_(?:AES_128_GCM_SHA256|AES_256_GCM_SHA384|CHACHA20_POLY1305_SHA256)|ECDHE-ECDSA-(?:AES128-GCM-SHA256|AES256-GCM-SHA384|CHACHA20-POLY1305))$/

/** Scans the server at `host:port`. */
export async function scanWithSslscan(address: string): Promise<readonly Finding[]> {
  const { output, isCutShort } = await runScanner('sslscan', ['--no-colour', address], MOST_MS)
  const findings: Finding[] = []
  const find = (isGood: boolean, subject: string, text: string): void =>
    void findings.push({ scanner: 'sslscan', verdict: isGood ? 'ok' : 'bad', subject, text })
  for (const [, protocol = '', state = ''] of output.matchAll(/^((?:SSL|TLS)v\S+)\s+(enabled|disabled)$/gm)) {
    find((state === 'enabled') === /^TLSv1\.[23]$/.test(protocol), protocol, state)
  }
  for (const [, protocol = '', suite = ''] of output.matchAll(
    /^(?:Preferred|Accepted)\s+(TLSv\S+|SSLv\S+)\s+\d+ bits\s+(\S+)/gm,
  )) {
    find(GOOD_SUITE.test(suite), `${protocol} suite`, suite)
  }
  for (const [line] of output.matchAll(
    /^.*(?:vulnerable to heartbleed|renegotiation|[Cc]ompression (?:en|dis)abled).*$/gm,
  )) {
    if (line.endsWith(':')) continue
    find(/not vulnerable|not supported|disabled|Secure/.test(line), 'feature', line.trim())
  }
  if (isCutShort || findings.length === 0) find(false, 'run', 'did not come to its end')
  return findings
}
