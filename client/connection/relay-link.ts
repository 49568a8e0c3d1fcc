/**
 * One socket to the relay, from its first frame to its last: it proves the device, notices that it is dead, and says when to come back.
 * Rules FR1, FR2, FR11, AU8, CL21.
 *
 * @module
 */
import {
  decodeRelayFrame,
  encodeClientFrame,
  helloInput,
  isTransientClose,
  sodiumSha512,
  SyncError,
  toBytes,
  tokenHash,
  type Bytes,
  type ClientFrame,
  type RelayFrame,
} from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { chance, monotonicClock, startInterval, startTimer, wallClock, type Cancel } from '../platform.ts'
import type { DocumentFrame, DownReason } from './channel.ts'
import type { HeadKeyPin } from './head-key-pin.ts'
import { SOCKET_OPEN, type Socket } from './socket.ts'

const INITIAL_HEARTBEAT_MS = 15_000
/** A socket that gives no sign of life for so long after a wake-up is a zombie. [CL21] */
const PONG_DEADLINE_MS = 2_500
/** A phone that comes back has sockets that never open, and never fail. [CL21] */
const CONNECT_DEADLINE_MS = 8_000
const SILENT: DownReason = { transient: true, code: 'SILENT', closeCode: 1006, reason: 'the relay has gone silent' }
const MALFORMED: DownReason = {
  transient: true,
  code: 'RELAY_MALFORMED',
  closeCode: 4400,
  reason: 'the relay sent what is no frame',
}
const HEAD_KEY_CHANGED: DownReason = {
  transient: false,
  code: 'HEAD_KEY_CHANGED',
  closeCode: 4409,
  reason: 'the relay shows another head key than the one known',
}

export interface RelayLinkOptions {
  readonly socket: Socket
  /** The token that the upgrade presented. */
  readonly token: string
  readonly audience: string
  readonly device: Promise<Device>
  readonly pin: HeadKeyPin
  /** The relay is greeted: documents may be opened. */
  readonly onReady: () => void
  readonly onFrame: (frame: DocumentFrame) => void
  /** The relay lets it be known that it is there. [FR11] */
  readonly onHeartbeat: () => void
  /** It has ended; called once, and nothing after it. */
  readonly onDown: (reason: DownReason) => void
  readonly onError: (error: unknown) => void
}

export class RelayLink {
  readonly #options: RelayLinkOptions
  readonly #watchdog: Cancel
  readonly #connectTimer: Cancel
  #examineTimer: Cancel | null = null
  #isOver = false
  #ready = false
  #readySince = 0
  #lastFrameAt = monotonicClock()
  #heartbeatMs = INITIAL_HEARTBEAT_MS
  #clockAheadMs = 0
  #retryAfterMs = 0
  /** Who waits for a PONG, by the nonce of their PING; 0 is nobody's. */
  readonly #onSignByNonce = new Map<number, () => void>()
  #nonce = 0

  constructor(options: RelayLinkOptions) {
    this.#options = options
    const { socket } = options
    socket.onmessage = (event) => {
      this.#lastFrameAt = monotonicClock()
      const data = event.data
      if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) this.#receive(toBytes(data))
      else this.drop(MALFORMED)
    }
    socket.onerror = (event) => options.onError(socketError(event))
    socket.onclose = (event) => {
      const transient = isTransientClose(event.code)
      this.drop({ transient, code: closeName(event.code), closeCode: event.code, reason: event.reason })
    }
    this.#watchdog = startInterval(INITIAL_HEARTBEAT_MS / 3, () => this.#watch())
    this.#connectTimer = startTimer(CONNECT_DEADLINE_MS, () => this.drop(SILENT))
  }

  get ready(): boolean {
    return this.#ready
  }

  /** Milliseconds since it was ready; 0 before. */
  get readyForMs(): number {
    return this.#ready ? monotonicClock() - this.#readySince : 0
  }

  /** How far the relay's clock is ahead of this device's. */
  get clockAheadMs(): number {
    return this.#clockAheadMs
  }

  /** How long to stay away, as GOAWAY asked. */
  get retryAfterMs(): number {
    return this.#retryAfterMs
  }

  /** False when nothing was sent. */
  send(frame: ClientFrame): boolean {
    const { socket } = this.#options
    if (!this.#ready || this.#isOver || socket.readyState !== SOCKET_OPEN) return false
    socket.send(encodeClientFrame(frame))
    return true
  }

  /** Calls back when the relay has answered a PING: all that it has sent before is here by then. */
  askForSign(onSign: () => void): Cancel {
    this.#nonce += 1
    const nonce = this.#nonce
    if (!this.send({ type: 'ping', nonce })) return () => undefined
    this.#onSignByNonce.set(nonce, onSign)
    return () => void this.#onSignByNonce.delete(nonce)
  }

  /** The platform hints that time has passed: is it still there? One that is still connecting has the same time to be. [CL21] */
  examine(): void {
    if (this.#examineTimer !== null) return
    const askedAt = monotonicClock()
    this.send({ type: 'ping', nonce: 0 })
    this.#examineTimer = startTimer(PONG_DEADLINE_MS, () => {
      this.#examineTimer = null
      if (this.#lastFrameAt < askedAt) this.drop(SILENT)
    })
  }

  drop(reason: DownReason): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#watchdog()
    this.#connectTimer()
    this.#examineTimer?.()
    const { socket, onDown } = this.#options
    socket.onmessage = socket.onclose = socket.onopen = null
    socket.onerror = () => undefined
    if (socket.readyState <= SOCKET_OPEN) socket.close(reason.closeCode === 4400 ? 4400 : 1000)
    onDown(reason)
  }

  #watch(): void {
    if (monotonicClock() - this.#lastFrameAt > 2 * this.#heartbeatMs) this.drop(SILENT)
  }

  #receive(bytes: Bytes): void {
    const decoded = decodeRelayFrame(bytes)
    if (!decoded.ok) return this.drop(MALFORMED)
    const frame = decoded.value
    switch (frame.type) {
      case 'welcome':
        this.#greet(frame).catch((error: unknown) => this.#options.onError(error))
        return
      case 'heartbeat':
        return this.#options.onHeartbeat()
      case 'pong':
        return this.#takeSign(frame.nonce)
      case 'goaway':
        this.#retryAfterMs = frame.retryAfterMs + Math.floor(chance() * frame.jitterMs)
        return
      default:
        return this.#options.onFrame(frame)
    }
  }

  #takeSign(nonce: number): void {
    const onSign = this.#onSignByNonce.get(nonce)
    this.#onSignByNonce.delete(nonce)
    onSign?.()
  }

  async #greet(frame: Extract<RelayFrame, { type: 'welcome' }>): Promise<void> {
    const { audience, device, onReady, pin, socket, token } = this.#options
    if (this.#ready) return this.drop(MALFORMED)
    this.#heartbeatMs = frame.heartbeatMs
    this.#clockAheadMs = frame.timeMs - wallClock()
    if (!(await pin.accept(frame.headKey, frame.headKeyStatements))) return this.drop(HEAD_KEY_CHANGED)
    const own = await device
    if (this.#isOver) return
    const signature = own.sign(helloInput(frame.nonce, audience, tokenHash(sodiumSha512, token)))
    const { signPublic, boxPublic } = own
    socket.send(encodeClientFrame({ type: 'hello', signPublic, boxPublic, audience, signature }))
    this.#connectTimer()
    this.#ready = true
    this.#readySince = monotonicClock()
    onReady()
  }
}

/** A socket's error without the socket: under Node the event holds the request, and that the token. */
function socketError(event: unknown): SyncError {
  const { error, message } = event as { error?: { code?: unknown }; message?: unknown }
  const code = typeof error?.code === 'string' ? error.code : 'SOCKET_ERROR'
  return new SyncError(code, typeof message === 'string' ? message : 'the socket failed')
}

function closeName(code: number): string {
  return code === 1006 ? 'OFFLINE' : `CLOSED_${code}`
}
