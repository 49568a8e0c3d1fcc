/**
 * What a relay is told, checked and completed with what follows from it. Rules AU5, AU9, AU11; rows A13, A14.
 *
 * @module
 */
import { SOCKET_PATH } from '@y-sealed/protocol'

import type { CreatePolicy } from './auth/embedded-issuer.ts'
import { readLimits } from './core/read-limits.ts'
import type { RelayLimits } from './core/limits.ts'
import { isPrivateHost } from './ops/private-host.ts'
import { hostInUrl, hostsOf, isLoopbackHost, networkAddresses, normaliseHost } from './ops/host-name.ts'
import type { LogLevel } from './ops/log-level.ts'
import { SettingsError } from './ops/settings-error.ts'
import { readTrustedProxies } from './transport/forwarded.ts'
import type { Pages, PageSockets } from './transport/socket-server.ts'

/** What a relay is told. Everything has a default: `startRelay({})` is a relay on this machine alone. */
export interface RelaySettings {
  /** Folder of the database, keys and development certificate. */
  readonly data?: string
  /** Address to listen on. */
  readonly host?: string
  /**
   * In place of `host`: this machine and the private networks that it is in, whatever its addresses there become while it runs. Certificate,
   * audiences and origins follow. What reaches it by a public address is turned away.
   */
  readonly lan?: boolean
  /** With `lan`: other addresses have come. */
  readonly onAddresses?: () => void
  /** TCP port; 0 takes a free one. */
  readonly port?: number
  /** Audiences: the `wss:` addresses that clients dial. [AU5] */
  readonly urls?: readonly string[]
  /** PEM files; both or neither. */
  readonly cert?: string
  readonly key?: string
  /** Speak plain HTTP, to `trustedProxies` or on this machine alone. They speak TLS to clients, who dial `urls`. [A13] [A14] */
  readonly plaintext?: boolean
  /** Addresses and networks of proxies in front; they are believed when they say whom a request is from. */
  readonly trustedProxies?: readonly string[]
  /** Key set of an app's own token issuer: a file or an `https:` address. */
  readonly jwks?: string
  /** `iss` of the tokens under that key set. */
  readonly issuer?: string
  /** Who may make documents with the embedded issuer. */
  readonly create?: CreatePolicy
  /** Origins of web pages that may connect. */
  readonly origins?: readonly string[]
  /** Let in the pages of native shells as well: they come from {@link SHELL_ORIGINS}, whoever made the app. False by default. [AU9] */
  readonly nativeShells?: boolean
  /** Port of `/healthz`, `/readyz` and `/metrics`; 0 takes a free one; none without it. */
  readonly opsPort?: number
  /** Address of that port: this machine alone unless told otherwise. */
  readonly opsHost?: string
  readonly logLevel?: LogLevel
  /** Limits other than the default ones. In the environment: `Y_SEALED_LIMITS`, a JSON object of the same names. */
  readonly limits?: Partial<RelayLimits>
  /** Environment of the process, for `NODE_ENV` and for limits. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /**
   * An app on the relay's own origin: answers requests for what is neither the socket nor a token, and says so with true. For development and
   * demonstration; whoever serves an app's code can read what the app reads. What it throws is answered with 500 and logged (`app-failed`).
   */
  readonly pages?: Pages
  /** Its sockets, at paths other than `/sync`: true when it takes an upgrade. What it throws is answered and logged as above. */
  readonly pageSockets?: PageSockets
  /** Takes the log's lines; by default they go to standard error. */
  readonly writeLog?: (line: string) => void
}

/** Settings with nothing left open but what the machine decides. */
export interface CompleteSettings {
  readonly data: string
  readonly host: string
  /** Listens on {@link host}, but only for those who come by a private network. */
  readonly isLan: boolean
  readonly port: number
  /** Names that a development certificate bears. */
  readonly hosts: readonly string[]
  readonly audiences: readonly string[]
  readonly origins: readonly string[]
  readonly given: { readonly cert: string; readonly key: string } | null
  readonly isPlaintext: boolean
  readonly trustedProxies: readonly string[]
  readonly external: { readonly jwks: string; readonly issuer: string } | null
  readonly create: CreatePolicy
  readonly operations: { readonly host: string; readonly port: number } | null
  readonly logLevel: LogLevel
  readonly limits: Partial<RelayLimits>
  readonly pages: Pages | undefined
  readonly pageSockets: PageSockets | undefined
}

const ANY_HOST = '0.0.0.0'

/** Of Capacitor's web views, on Android and on iOS. */
export const SHELL_ORIGINS: readonly string[] = ['https://localhost', 'capacitor://localhost']

/** Who may make documents when nothing is said: everybody on this machine, or those invited from elsewhere; a proxy lets those in. */
function defaultCreatePolicy(host: string, { trustedProxies = [] }: RelaySettings): CreatePolicy {
  return isLoopbackHost(host) && trustedProxies.length === 0 ? 'open' : 'invite'
}

/** Completes settings for a relay on `port`. Throws {@link SettingsError}. */
export function completeSettings(settings: RelaySettings, port: number): CompleteSettings {
  const { lan: isLan = false } = settings
  if (isLan && settings.host !== undefined)
    throw new SettingsError('--lan and --host say both where to listen: give one of them')
  const host = isLan ? ANY_HOST : normaliseHost(settings.host ?? '127.0.0.1')
  if (host === null)
    throw new SettingsError('--host is neither a name nor an address: give, for example, 127.0.0.1 or 0.0.0.0')
  const hosts = isLan ? hostsOf(host, () => networkAddresses().filter(isPrivateHost)) : hostsOf(host)
  checkProxies(settings, host)
  // Nobody answers at ::1 unless asked to; it stays in the certificate, which costs nothing.
  const dialled = hosts.filter((name) => name !== '::1' || host === '::1' || host === '::')
  const authorities = dialled.map((name) => authorityOf(name, port))
  const audiences =
    settings.urls?.map(checkAudience) ?? authorities.map((authority) => `wss://${authority}${SOCKET_PATH}`)
  const ownOrigins = audiences.map((audience) => `https://${audience.slice('wss://'.length, -SOCKET_PATH.length)}`)
  return {
    data: settings.data ?? './data',
    host,
    isLan,
    port,
    hosts: [...new Set([...hosts, ...audiences.map((audience) => hostOf(audience))])],
    audiences: [...new Set(audiences)],
    origins: [
      ...(settings.origins?.map(checkOrigin) ?? new Set(ownOrigins)),
      ...(settings.nativeShells === true ? SHELL_ORIGINS : []),
    ],
    given: readPair(settings),
    isPlaintext: settings.plaintext ?? false,
    trustedProxies: settings.trustedProxies ?? [],
    external: readExternal(settings),
    create: settings.create ?? defaultCreatePolicy(host, settings),
    operations: readOperations(settings),
    logLevel: settings.logLevel ?? 'info',
    limits: settings.limits ?? readLimitsOf(settings.environment ?? {}),
    pages: settings.pages,
    pageSockets: settings.pageSockets,
  }
}

/** Plaintext must not happen by mistake: its proxy is named, or it stays on this machine. [A13] */
function checkProxies({ plaintext = false, trustedProxies = [], cert, key, urls }: RelaySettings, host: string): void {
  const proxies = readTrustedProxies(trustedProxies)
  if (typeof proxies === 'string') {
    throw new SettingsError(
      `--trusted-proxy "${proxies}" is neither an address nor a network: give, for example, 127.0.0.1 or 10.0.0.0/8, never everybody`,
    )
  }
  if (!plaintext) return
  if (proxies.isEmpty && !isLoopbackHost(host)) {
    throw new SettingsError(
      '--plaintext would let anybody speak to this relay without TLS: name the proxy in front with --trusted-proxy, or listen on 127.0.0.1 alone',
    )
  }
  if (cert !== undefined || key !== undefined) {
    throw new SettingsError(
      '--plaintext shows no certificate: give --cert and --key to the proxy in front, or leave out --plaintext',
    )
  }
  if (urls === undefined) {
    throw new SettingsError(
      '--plaintext needs --url: clients dial the proxy in front, by wss://relay.example/sync for example, and tokens are good for that alone',
    )
  }
}

function readLimitsOf({ Y_SEALED_LIMITS: text }: Readonly<Record<string, string | undefined>>): Partial<RelayLimits> {
  const limits = readLimits(text ?? '{}')
  if (typeof limits !== 'string') return limits
  throw new SettingsError(`Y_SEALED_LIMITS cannot be used: ${limits}`)
}

function authorityOf(host: string, port: number): string {
  return port === 443 ? hostInUrl(host) : `${hostInUrl(host)}:${port}`
}

/** An audience in its one spelling. [AU5] */
export function checkAudience(text: string): string {
  const match = /^wss:\/\/(\[[0-9a-fA-F:.]+\]|[^/:@?#[\]]+)(?::([1-9]\d{0,4}))?\/sync$/i.exec(text)
  const host = normaliseHost(match?.[1] ?? '')
  const port = Number(match?.[2] ?? 443)
  if (host === null || port > 65_535) {
    throw new SettingsError(
      `--url "${text}" is no address of a relay: it looks like wss://relay.example/sync, or with a port`,
    )
  }
  return `wss://${authorityOf(host, port)}${SOCKET_PATH}`
}

function hostOf(audience: string): string {
  const authority = audience.slice('wss://'.length, -SOCKET_PATH.length)
  return normaliseHost(authority.replace(/:\d+$/, '')) ?? authority
}

function checkOrigin(text: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[1-9]\d{0,4})?$/.test(text)) return text
  throw new SettingsError(
    `--origin "${text}" is no origin as browsers send it: lower case, with its scheme, without a path, such as https://notes.example`,
  )
}

function readPair({ cert, key }: RelaySettings): CompleteSettings['given'] {
  if (cert === undefined && key === undefined) return null
  if (cert === undefined || key === undefined) {
    throw new SettingsError('--cert and --key go together: one without the other cannot serve TLS; give both files')
  }
  return { cert, key }
}

function readExternal({ jwks, issuer, create }: RelaySettings): CompleteSettings['external'] {
  if (jwks === undefined && issuer === undefined) return null
  if (jwks === undefined || issuer === undefined) {
    throw new SettingsError(
      '--jwks and --issuer go together: the keys say how tokens are signed, the issuer whose they are ("iss"); give both',
    )
  }
  if (create !== undefined) {
    throw new SettingsError(
      '--create is for the embedded issuer; with --jwks your own issuer decides by the permission "create"',
    )
  }
  return { jwks, issuer }
}

function readOperations({ opsPort, opsHost }: RelaySettings): CompleteSettings['operations'] {
  if (opsPort === undefined) {
    if (opsHost === undefined) return null
    throw new SettingsError('--ops-host says where, but not what: give --ops-port too, 9464 for example')
  }
  const host = normaliseHost(opsHost ?? '127.0.0.1')
  if (host === null) throw new SettingsError('--ops-host is neither a name nor an address: 127.0.0.1 is this machine')
  return { host, port: opsPort }
}
