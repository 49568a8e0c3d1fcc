/**
 * A whole relay over TLS on a free port, with tokens for it, whose every line of log is kept. It ends with the test.
 *
 * @module
 */
import { bytesToBase64url, cryptoReady, type Bytes } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { onTestFinished } from 'vitest'

import { createTokenVerifier } from '../../server/auth/token-verifier.ts'
import { createLocalBus } from '../../server/bus/local.ts'
import type { RelayLimits } from '../../server/core/limits.ts'
import type { Auth, Bus, Clock, HeadKey, Permission, Store } from '../../server/core/ports.ts'
import { createAuthority, createLeaf } from '../../server/ops/certificate.ts'
import { createEcKey } from '../../server/ops/ec-key.ts'
import { createSystemClock } from '../../server/ops/clock.ts'
import { createMetrics, type MemoryMetrics } from '../../server/ops/metrics.ts'
import { createRelay, type Relay } from '../../server/relay.ts'
import { createMemoryStore } from '../../server/store/memory.ts'
import { createTestDevice, RawClient } from './raw-client.ts'
import { AUDIENCE, createTestKey, ISSUER, keysOf, makeToken, type TestKey } from './tokens.ts'

export const ALL: readonly Permission[] = ['read', 'write', 'awareness', 'snapshot', 'members', 'create', 'delete']

let tls: Promise<{ readonly key: string; readonly cert: string; readonly ca: string }> | null = null

/** A certificate for this machine and the authority that it is from; one for all tests of a file. */
export async function testCertificate(): Promise<{ readonly key: string; readonly cert: string; readonly ca: string }> {
  tls ??= (async () => {
    const hosts = ['localhost', '127.0.0.1']
    const authorityKey = createEcKey()
    const ca = await createAuthority(authorityKey, hosts, Date.now())
    const key = createEcKey()
    return { key, cert: await createLeaf(key, { key: authorityKey, cert: ca }, hosts, Date.now()), ca }
  })()
  return tls
}

/** A head key from a device: Ed25519 is Ed25519. */
export function createTestHeadKey(): HeadKey {
  const device = createTestDevice()
  return { publicKey: device.signPublic, sign: (message) => device.sign(message) }
}

export interface LogLine {
  readonly level: string
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface TestRelayOptions {
  readonly store?: Store
  readonly bus?: Bus
  readonly clock?: Clock
  readonly headKey?: HeadKey
  readonly key?: TestKey
  readonly origins?: readonly string[]
  readonly limits?: Partial<RelayLimits>
  /** Proxies that it believes. */
  readonly trustedProxies?: readonly string[]
  /** Plain HTTP. */
  readonly isPlain?: boolean
  /** Stands between the relay and the verifier of tokens. */
  readonly wrapAuth?: (auth: Auth) => Auth
}

export interface TestRelay {
  readonly relay: Relay
  readonly store: Store
  readonly url: string
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly isPlain: boolean
  readonly log: readonly LogLine[]
  readonly metrics: MemoryMetrics
  readonly headKey: HeadKey
  readonly key: TestKey
  /** A good token, its claims changed as told. */
  token(
    document: Bytes,
    device: Device | null,
    permissions?: readonly Permission[],
    changes?: Record<string, unknown>,
  ): string
  /** A client that has said HELLO. */
  client(options: {
    readonly document: Bytes
    readonly device?: Device
    readonly permissions?: readonly Permission[]
    readonly token?: string
  }): Promise<RawClient>
  /** A client that has yet to say HELLO. */
  connect(token: string, device?: Device): RawClient
  close(): Promise<void>
}

export async function startTestRelay(options: TestRelayOptions = {}): Promise<TestRelay> {
  await cryptoReady()
  const { key: tlsKey, cert, ca } = await testCertificate()
  const { isPlain = false } = options
  const clock = options.clock ?? createSystemClock()
  const store = options.store ?? createMemoryStore()
  const headKey = options.headKey ?? createTestHeadKey()
  const key = options.key ?? createTestKey('k1')
  const metrics = createMetrics()
  const log: LogLine[] = []
  const write =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      void log.push({ level, event, fields })
  const verifier = createTokenVerifier({ keys: await keysOf(key), issuers: [ISSUER], audiences: [AUDIENCE], clock })
  const relay = await createRelay({
    store,
    bus: options.bus ?? createLocalBus(),
    auth: options.wrapAuth?.(verifier) ?? verifier,
    audiences: [AUDIENCE],
    origins: options.origins ?? [],
    tls: isPlain ? null : { key: tlsKey, cert },
    trustedProxies: options.trustedProxies ?? [],
    headKey,
    clock,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    metrics,
    ...(options.limits !== undefined && { limits: options.limits }),
  })
  const { port } = await relay.listen({ host: '127.0.0.1', port: 0 })
  const url = `wss://127.0.0.1:${port}/sync`
  let isClosed = false
  const clients: RawClient[] = []

  async function close(): Promise<void> {
    if (isClosed) return
    isClosed = true
    for (const client of clients) client.terminate()
    await relay.close()
  }
  onTestFinished(close)

  let tokens = 0
  const token: TestRelay['token'] = (document, device, permissions = ALL, changes = {}) => {
    const nowS = Math.floor(clock.now() / 1000)
    return makeToken(key, {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'alice',
      jti: `token-${++tokens}`,
      iat: nowS,
      exp: nowS + 300,
      doc: bytesToBase64url(document),
      perm: permissions,
      ...(device !== null && { cnf: bytesToBase64url(device.id) }),
      ...changes,
    })
  }
  const connect: TestRelay['connect'] = (token, device = createTestDevice()) => {
    const client = new RawClient({ url, ca, token, device, audience: AUDIENCE })
    clients.push(client)
    return client
  }
  return {
    relay,
    store,
    url,
    host: '127.0.0.1',
    port,
    ca,
    isPlain,
    log,
    metrics,
    headKey,
    key,
    token,
    connect,
    close,
    async client({ document, device = createTestDevice(), permissions = ALL, token: given }) {
      const client = connect(given ?? token(document, device, permissions), device)
      await client.hello()
      return client
    },
  }
}
