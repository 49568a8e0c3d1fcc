/**
 * From TCP to frames: TLS, HTTP, the upgrade, and WebSocket messages handed to the core as bytes. Whatever a peer sends, the worst that
 * it ends is its own socket. Rules FR1, FR21, AU9; SECURITY sections 0, B, C, E.
 *
 * @module
 */
import { MAX_MESSAGE_TO_RELAY, SOCKET_PATH, SUBPROTOCOL, toBytes } from '@y-sealed/protocol'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
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
import { answerSocket, createAnswer } from './http-answer.ts'
import { isLoopback, networkKey } from './network-key.ts'
import { Outlet, Outlets } from './outlet.ts'
import { SocketWatch } from './socket-watch.ts'
import { isTokenInUrl, judgeUpgrade, MAX_HEADERS } from './upgrade-request.ts'

/** Where sockets go once their upgrade is granted. */
export interface Entrance {
  connect(outbound: Outbound, upgrade: Upgrade): RoomConnection
}

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
  /** Answers `/token`; 404 without it. */
  readonly tokenEndpoint?: ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | undefined
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

const TOKEN_PATH = '/token'

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
  createServer(tls: TlsOptions): Server {
    const server = createServer({ ...tls, ...HTTP_LIMITS }, (request, response) => this.#answer(request, response))
    const secured = new WeakSet<Duplex>()
    server.on('secureConnection', (socket) => secured.add(socket))
    server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head))
    // The error's own listener is https's: it makes a `clientError` of it.
    server.on('tlsClientError', (error: Error & { readonly code?: string }) => {
      this.#options.metrics.count('tls_errors', { code: error.code ?? 'unknown' })
    })
    server.on('connect', (_request, socket) => this.#refuse(socket, 405, 'connect'))
    server.on('clientError', (error: Error & { readonly code?: string }, socket) => {
      // A listener that only ends would leave sockets open whose handshake never came to its end. [0.5]
      if (!secured.has(socket) || !socket.writable) {
        socket.destroy()
        return
      }
      this.#refuse(socket, statusOf(error.code), error.code ?? 'parse')
    })
    return server
  }

  /** Takes an upgrade from any HTTPS server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // First of all: without a listener a reset while the token is being judged would end the process. [0.3]
    socket.on('error', () => socket.destroy())
    try {
      const verdict = judgeUpgrade(request, this.#options.origins)
      if (this.#isDraining) return this.#refuse(socket, 503, 'draining')
      if (!verdict.ok) return this.#refuse(socket, verdict.status, verdict.event)
      const place = this.#options.doorkeeper.enter(this.#networkOf(socket))
      if (!place.ok) return this.#refuse(socket, place.status, place.event, place.retryAfterS)
      // Whatever becomes of it, the place is free when the socket has gone.
      socket.once('close', () => place.leave())
      this.#admit(request, socket, head, verdict.token, place).catch(() => this.#refuse(socket, 400, 'failed'))
    } catch {
      this.#refuse(socket, 400, 'failed')
    }
  }

  #networkOf(socket: Duplex): string {
    const address = addressOf(socket)
    return !this.#options.limits.countsLoopback && isLoopback(address) ? '' : networkKey(address)
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer, token: string, place: Place): Promise<void> {
    const verdict = await this.#options.auth.verify(token)
    if (socket.destroyed) return
    if (!verdict.ok) return this.#refuse(socket, 401, verdict.reason)
    if (this.#isDraining) return this.#refuse(socket, 503, 'draining')
    const turned = place.claim(verdict.grant.subject)
    if (turned !== null) return this.#refuse(socket, turned.status, turned.event, turned.retryAfterS)
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#connect(webSocket, socket, { token, grant: verdict.grant, network: this.#networkOf(socket) })
    })
  }

  #connect(webSocket: WebSocket, socket: Duplex, upgrade: Upgrade): void {
    const { clock, log, metrics, entrance, labelSubject } = this.#options
    const outlet = new Outlet(this.#outlets, webSocket, socket)
    const connection = entrance.connect(outlet, upgrade)
    log.info('connection-opened', {
      connection: connection.id,
      subject: labelSubject(upgrade.grant.subject),
      address: labelAddress(addressOf(socket)),
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

  #refuse(socket: Duplex, status: number, event: string, retryAfterS?: number): void {
    this.#options.metrics.count('upgrades_refused', { status: String(status) })
    this.#options.log.info('upgrade-refused', { status, reason: event, address: labelAddress(addressOf(socket)) })
    answerSocket(socket, status, this.#options.isStrictTransport, retryAfterS)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => response.destroy())
    const url = request.url ?? ''
    const { tokenEndpoint, isStrictTransport, log } = this.#options
    if (tokenEndpoint !== undefined && url === TOKEN_PATH) {
      tokenEndpoint(request, response).catch(() => response.destroy())
      return
    }
    if (isTokenInUrl(url)) {
      log.warn('token-in-url', { url: '[redacted]', address: labelAddress(addressOf(request.socket)) })
    }
    const status = statusOfRequest(request)
    const { headers, body } = createAnswer(status, isStrictTransport)
    response.writeHead(status, headers).end(request.method === 'HEAD' ? '' : body)
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
