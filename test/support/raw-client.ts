/**
 * A client that speaks frames and nothing else: no reconnecting, no checking, no cleverness. It sends whatever it is told to, and shows
 * everything that came, in order.
 *
 * @module
 */
import {
  decodeRelayFrame,
  encodeClientFrame,
  helloInput,
  sodiumSha512,
  tokenHash,
  toBytes,
  type Bytes,
  type ClientFrame,
  type RelayFrame,
} from '@y-sealed/protocol'
import { Device, createDeviceSeeds } from '@y-sealed/protocol/sealing'
import { WebSocket } from 'ws'

type FrameOf<Type extends RelayFrame['type']> = Extract<RelayFrame, { readonly type: Type }>

export interface RawClientOptions {
  readonly url: string
  readonly ca: string
  readonly token: string
  readonly device: Device
  readonly audience: string
  readonly origin?: string
}

/** How a socket ended. */
export interface Ending {
  readonly code: number
  readonly reason: string
}

/** A device with fresh keys. */
export function createTestDevice(): Device {
  return new Device(createDeviceSeeds())
}

export class RawClient {
  readonly device: Device
  readonly options: RawClientOptions
  /** Every frame that came, oldest first. */
  readonly frames: RelayFrame[] = []
  /** Every message that came, as bytes. */
  readonly messages: Bytes[] = []
  /** Asked of each frame that comes: what it takes is not shown, and not kept. */
  take: ((frame: RelayFrame) => boolean) | null = null
  readonly ended: Promise<Ending>
  readonly #socket: WebSocket
  #waiting: (() => void)[] = []
  #taken = 0
  #isEnded = false

  constructor(options: RawClientOptions) {
    this.options = options
    this.device = options.device
    this.#socket = new WebSocket(options.url, ['y-sealed.v1', `bearer.${options.token}`], {
      ca: options.ca,
      ...(options.origin !== undefined && { origin: options.origin }),
    })
    this.#socket.on('error', () => {})
    this.#socket.on('message', (data: Buffer) => {
      const bytes = toBytes(data).slice()
      const frame = decodeRelayFrame(bytes)
      if (!frame.ok) throw new Error(`the relay sent what is no frame: ${frame.fault}`)
      if (this.take?.(frame.value) === true) return
      this.messages.push(bytes)
      this.frames.push(frame.value)
      this.#wake()
    })
    this.ended = new Promise((resolve) => {
      this.#socket.on('close', (code, reason) => {
        this.#isEnded = true
        resolve({ code, reason: reason.toString() })
        this.#wake()
      })
    })
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  /** The next frame that {@link RawClient.next} has not given yet. Rejects when the socket ends first. */
  async next(): Promise<RelayFrame> {
    while (this.#taken >= this.frames.length) {
      if (this.#isEnded) throw new Error('the socket ended')
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    return this.frames[this.#taken++] as RelayFrame
  }

  /** The next frame of a type; others before it are passed over. */
  async nextOf<Type extends RelayFrame['type']>(type: Type): Promise<FrameOf<Type>> {
    for (;;) {
      const frame = await this.next()
      if (frame.type === type) return frame as FrameOf<Type>
    }
  }

  send(frame: ClientFrame): void {
    this.sendBytes(encodeClientFrame(frame))
  }

  sendBytes(bytes: Uint8Array | string): void {
    this.#socket.send(bytes)
  }

  /** Answers WELCOME. `changes` spoil the HELLO for tests that want it so. */
  async hello(changes: Partial<Extract<ClientFrame, { type: 'hello' }>> = {}): Promise<FrameOf<'welcome'>> {
    const welcome = await this.nextOf('welcome')
    this.send({ ...this.makeHello(welcome.nonce), ...changes })
    return welcome
  }

  makeHello(nonce: Bytes): Extract<ClientFrame, { type: 'hello' }> {
    const { token, audience } = this.options
    const { signPublic, boxPublic } = this.device
    const signature = this.device.sign(helloInput(nonce, audience, tokenHash(sodiumSha512, token)))
    return { type: 'hello', signPublic, boxPublic, audience, signature }
  }

  /** Sends OPEN; by default from the beginning, with the token of the upgrade. */
  open(document: Bytes, changes: Partial<Extract<ClientFrame, { type: 'open' }>> = {}): void {
    this.send({
      type: 'open',
      document,
      token: this.options.token,
      cursorSeq: 0,
      cursorTranscript: new Uint8Array(32),
      recordHead: new Uint8Array(32),
      ...changes,
    })
  }

  /** Waits until everything sent so far has been answered: frames of one socket are handled in order. */
  async settle(nonce = 1 + Math.trunc(this.frames.length)): Promise<void> {
    this.send({ type: 'ping', nonce })
    for (;;) if ((await this.nextOf('pong')).nonce === nonce) return
  }

  /** Reads nothing from now on. */
  pause(): void {
    this.#socket.pause()
  }

  /** Reads again. */
  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.close()
  }

  terminate(): void {
    this.#socket.terminate()
  }
}
