/**
 * The line of one document to the relay: held or not, up or down, for now or for good. It tells the app of each, in y-websocket's words.
 * Rules CL8, FR20, FR21, LO6.
 *
 * @module
 */
import type { ClientFrame } from '@y-sealed/protocol'
import type { AskForSign } from '../connection/answer-watch.ts'
import type { Channel, ChannelPort, DownReason } from '../connection/channel.ts'
import type { RelayConnection } from '../connection/relay-connection.ts'
import { startTimer, type Cancel } from '../platform.ts'
import type { Emit, IntegrityReport, ProviderStatus } from './provider-events.ts'
import { LEFT_CODE } from './down-reason.ts'

const SPOILT =
  'what the relay hands over is not what it has signed, or nothing that anybody wrote; it is tried again now and then'

export interface LifelineOptions {
  readonly connection: RelayConnection
  readonly channel: Omit<Channel, 'dialling' | 'down'>
  readonly emit: Emit
  /** What must be there before the first frame; asked once, and again where it failed. */
  readonly start: () => Promise<void>
  /** Nothing may leave until the document has been opened again. */
  readonly onPause: () => void
  /** The socket is gone. */
  readonly onGone: () => void
  /** Closed for good. */
  readonly onEnded: (reason: DownReason) => void
  /** What this device knows better than the relay says. */
  readonly explain: (reason: DownReason) => DownReason
}

export class Lifeline {
  readonly #options: LifelineOptions
  #port: ChannelPort | null = null
  #starting: Promise<void> | null = null
  #status: ProviderStatus = 'disconnected'
  #synced = false
  #openedAt: number | null = null
  #shouldConnect = false
  #halted = false
  #ended: DownReason | null = null
  /** Opened once more, without a word, after it was halted. */
  #isLooking = false
  /** The app has left. */
  #isLeft = true
  #reopenTimer: Cancel | null = null

  constructor(options: LifelineOptions) {
    this.#options = options
  }

  get status(): ProviderStatus {
    return this.#status
  }

  get synced(): boolean {
    return this.#synced
  }

  /** Seq up to which the log went when it was first opened, as the relay said; `null` before. */
  get openedAt(): number | null {
    return this.#openedAt
  }

  get shouldConnect(): boolean {
    return this.#shouldConnect
  }

  /** Nothing that the relay says is believed any more. */
  get halted(): boolean {
    return this.#halted
  }

  /** It is open, and nobody knows: what it was halted for may be over. */
  get isLooking(): boolean {
    return this.#isLooking
  }

  /** Why it was closed for good; `null` while it may still come back. */
  get ended(): DownReason | null {
    return this.#ended
  }

  connect(): void {
    this.#isLeft = false
    if (this.#halted || this.#port) return
    this.#ended = null
    this.#shouldConnect = true
    this.#starting ??= this.#options.start()
    this.#starting
      .catch((error: unknown) => {
        this.#starting = null
        throw error
      })
      .then(() => this.#attach())
      .catch((error: unknown) => this.#options.emit('connection-error', [error]))
  }

  /** The app has chosen to look again: what stopped it is judged anew. */
  resume(): void {
    this.#endLook()
    this.#halted = false
    this.connect()
  }

  /** Opens it once more although it was halted, and tells nobody; false where it was not, or where the app has left. */
  look(): boolean {
    if (!this.#halted || this.#port !== null || this.#isLeft) return false
    this.#isLooking = true
    this.#attachNow()
    return true
  }

  /** What it was halted for is over: it is opened anew. */
  goOn(): void {
    if (!this.#isLooking) return this.reopen()
    this.#isLooking = false
    this.#halted = false
    this.#ended = null
    this.#shouldConnect = true
    this.#setStatus('connecting')
    this.reopen()
  }

  disconnect(): void {
    this.#isLeft = true
    this.#shouldConnect = false
    this.#endLook()
    this.#detach()
    this.#goDown()
  }

  /** False when nothing was sent. */
  send(frame: ClientFrame): boolean {
    return this.#port?.send(frame) ?? false
  }

  reopen(): void {
    this.#port?.reopen()
  }

  readonly askForSign: AskForSign = (onSign) => this.#port?.askForSign(onSign) ?? (() => undefined)

  /** Asks for a new token; false where the document is not held. */
  refresh(): boolean {
    this.#port?.refresh()
    return this.#port !== null
  }

  /** The relay has opened the document, and says that its log goes up to there. */
  opened(seq: number): void {
    this.#openedAt ??= seq
    this.#setStatus('connected')
  }

  /** History is verified, decrypted and applied. [CL6] */
  setSynced(): void {
    if (!this.#synced) this.#tellSynced(true)
  }

  /** Opens again after some ms, or is down for good. */
  obey(verdict: number | DownReason): void {
    if (typeof verdict !== 'number') return this.down(verdict)
    this.#options.onPause()
    this.#reopenTimer?.()
    this.#reopenTimer = startTimer(verdict, () => this.reopen())
  }

  /** Nothing of what the relay says is taken any more, nothing local is given up; only {@link Lifeline.look} may end that. [LO6] [CL30] */
  halt(code: IntegrityReport['code'], seq: number, isSpoilt = false): void {
    if (this.#isLooking) return this.#endLook()
    if (this.#halted) return
    this.#halted = true
    this.#options.emit('integrity', [{ code, seq, ...(isSpoilt && { isSpoilt }), fatal: true }])
    const reason = isSpoilt ? SPOILT : "the relay's log does not fit what this device has verified"
    this.down({ transient: false, code, closeCode: LEFT_CODE, reason })
  }

  down(told: DownReason): void {
    const { emit, explain, onEnded } = this.#options
    // A connection that comes back by itself goes on looking.
    if (this.#isLooking) return told.transient ? this.#goDown() : this.#endLook()
    const reason = explain(told)
    this.#goDown()
    emit('connection-close', [reason])
    if (reason.transient) return
    this.#shouldConnect = false
    this.#ended = reason
    this.#detach()
    onEnded(reason)
    if (reason.closeCode === 4401) emit('authenticationFailed', [reason])
    emit('closed', [reason])
  }

  #endLook(): void {
    if (!this.#isLooking) return
    this.#detach()
    this.#goDown()
    this.#isLooking = false
  }

  #attach(): void {
    if (this.#shouldConnect && !this.#port && !this.#halted) this.#attachNow()
  }

  #attachNow(): void {
    const { connection, channel } = this.#options
    this.#port = connection.attach({
      ...channel,
      dialling: () => this.#setStatus('connecting'),
      down: (reason) => this.down(reason),
    })
  }

  #detach(): void {
    this.#port?.detach()
    this.#port = null
  }

  #goDown(): void {
    this.#reopenTimer?.()
    this.#options.onPause()
    this.#options.onGone()
    this.#setStatus('disconnected')
    if (this.#synced) this.#tellSynced(false)
  }

  #setStatus(status: ProviderStatus): void {
    if (this.#status === status || this.#isLooking) return
    this.#status = status
    this.#options.emit('status', [{ status }])
  }

  #tellSynced(synced: boolean): void {
    this.#synced = synced
    this.#options.emit('sync', [synced])
    this.#options.emit('synced', [synced])
  }
}
