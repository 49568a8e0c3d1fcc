/**
 * A socket in bad hands: frames or bare bytes, from a network of its own, and every refusal that comes back is counted.
 *
 * @module
 */
import {
  decodeRelayFrame,
  encodeClientFrame,
  helloInput,
  REFUSALS,
  sodiumSha512,
  SUBPROTOCOL,
  tokenHash,
  toBytes,
  type Bytes,
  type ClientFrame,
  type RelayFrame,
} from '@y-sealed/protocol'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'

import type { Ground } from './ground.ts'

const NOTHING = new Uint8Array(32)
const codeNames = new Map<number, string>(Object.entries(REFUSALS).map(([name, { number }]) => [number, name]))

/** What came, or `null` when the socket ended first. */
type Heard = RelayFrame | null

export class AttackSocket {
  readonly ended: Promise<void>
  readonly #ground: Ground
  readonly #token: string
  readonly #webSocket: WebSocket
  /** For bytes that are no frames. */
  readonly #stream: Socket
  readonly #heard: RelayFrame[] = []
  #wake: (() => void) | null = null
  #isEnded = false
  #isOurDoing = false

  private constructor(ground: Ground, token: string, webSocket: WebSocket, stream: Socket) {
    this.#ground = ground
    this.#token = token
    this.#webSocket = webSocket
    this.#stream = stream
    webSocket.on('message', (data: Buffer) => this.#take(toBytes(data)))
    this.ended = new Promise((resolve) => {
      webSocket.on('close', (code) => {
        this.#isEnded = true
        // 1006: closed without a close frame.
        if (!this.#isOurDoing) ground.note(code === 1006 ? 'cut off' : String(code))
        this.#wake?.()
        resolve()
      })
    })
  }

  /** Resolves once the relay has answered the upgrade; with `null` when it did not take it. */
  static open(ground: Ground, token: string): Promise<AttackSocket | null> {
    const { target, localAddress } = ground
    const webSocket = new WebSocket(target.url, [SUBPROTOCOL, `bearer.${token}`], { ca: target.ca, localAddress })
    return new Promise((resolve) => {
      webSocket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET') ground.note('reset')
        resolve(null)
      })
      webSocket.on('unexpected-response', (request, response) => {
        ground.note(`HTTP ${response.statusCode}`)
        request.destroy()
        resolve(null)
      })
      webSocket.on('upgrade', ({ socket }) => resolve(new AttackSocket(ground, token, webSocket, socket)))
    })
  }

  #take(message: Bytes): void {
    const frame = decodeRelayFrame(message)
    if (!frame.ok) throw new Error(`the relay sent what is no frame: ${frame.fault}`)
    const { value } = frame
    if (value.type === 'nack') this.#ground.note(`NACK ${codeNames.get(value.code) ?? value.code}`)
    this.#heard.push(value)
    this.#wake?.()
  }

  async #next(): Promise<Heard> {
    while (this.#heard.length === 0) {
      if (this.#isEnded) return null
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    return this.#heard.shift() as RelayFrame
  }

  /** The next frame of a type. */
  async nextOf<Type extends RelayFrame['type']>(
    type: Type,
  ): Promise<Extract<RelayFrame, { readonly type: Type }> | null> {
    for (;;) {
      const frame = await this.#next()
      if (frame === null) return null
      if (frame.type === type) return frame as Extract<RelayFrame, { readonly type: Type }>
    }
  }

  /** Answers WELCOME; with a proof that proves nothing when `isForged`. False when the socket ended. */
  async hello(isForged = false): Promise<boolean> {
    const welcome = await this.nextOf('welcome')
    if (welcome === null) return false
    const { device, target } = this.#ground
    const signature = device.sign(helloInput(welcome.nonce, target.url, tokenHash(sodiumSha512, this.#token)))
    if (isForged) signature[0] = (signature[0] as number) ^ 1
    const { signPublic, boxPublic } = device
    this.send({ type: 'hello', signPublic, boxPublic, audience: target.url, signature })
    return true
  }

  /** Sends OPEN and waits for OPENED. */
  async openDocument(document: Bytes): Promise<boolean> {
    this.sendOpen(document, this.#token)
    return (await this.nextOf('opened')) !== null
  }

  sendOpen(document: Bytes, token: string): void {
    this.send({ type: 'open', document, token, cursorSeq: 0, cursorTranscript: NOTHING, recordHead: NOTHING })
  }

  send(frame: ClientFrame): void {
    this.sendMessage(encodeClientFrame(frame))
  }

  sendMessage(message: Uint8Array | string): void {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.send(message)
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array): void {
    if (this.#stream.writable) this.#stream.write(bytes)
  }

  /** Reads nothing from now on. */
  stopReading(): void {
    this.#webSocket.pause()
  }

  terminate(): void {
    this.#isOurDoing = true
    this.#webSocket.terminate()
  }
}
