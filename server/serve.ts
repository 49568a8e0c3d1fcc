/**
 * The composition root: store, bus, tokens, certificate and relay, put together as the settings say. Used by the command line,
 * by tests and by the demo.
 *
 * @module
 */
import { statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { createRevocations, REVOCATION_MEMORY_MS, type Revocations } from './auth/revocations.ts'
import { createLocalBus } from './bus/local.ts'
import { DEFAULT_LIMITS, type RelayLimits } from './core/limits.ts'
import type { Clock, Log, Store } from './core/ports.ts'
import { keepCertificate, type CertificateKeeper } from './ops/certificate-keeper.ts'
import { createCertificateSource } from './ops/certificate-source.ts'
import { isPrivateHost } from './ops/private-host.ts'
import { createSystemClock } from './ops/clock.ts'
import { fitConnections, readDescriptorLimit } from './ops/descriptor-limit.ts'
import { authorityPathOf, tlsFolderOf } from './ops/development-certificate.ts'
import { hostInUrl, isLoopbackHost } from './ops/host-name.ts'
import { followNames } from './ops/living-names.ts'
import { createLog } from './ops/log.ts'
import { measureAuth } from './ops/measured-auth.ts'
import { measureStore } from './ops/measured-store.ts'
import { startOperationsServer } from './ops/operations-server.ts'
import { fingerprintOf } from './ops/pins.ts'
import { watchProcess } from './ops/process-figures.ts'
import { createPrometheusMetrics, type PrometheusMetrics } from './ops/prometheus.ts'
import { followRevocations, revocationPathOf } from './ops/revocation-file.ts'
import { createSampledLog, type SampledLog } from './ops/sampled-log.ts'
import { makeSecretFolder } from './ops/secret-file.ts'
import { SettingsError } from './ops/settings-error.ts'
import { keysFolderOf, loadHeadKey } from './ops/signing-key.ts'
import { createAuth, enterRevocations } from './relay-auth.ts'
import { createRelay, type Relay } from './relay.ts'
import { completeSettings, type CompleteSettings, type RelaySettings } from './settings.ts'
import { openSqliteStore } from './store/sqlite/store.ts'
import { createTokenEndpoint } from './transport/token-endpoint.ts'

/** A relay that runs. */
export interface RunningRelay {
  /** Address that clients on this machine dial. */
  readonly url: string
  /** That it listens on. */
  readonly port: number
  /** All addresses that tokens and clients may name, as they are now. [AU5] */
  readonly urls: readonly string[]
  /** The `https:` origin that a person opens; from another device when there is a way. It may change with `lan`. */
  readonly pageUrl: string
  /** Where `/healthz`, `/readyz` and `/metrics` are; `null` without a port for them. */
  readonly operationsUrl: string | null
  /** SHA-256 of the certificate in use; `null` in plaintext. */
  readonly fingerprint: string | null
  /** The development authority's certificate; `null` with a certificate of one's own, and in plaintext. */
  readonly caPath: string | null
  readonly log: SampledLog
  readonly metrics: PrometheusMetrics
  /** What was taken back before its time. Open sockets are asked at once: call these and nothing else. [D24] */
  readonly revocations: Pick<Revocations, 'revokeToken' | 'revokeSubject' | 'revokeDevice'>
  /** Takes certificate and key set anew. What is bad is complained of in the log, and the old one stays. [A12] [D31] */
  reload(): Promise<void>
  /** Stops listening, says goodbye to clients and closes the store. [J11] */
  close(): Promise<void>
}

/** How long open clients are given to leave when the relay stops. [J11] */
const GRACE_MS = 2000

/**
 * Starts a relay. Rejects with `SettingsError` (code `BAD_SETTINGS`) when the settings cannot work, and with the system's error
 * when the port or the disk is not to be had; nothing is left running then.
 */
export async function startRelay(settings: RelaySettings = {}): Promise<RunningRelay> {
  const port =
    settings.port === undefined ? 8443 : settings.port === 0 ? await findFreePort(settings.host) : settings.port
  const complete = completeSettings(settings, port)
  const clock = createSystemClock()
  const write = settings.writeLog ?? ((line: string): void => void process.stderr.write(line))
  const metrics = createPrometheusMetrics()
  const log = createSampledLog({ log: createLog({ level: complete.logLevel, clock, write }), clock, metrics })
  /** What has begun, to be ended in the opposite order. */
  const endings: (() => Promise<void> | void)[] = []
  const end = async (): Promise<void> => {
    for (const ending of endings.splice(0).reverse()) await ending()
  }
  try {
    const running = await start(complete, settings, { clock, log, metrics, endings })
    return {
      ...running,
      get fingerprint() {
        return running.fingerprint
      },
      get pageUrl() {
        return running.pageUrl
      },
      async close() {
        if (endings.length === 0) return
        await end()
        log.info('stopped')
        log.flush()
      },
    }
  } catch (error) {
    await end()
    log.flush()
    throw error
  }
}

interface Parts {
  readonly clock: Clock
  readonly log: SampledLog
  readonly metrics: PrometheusMetrics
  readonly endings: (() => Promise<void> | void)[]
}

async function start(
  told: CompleteSettings,
  settings: RelaySettings,
  { clock, log, metrics, endings }: Parts,
): Promise<Omit<RunningRelay, 'close'>> {
  const { data, port } = told
  let keeper: CertificateKeeper | null = null
  const onChange = (): void => {
    log.info('addresses-changed', { urls: names.audiences.join(' ') })
    void (keeper?.reload() ?? Promise.resolve()).then(() => settings.onAddresses?.())
  }
  const names = told.isLan ? followNames(told, { read: () => completeSettings(settings, port), onChange, clock }) : told
  endings.push(() => ('close' in names ? names.close() : undefined))
  const { audiences, origins } = names
  const complete: CompleteSettings = { ...told, hosts: names.hosts, audiences, origins }
  makeSecretFolder(data)
  const source = complete.isPlaintext ? null : createCertificateSource(complete, settings.environment ?? {}, clock)
  const certificate = (await source?.load()) ?? null
  const path = join(data, 'relay.db')
  const store = measureStore(
    openSqliteStore({ path, onCommit: (tookMs) => metrics.observe('commit_seconds', tookMs / 1000) }),
    clock,
    metrics,
  )
  endings.push(() => store.close())
  const bus = createLocalBus()
  endings.push(() => bus.close())

  const revocations = createRevocations(clock)
  const { auth, issuer, reloadKeys } = await createAuth(complete, { documents: store, revocations, clock, log })
  // In plaintext the certificate is the proxy's.
  const strictTransport = complete.given !== null || complete.isPlaintext
  const { countsLoopback, networkTokenRequests } = { ...DEFAULT_LIMITS, ...complete.limits }
  const { burst, perSecond } = networkTokenRequests
  const rate = { countsLoopback, burst, requestsPerMinute: perSecond * 60 }
  const endpoint = { origins, clock, log, metrics, strictTransport, ...rate }
  const relay = await createRelay({
    store,
    bus,
    auth: measureAuth(auth, metrics),
    audiences,
    origins,
    tls: certificate && { key: certificate.key, cert: certificate.cert },
    trustedProxies: complete.trustedProxies,
    headKey: loadHeadKey(keysFolderOf(data)),
    ...(issuer === null ? {} : { tokenEndpoint: createTokenEndpoint({ ...endpoint, desk: issuer }) }),
    ...(complete.pages === undefined ? {} : { pages: complete.pages }),
    ...(complete.pageSockets === undefined ? {} : { pageSockets: complete.pageSockets }),
    clock,
    log,
    metrics,
    strictTransport,
    limits: fitLimits(complete.limits, log),
  })
  const followed = followRevocations({
    path: revocationPathOf(data),
    folder: data,
    clock,
    log,
    memoryMs: REVOCATION_MEMORY_MS,
    take(entries) {
      enterRevocations(revocations, entries)
      metrics.count('revocations', undefined, entries.length)
      log.info('revocations-taken', { count: entries.length })
      relay.recheckGrants()
    },
  })
  endings.push(() => followed.close())
  const use = relay.renewTls.bind(relay)
  keeper = source && certificate && keepCertificate({ source, current: certificate, use, clock, log, metrics })
  endings.push(() => keeper?.close())

  const operationsUrl = await startOperations(complete, { clock, log, metrics, endings }, { relay, store, keeper })
  endings.push(() => relay.close({ graceMs: GRACE_MS }))
  await relay.listen({ host: complete.host, port, ...(complete.isLan ? { admits: isNearby } : {}) })
  if (complete.isPlaintext) {
    log.warn('plaintext', {
      proxies: complete.trustedProxies.length,
      meaning:
        'tokens and addresses travel in the clear between the proxy and this relay: keep that way on one machine',
    })
  }
  log.info('started', { port, create: issuer === null ? 'external' : complete.create })

  /** Whatever is revoked, open sockets are asked. */
  const revoke = (enter: () => void): void => {
    enter()
    relay.recheckGrants()
  }
  return {
    url: audiences[0] as string,
    port,
    urls: audiences,
    get pageUrl() {
      return pageUrlOf(complete)
    },
    operationsUrl,
    get fingerprint() {
      return keeper === null ? null : fingerprintOf(keeper.current.cert)
    },
    caPath: complete.given === null && !complete.isPlaintext ? authorityPathOf(tlsFolderOf(data)) : null,
    log,
    metrics,
    revocations: {
      revokeToken: (tokenId, atMs) => revoke(() => revocations.revokeToken(tokenId, atMs)),
      revokeSubject: (subject, atMs) => revoke(() => revocations.revokeSubject(subject, atMs)),
      revokeDevice: (device, atMs) => revoke(() => revocations.revokeDevice(device, atMs)),
    },
    async reload() {
      await Promise.all([keeper?.reload(), reloadKeys()])
    },
  }
}

/** Gauges, and the port that shows them if there is to be one. */
async function startOperations(
  { operations, data }: CompleteSettings,
  { clock, log, metrics, endings }: Parts,
  { relay, store, keeper }: { readonly relay: Relay; readonly store: Store; readonly keeper: CertificateKeeper | null },
): Promise<string | null> {
  if (operations === null) return null
  const figures = watchProcess()
  endings.push(() => figures.close())
  metrics.addSource(() => {
    const { documents, queuedBytes, largestQueueBytes } = relay.readFigures()
    metrics.gauge('documents_open', documents)
    metrics.gauge('outbound_queue_bytes', queuedBytes)
    metrics.gauge('outbound_queue_largest_bytes', largestQueueBytes)
    metrics.gauge('draining', relay.isDraining ? 1 : 0)
    metrics.gauge('store_bytes', sizeOf(join(data, 'relay.db')) + sizeOf(join(data, 'relay.db-wal')))
    keeper?.show()
    figures.show(metrics)
  })
  const { host, port } = operations
  const server = await startOperationsServer({
    host,
    port,
    metrics,
    clock,
    async findHindrance() {
      if (relay.isDraining) return 'on the way down'
      const [row] = await store.status([new Uint8Array(16)])
      return row === null ? null : 'the store answers nonsense'
    },
  }).catch((error: unknown) => {
    throw new SettingsError(
      `the operations port ${port} on ${host} is not to be had: choose another with --ops-port, or leave it out`,
      { cause: error },
    )
  })
  endings.push(() => server.close())
  if (!isLoopbackHost(host)) {
    log.warn('operations-exposed', {
      host,
      meaning:
        'whoever reaches this address reads the metrics, without a password: let a firewall admit the monitoring alone',
    })
  }
  return `http://${hostInUrl(host)}:${server.port}`
}

/** As many sockets as there are descriptors for. [H14] */
function fitLimits(limits: Partial<RelayLimits>, log: Log): Partial<RelayLimits> {
  const { sockets, connections = Math.ceil(sockets * 1.1) } = { sockets: DEFAULT_LIMITS.sockets, ...limits }
  const descriptors = readDescriptorLimit()
  const fit = fitConnections({ sockets, connections }, descriptors)
  if (fit.sockets < sockets) {
    log.warn('descriptors-few', {
      descriptors: descriptors ?? 0,
      sockets: fit.sockets,
      meaning: `there is room for ${fit.sockets} sockets instead of ${sockets}: raise the limit of open files (LimitNOFILE, ulimit -n)`,
    })
  }
  return { ...limits, ...fit }
}

/** Looked at, never opened: closing another descriptor of these files would drop SQLite's locks. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** Has somebody come by an address that no public machine has? */
function isNearby(localAddress: string): boolean {
  return isPrivateHost(localAddress.replace(/^::ffff:/, ''))
}

/** Where a person finds it: by an address that other devices reach too, when there is one. */
function pageUrlOf({ hosts, audiences, port }: CompleteSettings): string {
  const own = audiences.map((audience) => audience.replace(/^wss:/, 'https:').replace(/sync$/, ''))
  const [lan] = hosts.filter((host) => !isLoopbackHost(host))
  return (
    own.find((url) => lan !== undefined && url.includes(`/${hostInUrl(lan)}`)) ?? own[0] ?? `https://localhost:${port}/`
  )
}

/** Audiences and origins name the port, so it has to be known before the relay is made. */
async function findFreePort(host = '127.0.0.1'): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, host, resolve))
  const address = probe.address()
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  return typeof address === 'object' && address !== null ? address.port : 0
}
