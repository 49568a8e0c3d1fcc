/**
 * From TCP to frames: TLS, HTTP, the upgrade, and WebSocket messages handed to the core as bytes. Whatever a peer sends, the worst that
 * it ends is its own socket. Rules FR1, FR21, AU9; SECURITY sections 0, B, C, E.
 *
 * @module
 */
import { MAX_MESSAGE_TO_RELAY, SOCKET_PATH, SUBPROTOCOL, toBytes } from '@y-sealed/protocol'
import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { TlsOptions } from 'node:tls'
import { WebSocketServer, type WebSocket } from 'ws'

import type {
  Auth,
  Clock,
  Doorkeeper,
  Log,
  Metrics,
  Outbound,
  Place,
  RoomConnection,
  SocketLimits,
  Upgrade,
} from '../core/ports.ts'
import { labelAddress } from './address-label.ts'
import { judgeOrigin, type TrustedProxies } from './forwarded.ts'
import { lineUpHandshakes } from './handshake-line.ts'
import { answerSocket, createAnswer } from './http-answer.ts'
import { isLoopback, networkKey } from './network-key.ts'
import { Outlet, Outlets } from './outlet.ts'
import { SocketWatch } from './socket-watch.ts'
import { isTokenInUrl, judgeUpgrade, MAX_HEADERS, type UpgradeVerdict } from './upgrade-request.ts'

/** Where sockets go once their upgrade is granted. */
export interface Entrance {
  connect(outbound: Outbound, upgrade: Upgrade): RoomConnection
}

/** An app on the relay's own origin: true when it answers the request, now or later. */
export type Pages = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Sockets of such an app, at other paths than the relay's: true when it takes the upgrade, whose socket is its own from then on. Whence it
 * comes, and with what right, is the app's to ask.
 */
export type PageSockets = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean

export interface SocketServerOptions {
  readonly entrance: Entrance
  readonly auth: Auth
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Origins whose pages may connect; compared exactly. Without an `Origin` header the token alone decides. [AU9] */
  readonly origins: readonly string[]
  readonly limits: SocketLimits
  readonly doorkeeper: Doorkeeper
  /** Proxies whose word on their clients counts. [A14] */
  readonly proxies: TrustedProxies
  /** Answers `/token`, for the client that a proxy has named if one has; 404 without it. */
  readonly tokenEndpoint?:
    | ((request: IncomingMessage, response: ServerResponse, forwarded?: string) => Promise<void>)
    | undefined
  /** Answers what is neither the socket nor a token; false where it has nothing to say. */
  readonly pages?: Pages | undefined
  /** Of such an app something was thrown. */
  readonly onAppFault: (error: unknown) => void
  /** Takes upgrades for paths that are not the relay's; false where it has nothing to say. */
  readonly pageSockets?: PageSockets | undefined
  /** A token's subject as logs may have it. [J1] */
  readonly labelSubject: (subject: string) => string
  /** Tell browsers to come back over TLS only; not with a development certificate. [B10] */
  readonly isStrictTransport: boolean
}

/** Each an answer to an advisory or to a way of holding a socket: see SECURITY 0.1, 0.5–0.7. */
const HTTP_LIMITS = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  // How often the two above are looked at; half a minute by default.
  connectionsCheckingInterval: 1_000,
  handshakeTimeout: 5_000,
} as const

const WS_LIMITS = {
  maxPayload: MAX_MESSAGE_TO_RELAY,
  // A message comes in one or a few TLS records: 64 fragments are generous.
  maxFragments: 64,
  maxBufferedChunks: 4_096,
  maxPendingAutoPongs: 60,
  closeTimeout: 3_000,
  perMessageDeflate: false,
} as const

/** Or a sixteenth of all connections, where that is fewer. [C17] */
const MOST_REFUSALS_HELD = 128

const TOKEN_PATH = '/token'

/** A client as limits and logs know it. */
interface Client {
  readonly address: string
  /** Key of its network; empty for one that is not counted. */
  readonly network: string
}

export class SocketServer {
  readonly #options: SocketServerOptions
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    // The token stands among the protocols: it is never echoed. [C7]
    handleProtocols: () => SUBPROTOCOL,
    ...WS_LIMITS,
  })
  readonly #outlets: Outlets
  readonly #watch: SocketWatch
  #isDraining = false

  constructor(options: SocketServerOptions) {
    this.#options = options
    const { limits, clock } = options
    this.#watch = new SocketWatch(limits, clock)
    this.#outlets = new Outlets(
      { maxBytes: limits.liveQueueBytes, hardBytes: limits.hardQueueBytes, stallMs: limits.stallMs },
      () => clock.monotonic(),
      () => {
        options.metrics.count('sockets_cut_off')
        options.log.warn('socket-cut-off')
      },
    )
  }

  /** An HTTPS server of the relay's own. */
  createServer(tls: TlsOptions): TlsServer {
    const server = createTlsServer({ ...tls, ...HTTP_LIMITS }, (request, response) => this.#answer(request, response))
    const { limits, clock } = this.#options
    lineUpHandshakes(server, {
      perTurn: limits.handshakesPerTurn,
      isWelcome: (address) => this.#isWelcome(address),
      clock,
      mostHeld: Math.min(MOST_REFUSALS_HELD, Math.floor(limits.connections / 16)),
    })
    const secured = new WeakSet<Duplex>()
    server.on('secureConnection', (socket) => secured.add(socket))
    // The error's own listener is https's: it makes a `clientError` of it.
    server.on('tlsClientError', (error: Error & { readonly code?: string }) => {
      this.#options.metrics.count('tls_errors', { code: error.code ?? 'unknown' })
    })
    // A listener that only ends would leave sockets open whose handshake never came to its end. [0.5]
    this.#listenTo(server, (socket) => secured.has(socket), false)
    return server
  }

  /** Nobody knows yet for whom a proxy comes. */
  #isWelcome(address: string): boolean {
    const { proxies, doorkeeper, metrics, log } = this.#options
    if (proxies.has(address)) return true
    if (doorkeeper.beginHandshake(this.#clientOf({ address, isForwarded: false }).network)) return true
    metrics.count('handshakes_refused')
    log.info('handshake-refused', { address: labelAddress(address) })
    return false
  }

  /** An HTTP server for proxies that were named, or for this machine alone. [A14] */
  createPlainServer(): Server {
    const server = createPlainServer(HTTP_LIMITS, (request, response) => this.#answer(request, response, true))
    this.#listenTo(server, () => true, true)
    return server
  }

  #listenTo(server: Server | TlsServer, isReady: (socket: Duplex) => boolean, isPlain: boolean): void {
    const { limits, metrics, log } = this.#options
    server.maxConnections = limits.connections
    server.on('drop', () => {
      metrics.count('connections_dropped')
      log.warn('connection-dropped', { connections: limits.connections })
    })
    server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head, isPlain))
    server.on('connect', (_request, socket) => this.#refuse(socket, 405, 'connect'))
    server.on('clientError', (error: Error & { readonly code?: string }, socket) => {
      if (!isReady(socket) || !socket.writable) {
        socket.destroy()
        return
      }
      this.#refuse(socket, statusOf(error.code), error.code ?? 'parse')
    })
  }

  /** Takes an upgrade from any HTTPS server; or from one that speaks plain HTTP, when it says so. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, isPlain = false): void {
    // First of all: without a listener a reset while the token is being judged would end the process. [0.3]
    socket.on('error', () => socket.destroy())
    try {
      const { proxies, origins, doorkeeper } = this.#options
      const origin = judgeOrigin(addressOf(socket), request.headers, { proxies, isPlain })
      if (!origin.ok) return this.#refuse(socket, 403, origin.event)
      const client = this.#clientOf(origin)
      const verdict = judgeUpgrade(request, origins)
      if (this.#isDraining) return this.#refuse(socket, 503, 'draining', client)
      if (isForPages(verdict) && this.#isTakenByApp(request, socket, head)) return
      if (!verdict.ok) return this.#refuse(socket, verdict.status, verdict.event, client)
      const place = doorkeeper.enter(client.network)
      if (!place.ok) return this.#refuse(socket, place.status, place.event, client, place.retryAfterS)
      // Whatever becomes of it, the place is free when the socket has gone.
      socket.once('close', () => place.leave())
      this.#admit(request, socket, head, { token: verdict.token, place, client }).catch(() =>
        this.#refuse(socket, 400, 'failed', client),
      )
    } catch {
      this.#refuse(socket, 400, 'failed')
    }
  }

  /** Whoever a proxy names is counted, wherever it is. */
  #clientOf({ address, isForwarded }: { readonly address: string; readonly isForwarded: boolean }): Client {
    const isCounted = this.#options.limits.countsLoopback || isForwarded || !isLoopback(address)
    return { address, network: isCounted ? networkKey(address) : '' }
  }

  async #admit(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    { token, place, client }: { readonly token: string; readonly place: Place; readonly client: Client },
  ): Promise<void> {
    const verdict = await this.#options.auth.verify(token)
    if (socket.destroyed) return
    if (!verdict.ok) return this.#refuse(socket, 401, verdict.reason, client)
    if (this.#isDraining) return this.#refuse(socket, 503, 'draining', client)
    const turned = place.claim(verdict.grant.subject)
    if (turned !== null) return this.#refuse(socket, turned.status, turned.event, client, turned.retryAfterS)
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#connect(webSocket, socket, client.address, { token, grant: verdict.grant, network: client.network })
    })
  }

  #connect(webSocket: WebSocket, socket: Duplex, address: string, upgrade: Upgrade): void {
    const { clock, log, metrics, entrance, labelSubject } = this.#options
    const outlet = new Outlet(this.#outlets, webSocket, socket)
    const connection = entrance.connect(outlet, upgrade)
    log.info('connection-opened', {
      connection: connection.id,
      subject: labelSubject(upgrade.grant.subject),
      address: labelAddress(address),
    })
    const watched = this.#watch.add({ webSocket, outlet, connection })
    socket.on('data', (chunk: Buffer) => watched.heard(chunk, clock.monotonic()))
    webSocket.on('ping', () => connection.controlFrame())
    webSocket.on('pong', () => connection.controlFrame())
    webSocket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) connection.receive(toBytes(data))
      else connection.end(1003, 'text refused')
    })
    webSocket.on('error', (error: Error & { readonly code?: string }) => {
      // ws has closed it already with the code that fits.
      metrics.count('websocket_errors', { code: error.code ?? 'unknown' })
    })
    webSocket.on('close', (code) => {
      this.#watch.remove(watched)
      connection.left()
      log.info('connection-closed', { connection: connection.id, code })
    })
  }

  #refuse(socket: Duplex, status: number, event: string, client?: Client, retryAfterS?: number): void {
    this.#options.metrics.count('upgrades_refused', { status: String(status) })
    const address = labelAddress(client?.address ?? addressOf(socket))
    this.#options.log.info('upgrade-refused', { status, reason: event, address })
    answerSocket(socket, status, this.#options.isStrictTransport, retryAfterS)
  }

  #answer(request: IncomingMessage, response: ServerResponse, isPlain = false): void {
    response.on('error', () => response.destroy())
    const url = request.url ?? ''
    const { tokenEndpoint, pages, isStrictTransport, log, proxies } = this.#options
    const origin = judgeOrigin(addressOf(request.socket), request.headers, { proxies, isPlain })
    const address = origin.ok ? origin.address : addressOf(request.socket)
    if (!origin.ok) log.info('request-refused', { status: 403, reason: origin.event, address: labelAddress(address) })
    else if (tokenEndpoint !== undefined && url === TOKEN_PATH) {
      tokenEndpoint(request, response, origin.isForwarded ? address : undefined).catch(() => response.destroy())
      return
    }
    if (isTokenInUrl(url)) log.warn('token-in-url', { url: '[redacted]', address: labelAddress(address) })
    const status = origin.ok ? statusOfRequest(request) : 403
    const taken = status === 404 && pages !== undefined ? this.#askApp(() => pages(request, response)) : false
    if (taken === true) return
    // It has thrown in the middle of its answer.
    if (response.headersSent) return void response.destroy()
    const told = taken === 'failed' ? 500 : status
    const { headers, body } = createAnswer(told, isStrictTransport)
    response.writeHead(told, headers).end(request.method === 'HEAD' ? '' : body)
  }

  /** Whatever goes wrong in an app ends no more than its own answer. */
  #askApp(ask: () => boolean): boolean | 'failed' {
    try {
      return ask()
    } catch (error) {
      this.#options.onAppFault(error)
      return 'failed'
    }
  }

  /** True where there is nothing left to say on the socket. */
  #isTakenByApp(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const { pageSockets } = this.#options
    const taken = pageSockets === undefined ? false : this.#askApp(() => pageSockets(request, socket, head))
    if (taken === 'failed') this.#refuse(socket, 500, 'page-sockets-failed')
    return taken !== false
  }

  /** From now on upgrades are answered with 503. [C18] */
  drain(): void {
    this.#isDraining = true
  }

  /** Ends what still stands. */
  close(): void {
    this.#isDraining = true
    for (const webSocket of this.#webSockets.clients) webSocket.terminate()
    this.#webSockets.close()
  }
}

/** Nothing that the relay would have taken, nor anything that was meant for it. */
function isForPages(verdict: UpgradeVerdict): boolean {
  return !verdict.ok && verdict.status === 404
}

function addressOf(socket: Duplex): string {
  return 'remoteAddress' in socket && typeof socket.remoteAddress === 'string' ? socket.remoteAddress : ''
}

function statusOfRequest({ rawHeaders, url, httpVersion }: IncomingMessage): number {
  // Node takes HTTP/0.9 and 1.0 too, and asks no Host of them.
  if (httpVersion !== '1.1') return 400
  if (rawHeaders.length > 2 * MAX_HEADERS) return 431
  return url === SOCKET_PATH ? 426 : 404
}

function statusOf(code: string | undefined): number {
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
}
