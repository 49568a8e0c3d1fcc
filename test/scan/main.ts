/**
 * Lets scanners of TLS and HTTP loose on a relay of its own on 127.0.0.1, and prints what they find. Scanners come from Debian packages;
 * what is missing and cannot be installed is skipped, loudly.
 *
 *     node --import tsx --conditions=source test/scan/main.ts [--out findings.json]
 *
 * With `Y_SEALED_CERT` and `Y_SEALED_KEY` the relay shows that certificate, and what is said of its chain counts; `Y_SEALED_SCAN_CA` is
 * the authority that scanners are to trust besides the public ones.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { startRelay } from '../../server/serve.ts'
import type { RelaySettings } from '../../server/settings.ts'
import { ensureComponents, isOnPath, type Component } from '../support/components.ts'
import { findingsToTable, type Finding } from './finding.ts'
import { scanWithSlowhttptest } from './slowhttptest.ts'
import { scanWithSslscan } from './sslscan.ts'
import { scanWithTestssl } from './testssl.ts'

const DEFAULT_OUT = fileURLToPath(new URL('../../test-results/scan.json', import.meta.url))

const SCANNERS: readonly Component[] = [
  { name: 'testssl', debianPackage: 'testssl.sh', usedFor: 'TLS by testssl.sh', isPresent: () => isOnPath('testssl') },
  { name: 'sslscan', debianPackage: 'sslscan', usedFor: 'TLS by sslscan', isPresent: () => isOnPath('sslscan') },
  {
    name: 'slowhttptest',
    debianPackage: 'slowhttptest',
    usedFor: 'slow requests by slowhttptest',
    isPresent: () => isOnPath('slowhttptest'),
  },
]

/** The certificate that the environment names; none is the relay's own, for development. */
function readCertificate(): Pick<RelaySettings, 'cert' | 'key'> {
  const { Y_SEALED_CERT: cert, Y_SEALED_KEY: key } = process.env
  return { ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) }
}

async function scan(out: string): Promise<void> {
  const missing = new Set(ensureComponents((line) => console.error(line), SCANNERS).map(({ name }) => name))
  const folder = mkdtempSync(join(tmpdir(), 'y-sealed-scan-'))
  let complaints = 0
  const relay = await startRelay({
    data: join(folder, 'data'),
    port: 0,
    ...readCertificate(),
    writeLog: (line) => void (complaints += line.includes('"level":"error"') ? 1 : 0),
  })
  const address = `127.0.0.1:${relay.port}`
  const caPath = relay.caPath ?? process.env['Y_SEALED_SCAN_CA'] ?? null
  const ca = caPath === null ? undefined : readFileSync(caPath, 'utf8')
  const isOwn = relay.caPath !== null
  const scans: readonly (readonly [string, () => Promise<readonly Finding[]>])[] = [
    ['sslscan', () => scanWithSslscan(address)],
    ['slowhttptest', () => scanWithSlowhttptest(`https://${address}`, ca)],
    ['testssl', () => scanWithTestssl(address, folder, { caPath, isOwn })],
  ]
  const findings: Finding[] = []
  try {
    for (const [name, run] of scans) {
      if (missing.has(name)) {
        findings.push({ scanner: name, verdict: 'note', subject: 'run', text: 'SKIPPED: it is not installed' })
        continue
      }
      const startedAt = performance.now()
      findings.push(...(await run()))
      console.error(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
    }
    const verdict = complaints === 0 ? 'ok' : 'bad'
    findings.push({ scanner: 'relay', verdict, subject: 'log', text: `${complaints} errors of its own` })
  } finally {
    await relay.close()
    rmSync(folder, { recursive: true, force: true })
  }
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, `${JSON.stringify(findings, null, 2)}\n`)
  console.log(findingsToTable(findings))
  if (findings.some(({ verdict }) => verdict === 'bad')) process.exitCode = 1
}

const { values } = parseArgs({ options: { out: { type: 'string', default: DEFAULT_OUT } } })
await scan(values.out)
