/**
 * A relay: the core and the transport put together over the ports that the caller brings. `serve.ts` is such a caller.
 *
 * @module
 */
import { cryptoReady, SOCKET_PATH, type Bytes } from '@y-sealed/protocol'
import { createHmac, randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, Server as PlainServer, ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

import { Admission } from './core/admission.ts'
import { DEFAULT_LIMITS, type RelayLimits } from './core/limits.ts'
import type { Auth, Bus, Clock, HeadKey, Log, Metrics, Store } from './core/ports.ts'
import { Room } from './core/room.ts'
import { describeFault } from './ops/describe-fault.ts'
import { isLoopbackHost } from './ops/host-name.ts'
import { nodeSha512 } from './ops/sha512.ts'
import { createTlsOptions, type TlsIdentity } from './ops/tls-options.ts'
import { readTrustedProxies } from './transport/forwarded.ts'
import { SocketServer, type Pages, type PageSockets } from './transport/socket-server.ts'

export interface RelayOptions {
  readonly store: Store
  readonly bus: Bus
  readonly auth: Auth
  /** URLs by which clients dial this relay: `wss://host[:port]/sync`. [AU5] */
  readonly audiences: readonly string[]
  /** Origins whose pages may connect; none by default. [AU9] */
  readonly origins?: readonly string[]
  /** `null`: plain HTTP, for `trustedProxies` or for this machine alone. [A14] */
  readonly tls: TlsIdentity | null
  /**
   * Addresses and networks of proxies in front, such as `127.0.0.1` or `10.0.0.0/8`: they are believed when they say whom a request is
   * from (`X-Forwarded-For`) and how it came to them (`X-Forwarded-Proto`). None by default. [A14]
   */
  readonly trustedProxies?: readonly string[]
  readonly headKey: HeadKey
  /** Answers `GET` and `POST /token`, for the client that a proxy has named if one has. */
  readonly tokenEndpoint?: (request: IncomingMessage, response: ServerResponse, forwarded?: string) => Promise<void>
  /** An app of the caller's on the same origin, for what is neither the socket nor a token. Whoever serves an app's code can read what it reads. */
  readonly pages?: Pages
  /** Its sockets, at paths other than `/sync`. */
  readonly pageSockets?: PageSockets
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly limits?: Partial<RelayLimits>
  /** Send `Strict-Transport-Security`; not with a development certificate. False by default. [B10] */
  readonly strictTransport?: boolean
}

export interface Relay {
  /**
   * Listens; port 0 takes a free one. Rejects when the address is taken, and with `TypeError` when it would be plain HTTP for others
   * than `trustedProxies` and this machine.
   */
  listen(address: {
    readonly host?: string
    readonly port: number
    /** Asked with the address by which somebody has come; where it says no, they are cut off before TLS. */
    readonly admits?: (localAddress: string) => boolean
  }): Promise<{ readonly host: string; readonly port: number }>
  /** Takes the upgrades for `/sync` of a server that the caller runs; all else stays the caller's. */
  attach(server: Server): void
  /** Gives new handshakes a new certificate; open sockets stay. Nothing to a relay without TLS. [A12] */
  renewTls(tls: TlsIdentity): void
  /** To be called when `auth.isRevoked` would answer otherwise than before: ends what rests on a revoked grant. [D24] */
  recheckGrants(): void
  /** What stands open at this moment. */
  readFigures(): RelayFigures
  /** True from the beginning of {@link Relay.close}. */
  readonly isDraining: boolean
  /** Sends GOAWAY, waits up to `graceMs` for clients to leave, closes the rest with 1001. Store and bus stay the caller's. */
  close(options?: { readonly graceMs?: number }): Promise<void>
}

/** Figures of one moment. */
export interface RelayFigures {
  readonly sockets: number
  /** Open on one socket or more. */
  readonly documents: number
  /** What waits for peers to read: of all sockets, and of the slowest. */
  readonly queuedBytes: number
  readonly largestQueueBytes: number
}

/** How long clients wait after GOAWAY: at least the first, at most both. */
const GOAWAY_RETRY_MS = 1_000
const GOAWAY_JITTER_MS = 4_000
/** What a peer that answers no close frame is given. */
const CLOSE_MS = 1_000

/**
 * Makes a relay; it listens to nobody yet. Resolves when libsodium is loaded and the bus is heard. Rejects with `TypeError` when
 * `trustedProxies` holds what is neither an address nor a network.
 */
export async function createRelay(options: RelayOptions): Promise<Relay> {
  const { store, bus, auth, audiences, headKey, clock, log, metrics } = options
  const proxies = readTrustedProxies(options.trustedProxies ?? [])
  if (typeof proxies === 'string') throw new TypeError(`"${proxies}" is neither an address nor a network`)
  await cryptoReady()
  const room = new Room({
    store,
    bus,
    auth,
    audiences,
    headKey,
    clock,
    log,
    metrics,
    sha512: nodeSha512,
    random: (length): Bytes => randomFillSync(new Uint8Array(length)),
    ...(options.limits !== undefined && { limits: options.limits }),
  })
  await room.start()
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const sockets = new SocketServer({
    entrance: room,
    auth,
    clock,
    log,
    metrics,
    origins: options.origins ?? [],
    proxies,
    limits,
    doorkeeper: new Admission(limits, clock),
    tokenEndpoint: options.tokenEndpoint,
    pages: options.pages,
    pageSockets: options.pageSockets,
    onAppFault: (error) => log.error('app-failed', describeFault(error)),
    labelSubject: createSubjectLabels(),
    isStrictTransport: options.strictTransport ?? false,
  })
  const secureServers: Server[] = []
  const plainServers: PlainServer[] = []
  let isDraining = false
  const attached: (() => void)[] = []

  const sleep = (delayMs: number): Promise<void> => new Promise((resolve) => void clock.after(delayMs, resolve))

  async function leave(withinMs: number): Promise<void> {
    const endsAtMs = clock.monotonic() + withinMs
    while (room.size > 0 && clock.monotonic() < endsAtMs) await sleep(Math.min(50, withinMs))
  }

  const makeServer = (host: string | undefined): Server | PlainServer => {
    if (options.tls !== null) {
      const server = sockets.createServer(createTlsOptions(options.tls))
      secureServers.push(server)
      return server
    }
    if (proxies.isEmpty && (host === undefined || !isLoopbackHost(host))) {
      throw new TypeError('plain HTTP is for proxies that are named, or for this machine alone')
    }
    const server = sockets.createPlainServer()
    plainServers.push(server)
    return server
  }

  return {
    async listen({ host, port, admits }) {
      const server = makeServer(host)
      if (admits !== undefined) {
        server.prependListener('connection', (socket: Socket) => {
          if (!admits(socket.localAddress ?? '')) socket.destroy()
        })
      }
      server.listen(port, host)
      await once(server, 'listening')
      // Without a listener an accept that fails for want of descriptors would end the process. [H14]
      server.on('error', (error: NodeJS.ErrnoException) => {
        metrics.count('accepts_failed')
        log.error('accept-failed', { cause: error.code ?? error.name })
      })
      const address = server.address() as AddressInfo
      return { host: address.address, port: address.port }
    },
    attach(server) {
      // Other paths may be the caller's own.
      const take: typeof sockets.upgrade = (request, socket, head) => {
        if (request.url?.split('?', 1)[0] === SOCKET_PATH) sockets.upgrade(request, socket, head)
      }
      server.on('upgrade', take)
      attached.push(() => server.off('upgrade', take))
    },
    renewTls(tls) {
      for (const server of secureServers) server.setSecureContext(createTlsOptions(tls))
    },
    recheckGrants: () => room.recheckGrants(),
    readFigures() {
      const { totalBytes, largestBytes } = room.readQueues()
      return {
        sockets: room.size,
        documents: room.documents,
        queuedBytes: totalBytes,
        largestQueueBytes: largestBytes,
      }
    },
    get isDraining() {
      return isDraining
    },
    async close({ graceMs = 0 } = {}) {
      isDraining = true
      sockets.drain()
      if (graceMs > 0) {
        room.drain(GOAWAY_RETRY_MS, GOAWAY_JITTER_MS)
        await leave(graceMs)
      }
      room.close()
      await leave(CLOSE_MS)
      for (const detach of attached) detach()
      sockets.close()
      await Promise.all([...secureServers, ...plainServers].map((server) => closeServer(server)))
    },
  }
}

/** Subjects may be addresses of people: keyed with a key that ends with the process, a label tells sockets of one apart and no more. */
function createSubjectLabels(): (subject: string) => string {
  const key = randomFillSync(new Uint8Array(32))
  return (subject) => createHmac('sha256', key).update(subject).digest('hex').slice(0, 8)
}

async function closeServer(server: Server | PlainServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}
