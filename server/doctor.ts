/**
 * `doctor`: every question that decides whether a relay can serve as it is set up, asked without starting one and without changing
 * anything. It may run beside a relay on the same data.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseJwks } from './auth/jwks.ts'
import { authorityPathOf, tlsFolderOf } from './ops/development-certificate.ts'
import { examineDevelopmentCertificate, examineGivenCertificate } from './ops/examine-certificate.ts'
import {
  examineClock,
  examineFolder,
  examineNode,
  examineRoom,
  thisMachine,
  type Machine,
} from './ops/examine-machine.ts'
import { examinePort } from './ops/examine-port.ts'
import { fail, failFrom, fine, warn, type Finding } from './ops/finding.ts'
import { isLoopbackHost } from './ops/host-name.ts'
import { completeSettings, type CompleteSettings, type RelaySettings } from './settings.ts'
import { examineDatabase } from './store/sqlite/examine-database.ts'

/** All findings, in the order in which they are to be mended. Never rejects. */
export async function examineRelay(
  settings: RelaySettings,
  machine: Machine = thisMachine(),
): Promise<readonly Finding[]> {
  const data = settings.data ?? './data'
  const findings: Finding[] = [
    examineNode(machine),
    examineClock(machine, data),
    ...examineFolder(machine, data),
    examineRoom(machine, data),
    examineStore(join(data, 'relay.db')),
  ]
  let complete: CompleteSettings
  try {
    complete = completeSettings(settings, settings.port ?? 8443)
  } catch (error) {
    return [...findings, failFrom('settings', error)]
  }
  findings.push(...examineSettings(complete))
  findings.push(...examineTls(complete, settings.environment ?? {}, machine.now()))
  if (complete.external !== null) findings.push(await examineKeySet(complete.external.jwks, machine.now()))
  const [url = ''] = complete.audiences
  findings.push(
    await examinePort({
      host: complete.host,
      port: complete.port,
      isPlaintext: complete.isPlaintext,
      serverName: new URL(url.replace(/^wss:/, 'https:')).hostname,
      authorities: readAuthorities(complete),
    }),
  )
  return findings
}

function examineStore(path: string): Finding {
  if (!existsSync(path)) return fine('database', 'there is none yet; it will be made at the first start')
  try {
    const { documents, entries, damage, synchronous, journalMode } = examineDatabase(path)
    if (damage.length > 0) {
      return fail(
        'database',
        `it is damaged (${damage.join('; ').slice(0, 200)}): what it holds may be lost in part`,
        'stop the relay, keep a copy of the three files relay.db*, and restore a backup; see deploy/backups.md',
      )
    }
    if (synchronous !== 2) {
      return fail(
        'database',
        'SQLite does not take synchronous=FULL here: a power cut could lose what was acknowledged',
        'install better-sqlite3 as this package names it',
      )
    }
    if (journalMode !== 'wal') {
      return warn('database', `its journal is ${journalMode}, not WAL`, 'start the relay once: it sets that right')
    }
    return fine('database', `whole, synced at every commit; ${documents} documents, ${entries} entries`)
  } catch (error) {
    return failFrom('database', error)
  }
}

function examineSettings(settings: CompleteSettings): readonly Finding[] {
  const { host, create, external, operations, audiences, isPlaintext, trustedProxies } = settings
  const findings: Finding[] = []
  const isPublic = !isLoopbackHost(host) || trustedProxies.length > 0
  if (isPlaintext && !isLoopbackHost(host)) {
    findings.push(
      warn(
        'settings',
        'tokens and addresses travel in the clear between the proxy and this relay (--plaintext)',
        'put both on one machine with --host 127.0.0.1, or let the proxy speak TLS to the relay: see deploy/proxies.md',
      ),
    )
  }
  if (isPublic && external === null && create === 'open') {
    findings.push(
      warn(
        'settings',
        'anybody who reaches this relay may create documents (--create open)',
        'use --create invite or closed where strangers can reach it',
      ),
    )
  }
  if (operations !== null && !isLoopbackHost(operations.host)) {
    findings.push(
      warn(
        'settings',
        'other machines can read the metrics, without a password (--ops-host)',
        'let a firewall admit your monitoring alone',
      ),
    )
  }
  if (!isPublic && audiences.some((url) => !isLoopbackHost(new URL(url.replace(/^wss:/, 'https:')).hostname))) {
    findings.push(
      warn(
        'settings',
        `clients are to dial ${audiences.join(', ')}, but the relay listens on ${host} alone`,
        'give --host 0.0.0.0, unless a proxy on this machine stands in front',
      ),
    )
  }
  return findings.length > 0 ? findings : [fine('settings', `clients dial ${audiences.join(', ')}`)]
}

function examineTls(
  { data, given, host, audiences, isPlaintext }: CompleteSettings,
  environment: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): readonly Finding[] {
  const dialled = audiences.map((url) => new URL(url.replace(/^wss:/, 'https:')).hostname.replace(/^\[|\]$/g, ''))
  if (isPlaintext) return [fine('certificate', 'none: plain HTTP, and the proxy in front shows its own')]
  if (given !== null) return examineGivenCertificate(given, [...new Set(dialled)], nowMs)
  const isProduction = environment['NODE_ENV'] === 'production'
  return [examineDevelopmentCertificate(tlsFolderOf(data), { isPublic: !isLoopbackHost(host), isProduction })]
}

/** The key set of the app's issuer, and the clock of the server that it is from. */
async function examineKeySet(source: string, nowMs: number): Promise<Finding> {
  try {
    if (!/^https?:/i.test(source)) {
      const keys = await parseJwks(readFileSync(source, 'utf8'))
      return fine('key set', `${keys.length} of its keys can sign tokens`)
    }
    const response = await fetch(source, { redirect: 'error', signal: AbortSignal.timeout(5000) })
    const keys = await parseJwks(await response.text())
    const aheadMs = Date.parse(response.headers.get('date') ?? '') - nowMs
    if (Math.abs(aheadMs) > 6000) {
      return fail(
        'key set',
        `the clock of its server is ${Math.round(aheadMs / 1000)} s from ours: good tokens are refused beyond 5 s`,
        'set both clocks by NTP',
      )
    }
    return fine('key set', `${keys.length} of its keys can sign tokens, and its server’s clock agrees with ours`)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'BAD_SETTINGS') return failFrom('key set', error)
    return fail(
      'key set',
      `${source} cannot be read, so no token can be judged`,
      'check --jwks, and that it is reachable from here',
    )
  }
}

function readAuthorities({ data, given }: CompleteSettings): readonly string[] {
  const path = given?.cert ?? authorityPathOf(tlsFolderOf(data))
  try {
    return [readFileSync(path, 'ascii')]
  } catch {
    return []
  }
}
