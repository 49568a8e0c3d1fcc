import { chmodSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import Database from 'better-sqlite3'

import { examineRelay } from '../../../../server/doctor.ts'
import type { Machine } from '../../../../server/ops/examine-machine.ts'
import { findingsToText, type Finding } from '../../../../server/ops/finding.ts'
import type { RelaySettings } from '../../../../server/settings.ts'
import { startRelay } from '../../../../server/serve.ts'
import { createTestAuthority, startOperatedRelay } from '../../../support/operated-relay.ts'
import { runRelayCommand } from '../../../support/command-line.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'

const DAY_MS = 86_400_000

function createMachine(changes: Partial<Machine> = {}): Machine {
  return {
    now: Date.now,
    nodeVersion: '24.1.0',
    userId: process.getuid?.() ?? null,
    isClockSynchronised: () => true,
    freeBytes: () => 50 * 1024 ** 3,
    ...changes,
  }
}

/** Asks with a free port and a fresh folder unless told otherwise. */
async function examine(settings: RelaySettings = {}, machine: Partial<Machine> = {}): Promise<readonly Finding[]> {
  const data = join(makeTemporaryFolder(), 'data')
  return await examineRelay({ data, port: 0, ...settings }, createMachine(machine))
}

function of(findings: readonly Finding[], check: string): Finding | undefined {
  return findings.find((finding) => finding.check === check)
}

/** A data folder that a relay has used. */
async function usedFolder(): Promise<string> {
  const data = join(makeTemporaryFolder(), 'data')
  await (await startRelay({ data, port: 0, logLevel: 'silent' })).close()
  return data
}

describe('doctor', () => {
  it('finds nothing wrong with a machine that is well, makes nothing, and says so', async () => {
    const data = join(makeTemporaryFolder(), 'data')
    const findings = await examine({ data })
    expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([])
    expect(existsSync(data)).toBe(false)
    expect(findingsToText(findings)).toMatch(/\nAll is well\.$/)
  })

  it('says of everything that is wrong what it means and what to do', async () => {
    const data = await usedFolder()
    chmodSync(data, 0o755)
    const findings = await examine({ data, cert: 'missing.pem' }, { nodeVersion: '20.20.2', freeBytes: () => 1 })
    const wrong = findings.filter(({ verdict }) => verdict !== 'ok')
    expect(wrong.map(({ check }) => check)).toEqual(['node', 'data', 'disk', 'settings'])
    for (const { text, advice } of wrong) {
      expect(text).not.toBe('')
      expect(advice).toMatch(/\w/)
    }
    expect(findingsToText(findings)).toMatch(/FAIL {2}data +.*mode 755.*\n +→ run "chmod 700/)
  })

  it.each<[string, Partial<Machine>, Finding['verdict'], string]>([
    ['that NTP keeps', {}, 'ok', 'it is'],
    ['that nobody keeps', { isClockSynchronised: () => false }, 'warn', 'no NTP'],
    ['of which nobody knows', { isClockSynchronised: () => null }, 'ok', 'it is'],
    ['that was moved', { now: () => Date.now() + 60_000 }, 'warn', 'moved by 60 s'],
  ])('sees a clock %s', async (_what, machine, verdict, text) => {
    expect(of(await examine({}, machine), 'clock')).toMatchObject({
      verdict,
      text: expect.stringContaining(text) as string,
    })
  })

  it('sees a clock that was set back behind the relay’s own files', async () => {
    const data = await usedFolder()
    const later = new Date(Date.now() + 3_600_000)
    utimesSync(join(data, 'keys'), later, later)
    expect(of(await examine({ data }), 'clock')).toMatchObject({
      verdict: 'fail',
      text: expect.stringContaining('set back') as string,
    })
  })

  it('[I8] sees keys and a database that others may read', async () => {
    const data = await usedFolder()
    chmodSync(join(data, 'keys/issuer.key'), 0o644)
    chmodSync(join(data, 'relay.db'), 0o644)
    const findings = (await examine({ data })).filter(({ check }) => check === 'files')
    expect(findings.map(({ verdict, text }) => [verdict, text])).toEqual([
      ['fail', expect.stringContaining('issuer.key may be read by other users (mode 644)')],
      ['warn', expect.stringContaining('relay.db may be read by other users (mode 644)')],
    ])
  })

  it('sees a folder of somebody else', async () => {
    const data = await usedFolder()
    expect(of(await examine({ data }, { userId: 4711 }), 'data')).toMatchObject({ verdict: 'warn' })
  })

  it.each<[number, Finding['verdict']]>([
    [50, 'fail'],
    [500, 'warn'],
    [5000, 'ok'],
  ])('sees %i MiB of room', async (mib, verdict) => {
    expect(of(await examine({}, { freeBytes: () => mib * 1024 ** 2 }), 'disk')).toMatchObject({ verdict })
  })

  it('reads the database of a relay that runs, which goes on', async () => {
    const operated = await startOperatedRelay()
    const { relay, data, authority } = operated
    const settings = { data, port: Number(new URL(relay.url).port), cert: authority.certPath, key: authority.keyPath }
    const findings = await examineRelay(settings, createMachine())
    expect(of(findings, 'database')).toMatchObject({
      verdict: 'ok',
      text: expect.stringContaining('synced at every commit') as string,
    })
    expect(of(findings, 'port')?.text).toMatch(/something speaks TLS|our relay answers/)
    expect(await operated.ask('/readyz')).toMatchObject({ status: 200 })
    // The lock on the store holds.
    await expect(startRelay({ data, port: 0, logLevel: 'silent' })).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  })

  it('knows our relay by its answer', async () => {
    const data = join(makeTemporaryFolder(), 'data')
    const relay = await startRelay({ data, port: 0, logLevel: 'silent' })
    onTestFinished(() => relay.close())
    const findings = await examine({ data, port: Number(new URL(relay.url).port) })
    expect(of(findings, 'port')).toMatchObject({
      verdict: 'ok',
      text: expect.stringContaining('our relay answers') as string,
    })
  })

  it('sees a port that another program has', async () => {
    const other = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(of(await examine({ port }), 'port')).toMatchObject({
      verdict: 'fail',
      text: expect.stringContaining('another program') as string,
    })
  })

  it('sees a database that is none, one of somebody else, and one that is damaged', async () => {
    const none = await usedFolder()
    writeFileSync(
      join(none, 'relay.db'),
      'this is no database at all, but it is long enough to be looked at\n'.repeat(20),
    )
    expect(of(await examine({ data: none }), 'database')).toMatchObject({ verdict: 'fail' })

    const foreign = await usedFolder()
    const db = new Database(join(foreign, 'relay.db'))
    db.pragma('application_id = 1')
    db.close()
    expect(of(await examine({ data: foreign }), 'database')).toMatchObject({ verdict: 'fail' })

    const damaged = await usedFolder()
    const inner = new Database(join(damaged, 'relay.db'))
    inner.unsafeMode(true)
    inner.pragma('writable_schema = ON')
    inner.exec(`UPDATE sqlite_schema SET rootpage = 999 WHERE name = 'entries'`)
    inner.close()
    expect(of(await examine({ data: damaged }), 'database')).toMatchObject({ verdict: 'fail' })
  })

  it('sees a certificate that ends, is not yet good, has another name, another key, or none of ours', async () => {
    const authority = await createTestAuthority()
    const pair = { cert: authority.certPath, key: authority.keyPath, urls: ['wss://localhost/sync'] }
    const verdictOf = async (settings: RelaySettings): Promise<readonly (string | undefined)[]> => {
      const finding = of(await examine(settings), 'certificate')
      return [finding?.verdict, finding?.text]
    }
    expect(await verdictOf(pair)).toEqual(['ok', expect.stringContaining('localhost')])
    expect(await verdictOf({ ...pair, urls: ['wss://relay.example/sync'] })).toEqual([
      'fail',
      expect.stringContaining('not for relay.example'),
    ])
    await authority.renew({ nowMs: Date.now() - 75 * DAY_MS })
    expect(await verdictOf(pair)).toEqual(['warn', expect.stringContaining('14 days are left')])
    await authority.renew({ nowMs: Date.now() + 2 * DAY_MS })
    expect(await verdictOf(pair)).toEqual(['fail', expect.stringContaining('still to come')])
    await authority.renew({ nowMs: Date.now() - 100 * DAY_MS })
    expect(await verdictOf(pair)).toEqual(['fail', expect.stringContaining('expired')])
    const other = await createTestAuthority()
    expect(await verdictOf({ ...pair, key: other.keyPath })).toEqual([
      'fail',
      expect.stringContaining('is not that of'),
    ])
    expect(await verdictOf({ environment: { NODE_ENV: 'production' } })).toEqual([
      'fail',
      expect.stringContaining('refuses to in production'),
    ])
    expect(await verdictOf({ host: '0.0.0.0' })).toEqual(['warn', expect.stringContaining('nobody else knows')])
  })

  it('sees settings that a relay would regret or refuse, and a key set that cannot be read', async () => {
    const texts = async (settings: RelaySettings): Promise<string> =>
      (await examine(settings)).map(({ verdict, text }) => `${verdict}: ${text}`).join('\n')
    expect(await texts({ host: '0.0.0.0', create: 'open' })).toContain(
      'warn: anybody who reaches this relay may create',
    )
    expect(await texts({ opsPort: 0, opsHost: '0.0.0.0' })).toContain('warn: other machines can read the metrics')
    expect(await texts({ urls: ['wss://relay.example/sync'] })).toContain('listens on 127.0.0.1 alone')
    expect(await texts({ opsHost: '0.0.0.0' })).toContain('fail: --ops-host says where, but not what')
    const jwks = join(makeTemporaryFolder(), 'jwks.json')
    expect(await texts({ jwks, issuer: 'https://app.example' })).toContain('cannot be read, so no token can be judged')
    writeFileSync(jwks, '{"keys":[]}')
    expect(await texts({ jwks, issuer: 'https://app.example' })).toMatch(/fail: .*key/)
  })

  it('[A14] sees plaintext that leaves the machine, and knows a relay in plaintext when it meets one', async () => {
    const settings = { plaintext: true, trustedProxies: ['127.0.0.2'], urls: ['wss://relay.example/sync'] }
    const open = await examine({ ...settings, host: '0.0.0.0' })
    expect(of(open, 'settings')).toMatchObject({
      verdict: 'warn',
      text: expect.stringContaining('in the clear') as string,
    })
    const closed = await examine(settings)
    expect(closed.filter(({ verdict }) => verdict !== 'ok')).toEqual([])
    expect(of(closed, 'certificate')?.text).toContain('plain HTTP')
    const { relay, data } = await startOperatedRelay(settings)
    const findings = await examineRelay({ ...settings, data, port: relay.port }, createMachine())
    expect(of(findings, 'port')).toMatchObject({ verdict: 'ok', text: expect.stringContaining('our relay') as string })
    const other = createHttpServer((_request, response) => response.writeHead(403).end())
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const { port } = other.address() as AddressInfo
    expect(of(await examine({ ...settings, port }), 'port')).toMatchObject({ verdict: 'fail' })
  })

  it('changes nothing in a folder that it looks at', async () => {
    const data = await usedFolder()
    mkdirSync(join(data, 'other'))
    const before = new Set(readdirSync(data, { recursive: true, encoding: 'utf8' }))
    await examine({ data })
    expect(new Set(readdirSync(data, { recursive: true, encoding: 'utf8' }))).toEqual(before)
  })

  it('ends with 1 when something must be mended, and speaks JSON', { timeout: 60_000 }, async () => {
    const data = await usedFolder()
    chmodSync(data, 0o755)
    const { exitCode, stdout } = await runRelayCommand(['doctor', '--data', data, '--port', '0', '--json'])
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ check: 'data', verdict: 'fail' }))
  })
})
