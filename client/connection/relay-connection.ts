/**
 * One socket to one relay, shared by many documents: it dials, opens each document under its own token, keeps tokens
 * fresh and comes back. It knows nothing of content. Rules FR2, AU3, AU7, CL8, CL21.
 *
 * @module
 */
import {
  bytesToBase64url,
  bytesToHex,
  pinsExpireAtMs,
  SUBPROTOCOL,
  SyncError,
  type Bytes,
  type ClientFrame,
  type PinSet,
} from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { ObservableV2 } from 'lib0/observable'
import { Backoff, SETTLED_AFTER_MS } from './backoff.ts'
import { Attachment } from './attachment.ts'
import {
  documentOf,
  type Channel,
  type ChannelPort,
  type DocumentFrame,
  type DownReason,
  type TokenSource,
} from './channel.ts'
import { chance, monotonicClock, startTimer, wallClock, type Cancel } from '../platform.ts'
import { TokenDeniedError } from '../token/issuer-token.ts'
import { HeadKeyPin } from './head-key-pin.ts'
import { watchLifeCycle } from './life-cycle.ts'
import { checkPinning } from './check-pinning.ts'
import { RelayLink } from './relay-link.ts'
import { audienceOf, type Socket, type SocketConstructor } from './socket.ts'

export interface RelayConnectionOptions {
  /** `wss://host[:port]` or with the path `/sync`. */
  readonly url: string
  readonly device: Device | Promise<Device>
  /** Asked once for each document at each dial, and before a token expires. A rejection counts as a failed dial. */
  readonly token: TokenSource
  /** Defaults to the platform's; Node 20 has none: pass the one from `@y-sealed/client/node`. */
  readonly WebSocket?: SocketConstructor
  /**
   * The keys that the relay may show, besides all that a certificate is checked for anyway. Under Node alone, with the class of
   * `@y-sealed/client/node`: no page is told which certificate its browser was shown. [PN3]
   */
  readonly pins?: PinSet
  /** Remembers the relay's head key between runs; without one it is pinned for this run. [LO5] */
  readonly headKeyPin?: HeadKeyPin
  /** [0, 1); for jitter. */
  readonly random?: () => number
  /** How long a socket stays when the page is out of view (default 20 s); `null` for as long as it lasts. [CL21] */
  readonly closeHiddenAfterMs?: number | null
}

/** Reported to whoever listens on the connection itself. */
export interface ConnectionEvents {
  status: (status: 'connected' | 'connecting' | 'disconnected') => void
  /** The socket closed. */
  'connection-close': (reason: DownReason) => void
  'connection-error': (error: unknown) => void
  /** The page is out of view: what is unsent leaves now, others see nobody here any more. [CL21] */
  hidden: () => void
  shown: () => void
  /** The relay has shown that it is there. [FR11] */
  heartbeat: () => void
}

const CLOSE_HIDDEN_AFTER_MS = 20_000
const KEY_IN_DOUBT: DownReason = {
  transient: true,
  code: 'BAD_HEAD',
  closeCode: 1000,
  reason: 'the head key of WELCOME has not signed what the relay shows',
}
const HIDDEN: DownReason = { transient: true, code: 'HIDDEN', closeCode: 1000, reason: 'the page is out of view' }

export class RelayConnection extends ObservableV2<{ [K in keyof ConnectionEvents]: ConnectionEvents[K] }> {
  /** The URL as dialled, which tokens and HELLO name. */
  readonly audience: string
  readonly #device: Promise<Device>
  readonly #token: TokenSource
  readonly #Socket: SocketConstructor
  readonly #pins: PinSet | undefined
  readonly #pin: HeadKeyPin
  readonly #backoff: Backoff
  readonly #attachedById = new Map<string, Attachment>()
  #link: RelayLink | null = null
  #dialling = false
  #retryTimer: Cancel | null = null
  #retriedDial = false
  #ended = false
  #isHidden = false
  #sleepTimer: Cancel | null = null
  /** The relay asked to stay away until then, by the monotonic clock. */
  #notBefore = 0
  readonly #closeHiddenAfterMs: number | null
  readonly #unwatch: () => void

  /**
   * Throws `TypeError` for a URL that is not `wss:` (AU5), where no WebSocket class is to be had, and for pins that it cannot check or
   * that are another relay's (PN3).
   */
  constructor(options: RelayConnectionOptions) {
    super()
    this.audience = audienceOf(options.url)
    this.#device = Promise.resolve(options.device)
    this.#token = options.token
    const platform = (globalThis as { WebSocket?: SocketConstructor }).WebSocket
    const Socket = options.WebSocket ?? platform
    if (!Socket) throw new TypeError('this platform has no WebSocket: pass one as the WebSocket option')
    this.#Socket = Socket
    this.#pins = options.pins
    if (options.pins !== undefined) checkPinning(options.pins, this.audience, Socket.checksPins)
    this.#pin = options.headKeyPin ?? new HeadKeyPin()
    this.#backoff = new Backoff(options.random ?? chance)
    this.#closeHiddenAfterMs =
      options.closeHiddenAfterMs === undefined ? CLOSE_HIDDEN_AFTER_MS : options.closeHiddenAfterMs
    this.#unwatch = watchLifeCycle({ onHidden: () => this.hide(), onWake: () => this.show() })
  }

  /** True while a socket has proved the device. */
  get connected(): boolean {
    return this.#link?.ready ?? false
  }

  /** The relay's head key (32 bytes) once a relay has shown it, pinned or not; `null` again where it has not signed what came with it. [LO5] */
  get headKey(): Bytes | null {
    return this.#pin.key
  }

  get device(): Promise<Device> {
    return this.#device
  }

  /** Adds a document and dials if nobody has. Throws `ALREADY_OPEN` when the document is attached. */
  attach(channel: Channel): ChannelPort {
    const id = bytesToHex(channel.documentId)
    if (this.#attachedById.has(id)) throw new SyncError('ALREADY_OPEN', 'this document is open on this connection')
    const attached = new Attachment(channel)
    this.#attachedById.set(id, attached)
    this.#ended = false
    if (this.#link?.ready) this.#run(this.#open(attached, this.#link))
    else if (this.#link === null) this.#dialNow()
    return {
      send: (frame) => attached.isOpen && this.#send(frame),
      reopen: () => {
        if (!this.#link?.ready || this.#attachedById.get(id) !== attached) return
        if (!attached.isOpening) this.#send({ type: 'close', document: channel.documentId })
        this.#run(this.#open(attached, this.#link))
      },
      refresh: () => this.#run(this.#refresh(attached)),
      askForSign: (onSign) => this.#link?.askForSign(onSign) ?? (() => undefined),
      detach: () => this.#detach(id, attached),
    }
  }

  /** Closes the socket and forgets every document. The connection is not to be used again. */
  override destroy(): void {
    this.#unwatch()
    this.#sleepTimer?.()
    for (const [id, attached] of this.#attachedById) this.#detach(id, attached)
    super.destroy()
  }

  #detach(id: string, attached: Attachment): void {
    if (this.#attachedById.get(id) !== attached) return
    if (attached.isOpen) this.#send({ type: 'close', document: attached.channel.documentId })
    this.#attachedById.delete(id)
    attached.closed()
    if (this.#attachedById.size > 0) return
    this.#ended = true
    this.#retryTimer?.()
    this.#retryTimer = null
    this.#link?.drop({ transient: false, code: 'DETACHED', closeCode: 1000, reason: '' })
  }

  get isHidden(): boolean {
    return this.#isHidden
  }

  /**
   * The app is out of view. Browsers are heard by themselves; a native shell calls it where its page is not told. What is unsent leaves, and
   * the socket closes after a while; nothing is dialled until {@link show}. [CL21]
   */
  hide(): void {
    if (this.#isHidden) return
    this.#isHidden = true
    this.emit('hidden', [])
    this.#sleepSoon()
  }

  /** The app is in view again, or the network may be another: a socket that does not answer at once is replaced. [CL21] */
  show(): void {
    this.#sleepTimer?.()
    this.#backoff.reset()
    if (this.#link !== null) this.#link.examine()
    else this.#dialAfter(Math.max(0, this.#notBefore - monotonicClock()))
    if (!this.#isHidden) return
    this.#isHidden = false
    this.emit('shown', [])
  }

  #sleepSoon(): void {
    if (this.#closeHiddenAfterMs === null) return
    this.#sleepTimer?.()
    this.#sleepTimer = startTimer(this.#closeHiddenAfterMs, () => this.#link?.drop(HIDDEN))
  }

  #dialAfter(delayMs: number): void {
    if (delayMs <= 0) return this.#dialNow()
    this.#retryTimer?.()
    this.#retryTimer = startTimer(delayMs, () => this.#dialNow())
  }

  #dialNow(): void {
    this.#retryTimer?.()
    this.#retryTimer = null
    if (this.#link === null && !this.#dialling && !this.#ended && this.#attachedById.size > 0) this.#run(this.#dial())
  }

  async #dial(): Promise<void> {
    const first = [...this.#attachedById.values()].find((attached) => !attached.isDenied)
    if (!first) return
    this.#dialling = true
    for (const { channel } of this.#attachedById.values()) channel.dialling()
    this.emit('status', ['connecting'])
    try {
      const token = await this.#tokenFor(first.channel)
      if (this.#ended) return
      this.#reportExpiry()
      const pinned = this.#pins === undefined ? [] : ([{ pins: this.#pins }] as const)
      const socket = new this.#Socket(this.audience, [SUBPROTOCOL, `bearer.${token}`], ...pinned)
      socket.binaryType = 'arraybuffer'
      this.#follow(socket, token, bytesToHex(first.channel.documentId))
    } catch (error) {
      if (error instanceof TokenDeniedError) this.#tokenFailed(first, error)
      else this.emit('connection-error', [error])
      this.#failDial({ transient: true, code: 'TOKEN_UNAVAILABLE', closeCode: 1006, reason: 'no token to be had' })
    } finally {
      this.#dialling = false
    }
  }

  async #tokenFor(channel: Channel): Promise<string> {
    const device = await this.#device
    return await (channel.token ?? this.#token)({
      documentId: bytesToBase64url(channel.documentId),
      deviceId: bytesToBase64url(device.id),
      audience: this.audience,
    })
  }

  /** `first`: the document whose token the upgrade presented. */
  #follow(socket: Socket, token: string, first: string): void {
    const link: RelayLink = new RelayLink({
      socket,
      token,
      audience: this.audience,
      device: this.#device,
      pin: this.#pin,
      onReady: () => {
        if (this.#isHidden) this.#sleepSoon()
        this.emit('status', ['connected'])
        for (const [id, attached] of this.#attachedById) {
          this.#run(this.#open(attached, link, id === first ? token : undefined))
        }
      },
      onFrame: (frame) => this.#deliver(frame),
      onHeartbeat: () => this.emit('heartbeat', []),
      onDown: (reason) => this.#dropped(link, reason),
      onError: (error) => this.emit('connection-error', [error]),
    })
    this.#link = link
  }

  async #open(attached: Attachment, link: RelayLink, token?: string): Promise<void> {
    if (attached.isOpening) return
    // What WELCOME said has not signed what came with it: it is asked for again, and that takes another socket. [LO5]
    if (this.#pin.key === null) return link.drop(KEY_IN_DOUBT)
    const { channel } = attached
    attached.opening()
    const fresh = token ?? (await this.#tokenFor(channel).catch((error: unknown) => this.#tokenFailed(attached, error)))
    if (fresh === null || this.#link !== link || this.#attachedById.get(bytesToHex(channel.documentId)) !== attached)
      return
    const { seq, transcript, recordHead } = channel.cursor()
    const document = channel.documentId
    link.send({ type: 'open', document, token: fresh, cursorSeq: seq, cursorTranscript: transcript, recordHead })
  }

  /** A refusal is final for its document; anything else is tried again. */
  #tokenFailed(attached: Attachment, error: unknown): null {
    this.emit('connection-error', [error])
    attached.tokenFailed(error instanceof TokenDeniedError)
    if (error instanceof TokenDeniedError) {
      attached.channel.down({ transient: false, code: error.code, closeCode: 4401, reason: error.message })
      return null
    }
    attached.channel.down({ transient: true, code: 'TOKEN_UNAVAILABLE', closeCode: 1006, reason: 'no token to be had' })
    attached.openAfter(this.#backoff.next(), () => {
      if (this.#link?.ready && !attached.isOpen) this.#run(this.#open(attached, this.#link))
    })
    return null
  }

  #deliver(frame: DocumentFrame): void {
    const attached = this.#attachedById.get(bytesToHex(documentOf(frame)))
    if (!attached) return
    const hearing = attached.hear(frame)
    if (hearing === 'late') return
    if (frame.type === 'head' || (frame.type === 'opened' && frame.present)) {
      this.#run(this.#pin.witness(frame.document, frame.head))
    }
    if (frame.type === 'opened') this.#retriedDial = false
    if (frame.type === 'opened' || frame.type === 'refreshed') this.#scheduleRefresh(attached, frame.expiresAtMs)
    if (hearing === 'token-refused' && this.#retryToken(attached)) return
    attached.channel.receive(frame)
  }

  #retryToken(attached: Attachment): boolean {
    if (this.#link === null || !attached.retryToken()) return false
    this.#run(this.#open(attached, this.#link))
    return true
  }

  /** Asks for a new token when four fifths of the grant's life are over. [AU7] */
  #scheduleRefresh(attached: Attachment, expiresAtMs: number): void {
    // By the relay's clock, which made the expiry: this device's may be wrong by hours.
    const nowMs = wallClock() + (this.#link?.clockAheadMs ?? 0)
    this.#refreshAfter(attached, Math.max(LEAST_REFRESH_MS, (expiresAtMs - nowMs) * 0.8))
  }

  #refreshAfter(attached: Attachment, delayMs: number): void {
    attached.refreshAfter(delayMs, () => this.#run(this.#refresh(attached)))
  }

  async #refresh(attached: Attachment): Promise<void> {
    const link = this.#link
    if (!attached.isOpen || link === null) return
    const token = await this.#tokenFor(attached.channel).catch((error: unknown) => {
      this.emit('connection-error', [error])
      return error instanceof TokenDeniedError ? null : undefined
    })
    if (token === null || this.#link !== link || !attached.isOpen) return
    if (token === undefined) return this.#refreshAfter(attached, LEAST_REFRESH_MS)
    this.#send({ type: 'refresh', document: attached.channel.documentId, token })
  }

  #send(frame: ClientFrame): boolean {
    return this.#link?.send(frame) ?? false
  }

  #dropped(link: RelayLink, reason: DownReason): void {
    if (this.#link !== link) return
    this.#link = null
    if (link.readyForMs > SETTLED_AFTER_MS) this.#backoff.reset()
    for (const attached of this.#attachedById.values()) attached.closed()
    this.emit('connection-close', [reason])
    this.#failDial(this.#mayRetryToken(reason) ? { ...reason, transient: true } : reason, link.retryAfterMs)
  }

  /** 4401, or a refused upgrade with a token that may have expired on the way: one more token, then give up. [FR21] */
  #mayRetryToken(reason: DownReason): boolean {
    if (reason.closeCode !== 4401 || this.#retriedDial) return false
    this.#retriedDial = true
    return true
  }

  #failDial(reason: DownReason, retryAfterMs = 0): void {
    this.emit('status', ['disconnected'])
    // A document that goes down for good detaches itself: what was there is gone through.
    const attached = Array.from(this.#attachedById.values())
    for (const { channel, isDenied } of attached) if (!isDenied) channel.down(reason)
    if (!reason.transient) this.#ended = true
    if (this.#ended || this.#attachedById.size === 0) return
    this.#notBefore = monotonicClock() + retryAfterMs
    // Out of view nothing is dialled: show() will. [CL21]
    if (!this.#isHidden) this.#dialAfter(this.#backoff.next(retryAfterMs))
  }

  /** Pins that have ended bind nobody; whoever listens should know. [PN4] */
  #reportExpiry(): void {
    if (this.#pins === undefined || wallClock() < pinsExpireAtMs(this.#pins)) return
    this.emit('connection-error', [new SyncError('PINS_EXPIRED', `the pins ended on ${this.#pins.expires}`)])
  }

  #run(work: Promise<void>): void {
    work.catch((error: unknown) => this.emit('connection-error', [error]))
  }
}

/** Least time between two tokens of one document. */
const LEAST_REFRESH_MS = 10_000
