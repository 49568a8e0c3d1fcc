/**
 * A relay as `serve` runs it, in this process: certificate files, database, operations port and log, with tokens of its own issuer.
 *
 * @module
 */
import { cryptoReady, type Bytes } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

import { issueToken } from '../../server/auth/issue-token.ts'
import type { Permission } from '../../server/core/ports.ts'
import { createAuthority, createLeaf } from '../../server/ops/certificate.ts'
import { createEcKey } from '../../server/ops/ec-key.ts'
import { keysFolderOf, loadIssuerKey } from '../../server/ops/signing-key.ts'
import { startRelay, type RunningRelay } from '../../server/serve.ts'
import type { RelaySettings } from '../../server/settings.ts'
import { createTestDevice, RawClient } from './raw-client.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'
import { ALL } from './test-relay.ts'

const HOSTS = ['localhost', '127.0.0.1']

export interface LogEntry extends Readonly<Record<string, unknown>> {
  readonly level: string
  readonly event: string
}

/** An authority that makes certificates into files, as an ACME client does. */
export interface TestAuthority {
  readonly ca: string
  readonly certPath: string
  readonly keyPath: string
  /** Replaces the certificate file, under the same key unless told otherwise; gives the new certificate. */
  renew(options?: { readonly nowMs?: number; readonly newKey?: boolean }): Promise<string>
}

export async function createTestAuthority(folder = makeTemporaryFolder()): Promise<TestAuthority> {
  const authorityKey = createEcKey()
  const ca = await createAuthority(authorityKey, HOSTS, Date.now())
  const certPath = join(folder, 'fullchain.pem')
  const keyPath = join(folder, 'privkey.pem')
  let key = createEcKey()
  const renew: TestAuthority['renew'] = async ({ nowMs = Date.now(), newKey = false } = {}) => {
    if (newKey) key = createEcKey()
    const cert = await createLeaf(key, { key: authorityKey, cert: ca }, HOSTS, nowMs)
    writeFileSync(certPath, cert)
    writeFileSync(keyPath, key, { mode: 0o600 })
    return cert
  }
  await renew()
  return { ca, certPath, keyPath, renew }
}

export interface OperatedRelay {
  readonly relay: RunningRelay
  readonly data: string
  readonly authority: TestAuthority
  readonly lines: readonly string[]
  /** The lines, read. */
  readonly log: () => readonly LogEntry[]
  readonly token: (document: Bytes, device: Device, permissions?: readonly Permission[], subject?: string) => string
  /** A client that has said HELLO. */
  readonly client: (document: Bytes, token?: string, device?: Device) => Promise<RawClient>
  /** The same for an audience that is not the address itself. */
  readonly dial: (token: string, device: Device, audience: string) => Promise<RawClient>
  /** Asks the operations port. */
  readonly ask: (path: string, headers?: Readonly<Record<string, string>>, method?: string) => Promise<Answer>
  /** A number from `/metrics`: `name` as Prometheus has it, labels and all. */
  readonly metric: (name: string) => Promise<number | undefined>
}

export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** `hasOperations`: with a port for them. */
export async function startOperatedRelay(settings: RelaySettings = {}, hasOperations = true): Promise<OperatedRelay> {
  await cryptoReady()
  const authority = await createTestAuthority()
  const data = join(makeTemporaryFolder(), 'data')
  const lines: string[] = []
  const relay = await startRelay({
    data,
    port: 0,
    ...(hasOperations && { opsPort: 0 }),
    ...(settings.plaintext !== true && { cert: authority.certPath, key: authority.keyPath }),
    writeLog: (line) => void lines.push(line),
    ...settings,
  })
  const clients: RawClient[] = []
  onTestFinished(async () => {
    for (const client of clients) client.terminate()
    await relay.close()
  })
  const ask: OperatedRelay['ask'] = (path, headers, method) => askHttp(`${relay.operationsUrl}${path}`, headers, method)
  const token: OperatedRelay['token'] = (document, device, permissions = ALL, subject = 'alice') =>
    issueToken(loadIssuerKey(keysFolderOf(data)), Date.now(), {
      document,
      device: device.id,
      permissions,
      audience: relay.url,
      subject,
    }).token
  const dial: OperatedRelay['dial'] = async (given, device, audience) => {
    const url = `wss://127.0.0.1:${relay.port}/sync`
    const client = new RawClient({ url, ca: authority.ca, token: given, device, audience })
    clients.push(client)
    await client.hello()
    return client
  }
  return {
    relay,
    data,
    authority,
    lines,
    log: () => lines.map((line) => JSON.parse(line) as LogEntry),
    token,
    ask,
    client: (document, given, device = createTestDevice()) => dial(given ?? token(document, device), device, relay.url),
    dial,
    async metric(name) {
      const { body } = await ask('/metrics')
      const line = body.split('\n').find((text) => text.startsWith(`${name} `))
      return line === undefined ? undefined : Number(line.slice(name.length + 1))
    },
  }
}

/** One plain request on a connection of its own. */
export function askHttp(url: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers, agent: false }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }))
    })
      .on('error', reject)
      .end()
  })
}
