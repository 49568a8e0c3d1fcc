/**
 * A client that opens a document and reads pages of it, and looks at no byte: what opening costs the relay, and as little as can be here.
 *
 * @module
 */
import type { SecureContext } from 'node:tls'

import {
  decodeRelayFrame,
  encodeClientFrame,
  helloInput,
  MAX_CHUNK_BYTES,
  RELAY_FRAME,
  sodiumSha512,
  SUBPROTOCOL,
  tokenHash,
  toBytes,
  type Bytes,
  type ClientFrame,
  type RelayFrame,
} from '@y-sealed/protocol'
import { createDeviceSeeds, Device, type DeviceSeeds } from '@y-sealed/protocol/sealing'

import type { TestDocument } from '../support/room-document.ts'
import { LeanSocket } from './lean-socket.ts'
import { AUDIENCE, makeBenchToken } from './systems/relay.ts'
import type { Workplace } from './workplace.ts'

/** All that somebody needs to enter a document, also in another process. */
export interface Admission {
  readonly port: number
  readonly document: Bytes
  readonly seeds: DeviceSeeds
  readonly token: string
}

/** Admits a new device. */
export function admit(workplace: Workplace, port: number, { id }: TestDocument): Admission {
  const seeds = createDeviceSeeds()
  return { port, document: id, seeds, token: makeBenchToken(workplace, id, new Device(seeds).id) }
}

/** Rows of a page, as the relay sends them. [FR18] */
const PAGE_BYTES = 4 * MAX_CHUNK_BYTES

/** A socket that has the document open. */
export class PageReader {
  readonly device: Device
  #socket: LeanSocket | null = null
  #waiting: { readonly type: number; readonly resolve: (message: Bytes) => void } | null = null
  /** Called with the size of each piece of a snapshot. */
  onChunk: (bytes: number) => void = () => {}

  private constructor(device: Device) {
    this.device = device
  }

  static async open({ port, document, seeds, token }: Admission, secureContext: SecureContext): Promise<PageReader> {
    const device = new Device(seeds)
    const reader = new PageReader(device)
    const welcomed = reader.next(RELAY_FRAME.welcome)
    reader.#socket = await LeanSocket.open({
      port,
      path: '/sync',
      protocols: `${SUBPROTOCOL}, bearer.${token}`,
      secureContext,
      onMessage: (message) => reader.#take(message),
    })
    const welcome = decode(await welcomed)
    if (welcome.type !== 'welcome') throw new Error('expected a welcome')
    const signature = device.sign(helloInput(welcome.nonce, AUDIENCE, tokenHash(sodiumSha512, token)))
    const { signPublic, boxPublic } = device
    reader.say({ type: 'hello', signPublic, boxPublic, audience: AUDIENCE, signature })
    const nothing = new Uint8Array(32)
    const opened = reader.next(RELAY_FRAME.opened)
    reader.say({ type: 'open', document, token, cursorSeq: 0, cursorTranscript: nothing, recordHead: nothing })
    await opened
    return reader
  }

  say(frame: ClientFrame): void {
    this.#socket?.send(encodeClientFrame(frame))
  }

  next(type: number): Promise<Bytes> {
    return new Promise((resolve) => (this.#waiting = { type, resolve }))
  }

  async ask(frame: ClientFrame, type: number): Promise<RelayFrame> {
    const answer = this.next(type)
    this.say(frame)
    return decode(await answer)
  }

  /** Reads all of a snapshot, two pages at a time. */
  readSnapshot(document: Bytes, snapshotId: Bytes, total: number): Promise<void> {
    return new Promise((resolve) => {
      let [asked, received] = [0, 0]
      const askMore = (): void => {
        for (; asked < total && asked < received + 2 * PAGE_BYTES; asked += PAGE_BYTES) {
          this.say({ type: 'read-snapshot', document, snapshotId, offset: asked })
        }
      }
      this.onChunk = (bytes) => {
        received += bytes
        if (received >= total) resolve()
        else askMore()
      }
      askMore()
    })
  }

  close(): void {
    this.#socket?.close()
  }

  #take(message: Buffer): void {
    const type = message[0] as number
    if (type === RELAY_FRAME['snapshot-chunk']) this.onChunk(message.length - 61)
    if (type === RELAY_FRAME.nack) throw new Error(`the relay refused: ${JSON.stringify(decode(toBytes(message)))}`)
    if (this.#waiting?.type !== type) return
    const { resolve } = this.#waiting
    this.#waiting = null
    resolve(toBytes(message).slice())
  }
}

function decode(message: Bytes): RelayFrame {
  const frame = decodeRelayFrame(message)
  if (!frame.ok) throw new Error(frame.fault)
  return frame.value
}
