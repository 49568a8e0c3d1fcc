/**
 * The line between the phones of `/show` and the relay: it passes on what both say, and lies when it is told to. It holds no key. For pages of
 * this origin on this computer alone; every other client dials the relay itself.
 *
 * @module
 */
import { SUBPROTOCOL, toBytes } from '@y-sealed/protocol'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'

import { isFromHere } from './from-here.ts'
import { Liar, LIES, type Deed } from './lies.ts'

/** The relay behind it. */
export interface LineEnd {
  readonly url: string
  /** PEM file of its authority; `null` where the system's are to do. */
  readonly caPath: string | null
}

export interface Line {
  /** From now on phones get through. */
  reach(relay: LineEnd): void
  /** Takes the upgrades for {@link LINE_PATH}; leaves all else. */
  connect(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** Answers `POST /demo/lie?lie=…&document=…`; without a lie, the truth is told from then on. Leaves all else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean
  close(): void
}

export const LINE_PATH = '/demo/line'
const LIE_PATH = '/demo/lie'

/** `onDeed` hears of everything that it alters, drops or hides. */
export function createLine(onDeed: (deed: Deed) => void): Line {
  const liar = new Liar(onDeed)
  const phones = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL, perMessageDeflate: false })
  let end: (LineEnd & { readonly ca?: string }) | null = null

  const cut = (): void => {
    for (const phone of phones.clients) phone.terminate()
  }

  /** The relay is asked first: what it refuses is refused here too. */
  const dial = ({ url, ca }: LineEnd & { readonly ca?: string }, { headers }: IncomingMessage): WebSocket =>
    new WebSocket(
      url,
      (headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim()),
      { perMessageDeflate: false, ...(headers.origin && { origin: headers.origin }), ...(ca && { ca }) },
    )

  return {
    reach(relay) {
      end = { ...relay, ...(relay.caPath !== null && { ca: readFileSync(relay.caPath, 'utf8') }) }
    },
    connect(request, socket, head) {
      if (end === null || request.url !== LINE_PATH || !isFromHere(request)) return false
      const relay = dial(end, request)
      relay.on('error', () => socket.destroy())
      socket.on('error', () => relay.terminate())
      relay.on('open', () => phones.handleUpgrade(request, socket, head, (phone) => join(phone, relay, liar)))
      return true
    },
    answer(request, response) {
      const [path, query] = (request.url ?? '').split('?', 2)
      if (path !== LIE_PATH || request.method !== 'POST' || !isFromHere(request)) return false
      const searchParams = new URLSearchParams(query)
      const name = searchParams.get('lie')
      const lie = LIES.find((known) => known === name) ?? null
      liar.tell(lie, searchParams.get('document') ?? '')
      // What was seen before is asked for again: to be rolled back, or to be made good.
      if (lie === null || lie === 'roll-back') cut()
      response.writeHead(204, { 'Cache-Control': 'no-store' }).end()
      return true
    },
    close() {
      cut()
      phones.close()
    },
  }
}

function join(phone: WebSocket, relay: WebSocket, liar: Liar): void {
  phone.on('error', () => phone.terminate())
  relay.on('message', (data: Buffer) => {
    for (const said of liar.toPhone(phone, toBytes(data).slice())) phone.send(said)
  })
  phone.on('message', (data: Buffer) => {
    for (const said of liar.toRelay(toBytes(data).slice())) relay.send(said)
  })
  relay.on('close', (code, reason) => (isSendable(code) ? phone.close(code, reason) : phone.terminate()))
  phone.on('close', () => relay.terminate())
}

/** RFC 6455 §7.4: the others stand for an end without a word. */
function isSendable(code: number): boolean {
  return code >= 1000 && code < 5000 && ![1004, 1005, 1006, 1015].includes(code)
}
