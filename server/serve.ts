/**
 * The composition root: store, bus, tokens, certificate and relay, put together as the settings say. Used by the command line,
 * by tests and by the demo.
 *
 * @module
 */
import { bytesToBase64url } from '@y-sealed/protocol'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { parseJwks } from './auth/jwks.ts'
import { createJwksKeys } from './auth/jwks-keys.ts'
import { createStaticKeys, type KeySource } from './auth/key-source.ts'
import { createTokenIssuer, issuerNameOf, type Documents, type TokenIssuer } from './auth/token-issuer.ts'
import { createTokenVerifier } from './auth/token-verifier.ts'
import { createLocalBus } from './bus/local.ts'
import type { Auth, Clock, Log } from './core/ports.ts'
import { createSystemClock } from './ops/clock.ts'
import { loadDevelopmentCertificate, refuseDevelopmentCertificate, tlsFolderOf } from './ops/development-certificate.ts'
import { readGivenCertificate } from './ops/given-certificate.ts'
import { hostInUrl, isLoopbackHost } from './ops/host-name.ts'
import { createLog } from './ops/log.ts'
import { createMetrics, type MemoryMetrics } from './ops/metrics.ts'
import { fingerprintOf } from './ops/pins.ts'
import { makeSecretFolder } from './ops/secret-file.ts'
import { SettingsError } from './ops/settings-error.ts'
import { keysFolderOf, loadHeadKey, loadIssuerKey, type NamedSigningKey } from './ops/signing-key.ts'
import type { TlsIdentity } from './ops/tls-options.ts'
import { createRelay, type Relay } from './relay.ts'
import { completeSettings, type CompleteSettings, type RelaySettings } from './settings.ts'
import { openSqliteStore } from './store/sqlite/store.ts'
import { createTokenEndpoint } from './transport/token-endpoint.ts'

/** A relay that runs. */
export interface RunningRelay {
  /** Address that clients on this machine dial. */
  readonly url: string
  /** All addresses that tokens and clients may name. [AU5] */
  readonly urls: readonly string[]
  /** The `https:` origin that a person opens; from another device when there is a way. */
  readonly pageUrl: string
  /** SHA-256 of the certificate. */
  readonly fingerprint: string
  /** The development authority's certificate; `null` with a certificate of one's own. */
  readonly caPath: string | null
  readonly metrics: MemoryMetrics
  /** Stops listening, says goodbye to clients and closes the store. */
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
  const log = createLog({ level: complete.logLevel, clock, write })
  const metrics = createMetrics()

  makeSecretFolder(complete.data)
  const certificate = await loadCertificate(complete, settings.environment ?? {}, clock.now())
  const headKey = loadHeadKey(keysFolderOf(complete.data))
  const store = openSqliteStore({ path: join(complete.data, 'relay.db') })
  const bus = createLocalBus()
  let relay: Relay | null = null
  const close = async (): Promise<void> => {
    await relay?.close({ graceMs: GRACE_MS })
    await bus.close()
    await store.close()
  }
  const strictTransport = complete.given !== null
  try {
    const { auth, issuer } = await createAuth(complete, store, clock, log)
    const { audiences, origins } = complete
    const endpoint = { origins, clock, log, metrics, strictTransport }
    relay = await createRelay({
      store,
      bus,
      auth,
      audiences,
      origins,
      tls: { key: certificate.key, cert: certificate.cert },
      headKey,
      ...(issuer === null ? {} : { tokenEndpoint: createTokenEndpoint({ ...endpoint, desk: issuer }) }),
      clock,
      log,
      metrics,
      strictTransport,
    })
    await relay.listen({ host: complete.host, port })
    log.info('started', { port, create: issuer === null ? 'external' : complete.create })
    return {
      url: audiences[0] as string,
      urls: audiences,
      pageUrl: pageUrlOf(complete),
      fingerprint: fingerprintOf(certificate.cert),
      caPath: certificate.authorityPath,
      metrics,
      async close() {
        await close()
        log.info('stopped')
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function loadCertificate(
  { data, given, hosts }: CompleteSettings,
  environment: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): Promise<TlsIdentity & { readonly authorityPath: string | null }> {
  if (given !== null) return { ...readGivenCertificate(given.cert, given.key, nowMs), authorityPath: null }
  refuseDevelopmentCertificate(environment)
  return await loadDevelopmentCertificate(tlsFolderOf(data), hosts, nowMs)
}

/** The app's own issuer, or the embedded one: never both, so that neither can speak for the other. */
async function createAuth(
  { data, audiences, external, create }: CompleteSettings,
  documents: Documents,
  clock: Clock,
  log: Log,
): Promise<{ readonly auth: Auth; readonly issuer: TokenIssuer | null }> {
  if (external !== null) {
    const keys = createJwksKeys({ source: external.jwks, clock, log })
    await readFirstKeys(keys, external.jwks, log)
    return { auth: createTokenVerifier({ keys, issuers: [external.issuer], audiences, clock }), issuer: null }
  }
  const key = loadIssuerKey(keysFolderOf(data))
  const keys = await ownKeys(key)
  return {
    auth: createTokenVerifier({ keys, issuers: [issuerNameOf(key)], audiences, clock }),
    issuer: createTokenIssuer({ key, keys, audiences, documents, create, clock }),
  }
}

/** A list that is wrong stops the start; a key server that is out does not: it may come back. */
async function readFirstKeys(keys: { refresh(): Promise<void> }, source: string, log: Log): Promise<void> {
  try {
    await keys.refresh()
  } catch (error) {
    const isWrong = error instanceof Error && 'code' in error && error.code === 'BAD_SETTINGS'
    if (isWrong) throw error
    if (!/^https?:/i.test(source)) {
      throw new SettingsError(`the key set ${source} cannot be read: check --jwks and the rights of the file`, {
        cause: error,
      })
    }
    log.warn('jwks-unavailable', { cause: error instanceof Error ? error.message : 'unknown' })
  }
}

async function ownKeys({ kid, publicKey }: NamedSigningKey): Promise<KeySource> {
  const jwk = { kty: 'OKP', crv: 'Ed25519', kid, x: bytesToBase64url(publicKey) }
  return createStaticKeys(await parseJwks(JSON.stringify({ keys: [jwk] })))
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
