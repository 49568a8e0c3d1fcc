/**
 * One socket, from WELCOME to its end: states, the proof at HELLO, the dispatch of frames, deadlines and strikes. What a frame does is
 * its handler's matter. Rules FR1, FR2, FR11, FR21, AU7, AU8.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  decodeClientFrame,
  encodeRelayFrame,
  REFUSALS,
  tokenHash,
  type Bytes,
  type ClientFrame,
  type CloseCode,
  type HelloFrame,
  type RefusalCode,
} from '@y-sealed/protocol'

import type { AppendQueue } from './append-queue.ts'
import type { Context } from './context.ts'
import { handleFrame } from './handle-frame.ts'
import { judgeHello, type Challenge } from './hello.ts'
import type { Hubs } from './hubs.ts'
import { OpenDocuments, type Slot } from './open-documents.ts'
import type { Grant, Outbound, Upgrade } from './ports.ts'
import { createSocketRates, isBadSignatureTooMany, type SocketRates } from './rates.ts'
import { encodeRefusal, type Refusal, type RefusedFrame } from './refusal.ts'
import type { Socket } from './socket.ts'
import { Strikes, weightOf } from './strikes.ts'
import type { Subscription } from './subscription.ts'

type State =
  | { readonly name: 'awaiting-hello'; readonly challenge: Challenge; readonly deadlineMs: number }
  | { readonly name: 'ready'; readonly device: Bytes; readonly signPublic: Bytes }
  | { readonly name: 'closed' }

/** How long what a change of grant left in flight is forgiven. */
const FORGIVE_MS = 10_000
const NOBODY: Bytes = new Uint8Array(16)
const NONCE_BYTES = 32

/** What a connection shares with all others. */
export interface Surroundings {
  readonly context: Context
  readonly hubs: Hubs
  readonly appends: AppendQueue
}

export class Connection implements Socket {
  readonly id: number
  readonly context: Context
  readonly hubs: Hubs
  readonly appends: AppendQueue
  readonly documents: OpenDocuments = new OpenDocuments()
  readonly rates: SocketRates
  readonly network: string
  pushesInFlight = 0
  readsInFlight = 0
  restoresInFlight = 0
  chunksInFlight = 0
  readonly #outbound: Outbound
  /** Of the upgrade: the token itself is not kept. */
  readonly #grant: Grant
  readonly #strikes: Strikes
  #state: State
  #heartbeatAtMs: number
  #forgivenUntilMs = -1

  /** Greets the peer with WELCOME. `stagger` (0…1) spreads the heartbeats of sockets that came together. */
  constructor(
    id: number,
    { context, hubs, appends }: Surroundings,
    outbound: Outbound,
    upgrade: Upgrade,
    stagger: number,
  ) {
    this.id = id
    this.context = context
    this.hubs = hubs
    this.appends = appends
    this.#outbound = outbound
    this.#grant = upgrade.grant
    this.#strikes = new Strikes(context.limits)
    const { clock, limits, headKey } = context
    this.rates = createSocketRates(limits, clock.monotonic())
    this.network = upgrade.network ?? ''
    const nonce = context.random(NONCE_BYTES)
    const challenge = { nonce, tokenHash: tokenHash(context.sha512, upgrade.token) }
    this.#state = { name: 'awaiting-hello', challenge, deadlineMs: clock.monotonic() + limits.helloDeadlineMs }
    this.#heartbeatAtMs = clock.monotonic() + limits.heartbeatMs * stagger
    outbound.send(
      encodeRelayFrame({
        type: 'welcome',
        nonce,
        headKey: headKey.publicKey,
        headKeyStatements: headKey.statements ?? [],
        timeMs: clock.now(),
        heartbeatMs: limits.heartbeatMs,
        maxDocuments: limits.documentsPerSocket,
        maxPushes: limits.pushesInFlight,
        pageBytes: limits.pageBytes,
      }),
    )
  }

  get isOpen(): boolean {
    return this.#state.name !== 'closed'
  }

  /** Bytes taken for this peer and not yet handed to the network. */
  get bufferedBytes(): number {
    return this.#outbound.bufferedBytes
  }

  get device(): Bytes {
    return this.#state.name === 'ready' ? this.#state.device : NOBODY
  }

  get signPublic(): Bytes {
    return this.#state.name === 'ready' ? this.#state.signPublic : NOBODY
  }

  send(frame: Bytes, rest?: Bytes): void {
    if (this.#state.name !== 'closed') this.#outbound.send(frame, rest)
  }

  flush(): void {
    if (this.#state.name !== 'closed') this.#outbound.flush()
  }

  /** Takes one binary message. Never throws; the bytes may be kept. */
  receive(message: Bytes): void {
    try {
      this.#read(message)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Our own fault: this socket ends, the process does not. [J9] */
  #fail(error: unknown): void {
    this.context.log.error('frame-failed', {
      connection: this.id,
      cause: error instanceof Error ? error.name : 'unknown',
    })
    this.#end(1011, 'internal error')
  }

  #read(message: Bytes): void {
    if (this.#state.name === 'closed') return
    const result = decodeClientFrame(message)
    if (!result.ok) {
      this.context.metrics.count('frames_refused', { fault: result.fault })
      this.#end(4400, 'malformed frame', result.fault)
      return
    }
    if (this.#state.name === 'awaiting-hello') this.#greet(result.value, this.#state.challenge)
    else {
      const work = handleFrame(this, result.value, message)
      if (work instanceof Promise) work.catch((error: unknown) => this.#fail(error))
    }
  }

  #greet(frame: ClientFrame, challenge: Challenge): void {
    if (frame.type !== 'hello') {
      this.#end(4400, 'expected hello', frame.type)
      return
    }
    this.#hello(frame, challenge)
  }

  #hello(frame: HelloFrame, challenge: Challenge): void {
    const verdict = judgeHello(this.context, frame, challenge, this.#grant)
    if (!verdict.ok) {
      this.context.metrics.count('hellos_refused', { reason: verdict.reason })
      if (verdict.reason !== 'signature' || !this.#endIfForger()) this.#end(4401, 'proof refused', verdict.reason)
      return
    }
    this.#state = { name: 'ready', device: verdict.device, signPublic: frame.signPublic.slice() }
    this.context.log.info('connection-ready', { connection: this.id, device: this.context.labelOf(verdict.device) })
  }

  leave(slot: Slot): void {
    this.documents.remove(slot)
    const { subscription } = slot
    if (subscription === null) return
    subscription.hub.remove(subscription)
    this.hubs.tidy(subscription.hub)
  }

  refuse(frame: RefusedFrame, refusal: Refusal, weight?: number): void {
    if (this.#state.name === 'closed') return
    this.send(encodeRefusal(frame, refusal))
    const { clock, metrics, log, labelOf } = this.context
    metrics.count('nacks', { code: refusal.code })
    if (refusal.code === 'TOKEN_REFUSED') this.#expire(clock.now())
    if (refusal.code === 'BAD_ENVELOPE' && this.#endIfForger()) return
    const now = clock.monotonic()
    const weighs = weight ?? (now < this.#forgivenUntilMs && isForgiven(refusal.code) ? 0 : weightOf(refusal.code))
    if (weighs === 0) return
    metrics.count('strikes', undefined, weighs)
    log.info('frame-refused', {
      connection: this.id,
      type: frame.type,
      code: refusal.code,
      document: labelOf(frame.document),
    })
    if (this.#strikes.add(weighs, now)) this.#end(4529, 'too many refusals')
  }

  /** A signature did not hold: whoever brings one after another, on whatever sockets, is not to come back. [H10] */
  #endIfForger(): boolean {
    const { rates, clock } = this.context
    const whose = { subject: this.#grant.subject, network: this.network }
    if (!isBadSignatureTooMany(rates, whose, clock.monotonic())) return false
    this.#end(4403, 'too many bad signatures')
    return true
  }

  forgive(): void {
    this.#forgivenUntilMs = this.context.clock.monotonic() + FORGIVE_MS
  }

  lagged({ hub }: Subscription): void {
    this.context.metrics.count('subscriptions_lagged')
    this.context.log.info('peer-lags', { connection: this.id, document: this.context.labelOf(hub.id) })
  }

  dropped(subscription: Subscription, code: RefusalCode): void {
    this.documents.removeSubscription(subscription)
    this.hubs.tidy(subscription.hub)
    this.forgive()
    this.context.log.info('document-closed', {
      connection: this.id,
      document: this.context.labelOf(subscription.hub.id),
      code,
    })
  }

  /** Closes the documents whose grant has ended. [AU7] */
  #expire(wallMs: number): void {
    for (const slot of this.documents) {
      const { subscription } = slot
      if (subscription === null || subscription.state !== 'live' || wallMs < subscription.endsAtMs) continue
      this.#withdraw(slot, subscription)
    }
  }

  /** Closes a document for want of a grant. */
  #withdraw(slot: Slot, { hub }: Subscription): void {
    const code = REFUSALS.TOKEN_REFUSED.number
    this.leave(slot)
    this.forgive()
    this.send(encodeRelayFrame({ type: 'closed', document: hub.id, code, retryAfterMs: 0 }))
    this.context.log.info('document-closed', {
      connection: this.id,
      document: this.context.labelOf(hub.id),
      code: 'TOKEN_REFUSED',
    })
  }

  /** Ends what rests on a revoked grant: the socket with its own, a document with the document's. [AU7] [D24] */
  recheck(isRevoked: (grant: Grant) => boolean): void {
    if (this.#state.name === 'closed') return
    if (isRevoked(this.#grant)) {
      this.#end(4401, 'token revoked')
      return
    }
    for (const slot of this.documents) {
      const { subscription } = slot
      if (subscription === null || !isRevoked(subscription.grant)) continue
      if (subscription.state === 'live') this.#withdraw(slot, subscription)
      else if (subscription.state === 'opening') {
        // Its OPEN has had no answer yet: this is the answer.
        this.leave(slot)
        this.refuse({ type: CLIENT_FRAME.open, document: slot.document }, { code: 'TOKEN_REFUSED' }, 0)
      }
    }
  }

  /** What falls due with time. `heartbeat` gives the frame of this tick. */
  tick(nowMs: number, wallMs: number, heartbeat: () => Bytes): void {
    const state = this.#state
    if (state.name === 'closed') return
    if (state.name === 'awaiting-hello') {
      if (nowMs >= state.deadlineMs) this.#end(4508, 'no hello')
      return
    }
    this.#expire(wallMs)
    if (this.documents.size === 0 && wallMs >= this.#grant.expiresAtMs + this.context.limits.toleranceMs) {
      this.#end(4401, 'token expired')
      return
    }
    if (nowMs < this.#heartbeatAtMs) return
    this.#heartbeatAtMs += this.context.limits.heartbeatMs
    if (this.#heartbeatAtMs <= nowMs) this.#heartbeatAtMs = nowMs + this.context.limits.heartbeatMs
    this.send(heartbeat())
  }

  /** A WebSocket ping or pong came: few are needed. [E15] [E16] */
  controlFrame(): void {
    if (this.#state.name === 'closed') return
    const isOne = this.rates.controlFrames.tryTake(1, this.context.clock.monotonic())
    if (!isOne) this.#end(4529, 'too many control frames')
  }

  /** Closes the socket for a reason of the relay's own. */
  end(code: CloseCode, reason: string): void {
    this.#end(code, reason)
  }

  #end(code: CloseCode, reason: string, detail?: string): void {
    if (this.#state.name === 'closed') return
    this.context.metrics.count('connections_ended', { code: String(code) })
    this.context.log.info('connection-ended', {
      connection: this.id,
      code,
      reason,
      ...(detail !== undefined && { detail }),
    })
    this.#outbound.close(code, reason)
    this.left()
  }

  /** The socket is gone, by whichever side. */
  left(): void {
    if (this.#state.name === 'closed') return
    this.#state = { name: 'closed' }
    for (const slot of this.documents) this.leave(slot)
  }
}

/** Refusals that honest clients earn when a grant changes under what they have sent. */
function isForgiven(code: RefusalCode): boolean {
  return code === 'NOT_OPEN' || code === 'FORBIDDEN' || code === 'UNKNOWN_DOCUMENT'
}
