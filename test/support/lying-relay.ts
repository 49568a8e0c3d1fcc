/**
 * A relay that lies: a TLS proxy before a real one, which reads every frame both ways and does with it what a test says. It holds no keys
 * but those of its certificate: whatever it can do, any relay can. What passes is kept, decrypted, for those who look for leaks.
 *
 * @module
 */
import {
  decodeClientFrame,
  decodeRelayFrame,
  encodeEntries,
  SOCKET_PATH,
  SUBPROTOCOL,
  toBytes,
  type Bytes,
  type ClientFrame,
  type RelayFrame,
} from '@y-sealed/protocol'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'

import { testCertificate } from './test-relay.ts'

/** Where the honest relay behind it listens. */
export interface Upstream {
  readonly port: number
  /** PEM of its certificate authority. */
  readonly ca: string
}

/** What goes on in place of a message, in order; `undefined` lets it pass as it is. `frame` is `null` for what is no frame. */
export type Trick<Frame> = (frame: Frame | null, message: Bytes, link: Link) => readonly Bytes[] | undefined

/** Something that passed, without TLS and without the masks of RFC 6455 §5.3. */
export interface Captured {
  readonly place: 'request-head' | 'request-body' | 'response-head' | 'response-body' | 'from-client' | 'from-relay'
  readonly bytes: Bytes
}

/** An entry as a relay shows it. */
export interface ShownEntry {
  readonly seq: number
  readonly envelope: Bytes
}

/** One client's socket and the one to the relay that belongs to it. */
export class Link {
  readonly #client: WebSocket
  readonly #relay: WebSocket

  constructor(client: WebSocket, relay: WebSocket) {
    this.#client = client
    this.#relay = relay
  }

  get isOpen(): boolean {
    return this.#client.readyState === WebSocket.OPEN
  }

  /** Says something to the client that the relay never said. Text where it is a string. */
  toClient(message: Uint8Array | string): void {
    this.#client.send(message)
  }

  /** Says something to the relay that the client never said. */
  toRelay(message: Uint8Array): void {
    this.#relay.send(message)
  }

  /** Calls back when the client has taken in everything said so far. */
  ping(callback: () => void): void {
    this.#client.once('pong', callback)
    this.#client.ping()
  }

  /** Ends it without a word. */
  cut(): void {
    this.#client.terminate()
    this.#relay.terminate()
  }
}

export class LyingRelay {
  /** What clients dial. */
  readonly url: string
  /** PEM of the authority that clients trust. */
  readonly ca: string
  readonly captured: Captured[] = []
  /** Every link there ever was, oldest first. */
  readonly links: Link[] = []
  /** Lies about what the relay says. */
  toClient: Trick<RelayFrame> = () => undefined
  /** Lies about what a client says. */
  toRelay: Trick<ClientFrame> = () => undefined
  #upstream: Upstream | null = null

  constructor(url: string, ca: string) {
    this.url = url
    this.ca = ca
  }

  /** Another relay behind the same address, or none. Open links are cut; clients come back by themselves. */
  stand(upstream: Upstream | null): void {
    this.#upstream = upstream
    this.cut()
  }

  /** The relay behind it now. */
  get upstream(): Upstream {
    if (this.#upstream === null) throw new Error('there is no relay behind this proxy')
    return this.#upstream
  }

  /** Cuts every link; clients come back by themselves. */
  cut(): void {
    for (const link of this.links) link.cut()
  }

  /** Tells the truth from now on. */
  repent(): void {
    this.toClient = this.toRelay = () => undefined
  }

  /** HTTP: the token endpoint. */
  answer(incoming: IncomingMessage, response: ServerResponse): void {
    const { method, url, headers } = incoming
    if (this.#upstream === null) return void response.destroy()
    this.#capture('request-head', headText(incoming))
    const outgoing = request(this.#addressOf(url ?? '/'), { method, headers, ca: this.#upstream?.ca }, (answer) => {
      const head = `${answer.statusCode}\n${answer.rawHeaders.join('\n')}`
      this.#capture('response-head', head)
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('data', (chunk: Buffer) => this.#capture('response-body', chunk))
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    incoming.on('data', (chunk: Buffer) => this.#capture('request-body', chunk))
    incoming.pipe(outgoing)
  }

  /** An upgrade: the relay is asked first, so that what it refuses is refused here too. */
  upgrade(sockets: WebSocketServer, incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined)
    if (this.#upstream === null) return void socket.destroy()
    this.#capture('request-head', headText(incoming))
    const protocols = (incoming.headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim())
    const address = this.#addressOf(SOCKET_PATH).replace(/^https/, 'wss')
    const relay = new WebSocket(address, protocols, { ca: this.#upstream?.ca, perMessageDeflate: false })
    relay.on('error', () => socket.destroy())
    relay.on('unexpected-response', (_request, answer) => {
      socket.end(`HTTP/1.1 ${answer.statusCode} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    })
    relay.on('open', () => sockets.handleUpgrade(incoming, socket, head, (client) => this.#join(client, relay)))
  }

  #join(client: WebSocket, relay: WebSocket): void {
    const link = new Link(client, relay)
    this.links.push(link)
    client.on('error', () => undefined)
    relay.on('message', (data: Buffer) => {
      const message = toBytes(data).slice()
      this.#capture('from-relay', message)
      const decoded = decodeRelayFrame(message)
      for (const said of this.toClient(decoded.ok ? decoded.value : null, message, link) ?? [message]) client.send(said)
    })
    client.on('message', (data: Buffer) => {
      const message = toBytes(data).slice()
      this.#capture('from-client', message)
      const decoded = decodeClientFrame(message)
      for (const said of this.toRelay(decoded.ok ? decoded.value : null, message, link) ?? [message]) relay.send(said)
    })
    relay.on('close', (code, reason) => (isSendable(code) ? client.close(code, reason) : client.terminate()))
    client.on('close', () => relay.terminate())
  }

  #capture(place: Captured['place'], what: string | Uint8Array): void {
    this.captured.push({ place, bytes: typeof what === 'string' ? toBytes(Buffer.from(what)) : toBytes(what).slice() })
  }

  #addressOf(path: string): string {
    return `https://localhost:${this.upstream.port}${path}`
  }
}

/** Listens on a free port; {@link LyingRelay.stand} puts a relay behind it. It ends with the test. */
export async function startLyingRelay(): Promise<LyingRelay> {
  const { key, cert, ca } = await testCertificate()
  const server = createServer({ key, cert })
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL, perMessageDeflate: false })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const lying = new LyingRelay(`wss://localhost:${port}${SOCKET_PATH}`, ca)
  server.on('request', (incoming, response) => lying.answer(incoming, response))
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) =>
    lying.upgrade(sockets, incoming, socket, head),
  )
  onTestFinished(() => {
    lying.cut()
    server.closeAllConnections()
    server.close()
  })
  return lying
}

/** Shows other entries in place of each: altered, none, several, with other numbers. Everything else passes. */
export function showEntries(lie: (entry: ShownEntry) => readonly ShownEntry[]): Trick<RelayFrame> {
  return (frame) => {
    if (frame?.type !== 'entries') return undefined
    const shown = frame.envelopes.flatMap(({ bytes }, index) => lie({ seq: frame.seq + index, envelope: bytes }))
    return shown.map(({ seq, envelope }) => encodeEntries(seq, [envelope]))
  }
}

/** A copy with one bit turned. */
export function turnBit(bytes: Bytes, at: number, bit = 0): Bytes {
  const turned = bytes.slice()
  const place = at < 0 ? bytes.length + at : at
  turned[place] = (turned[place] as number) ^ (1 << bit)
  return turned
}

function headText({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []))
  return [`${method} ${url}`, ...lines].join('\n')
}

function isSendable(code: number): boolean {
  return code >= 1000 && code < 5000 && ![1004, 1005, 1006, 1015].includes(code)
}
