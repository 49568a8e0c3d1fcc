/**
 * One document open on one socket: its grant, its role, and how far its live delivery has come. Rules FR5, FR8, AU6.
 *
 * @module
 */
import { encodeRelayFrame, type Bytes, type RefusalCode } from '@y-sealed/protocol'

import { refuseAction, type Action, type Standing } from './authorise.ts'
import type { WaitingAck } from './delivery.ts'
import { entriesToFrames, type LiveEntry, type Run } from './entry-frames.ts'
import type { Hub } from './hub.ts'
import type { Grant, Role } from './ports.ts'
import type { Payment } from './rates.ts'
import type { RestorePlan } from './restore-plan.ts'
import type { StagedParts } from './staged-parts.ts'
import { StaleAnswers } from './stale-answers.ts'
import { Throttle } from './throttle.ts'

/** The socket's side of a subscription. */
export interface Peer {
  /** Number of the connection, for logs. */
  readonly id: number
  /** Device id that the socket has proved. */
  readonly device: Bytes
  /** Bytes taken for it and not yet handed to the network. */
  readonly bufferedBytes: number
  /** `rest` is the frame's end where it comes in two pieces. */
  send(frame: Bytes, rest?: Bytes): void
  /** What was sent goes to the network now and not at the end of the turn. */
  flush(): void
  /** The subscription was ended from the document's side; the peer has been told. */
  dropped(subscription: Subscription, code: RefusalCode): void
  /** Live delivery to it has stopped; the peer has been told. */
  lagged(subscription: Subscription): void
}

/** What a live link's socket has: its records, and one `join`. [AU12] */
export interface LinkStanding {
  readonly expiresAtMs: number
  hasJoined: boolean
}

export class Subscription implements Standing {
  readonly hub: Hub
  readonly peer: Peer
  /** Role of the socket's device; `none` in `shared-key` mode and while the document does not exist. */
  role: Role = 'none'
  /** Of a live link's socket. [AU12] */
  link: LinkStanding | null = null
  /** Pushes in an epoch that is over. */
  readonly stale: StaleAnswers = new StaleAnswers()
  /** `opening`: entries are held back; `live`: they are sent; `ended`: nothing is. */
  state: 'opening' | 'live' | 'ended' = 'opening'
  /** Parts of an update that is not whole yet. */
  readonly parts: StagedParts
  /** What was paid for that update. */
  partsPayment: Payment | null = null
  /** What it has shown of a log that this relay lacks. [LO14] */
  plan: RestorePlan | null = null
  /** Waits that this writer was told. */
  readonly throttle: Throttle
  readonly #toleranceMs: number
  #grant: Grant
  #endsAtMs: number
  /** The last seq that live delivery has covered. */
  #position = 0
  #held: LiveEntry[] = []
  #heldBytes = 0
  #isOverrun = false
  #isLagging = false
  #telling: Promise<void> | null = null

  constructor(hub: Hub, peer: Peer, grant: Grant, toleranceMs: number, parts: StagedParts) {
    this.parts = parts
    this.throttle = new Throttle(hub.limits.pushesInFlight)
    this.hub = hub
    this.peer = peer
    this.#toleranceMs = toleranceMs
    this.#grant = grant
    this.#endsAtMs = grant.expiresAtMs + toleranceMs
  }

  get grant(): Grant {
    return this.#grant
  }

  get endsAtMs(): number {
    return this.#endsAtMs
  }

  get mode(): Standing['mode'] {
    return this.hub.document?.mode ?? null
  }

  /** More was held back than may be: the opening must read the store anew. */
  get isOverrun(): boolean {
    return this.#isOverrun
  }

  /** Live delivery has stopped: the peer was told LAGGED, and reads by itself until it has caught up. [FR14] */
  get isLagging(): boolean {
    return this.#isLagging
  }

  /** A READ has brought the peer up to `seq`, which is all there is: live delivery goes on from there. [FR14] */
  caughtUp(seq: number): void {
    if (!this.#isLagging) return
    this.#isLagging = false
    this.#position = Math.max(this.#position, seq)
  }

  /** Stops live delivery when too much waits for the peer already. */
  #mayDeliver(): boolean {
    if (this.#isLagging) return false
    if (this.peer.bufferedBytes <= this.hub.limits.liveQueueBytes) return true
    this.#tellLagging()
    return false
  }

  #tellLagging(): void {
    this.#isLagging = true
    this.peer.send(encodeRelayFrame({ type: 'lagged', document: this.hub.id, through: this.#position }))
    this.peer.lagged(this)
  }

  /** Replaces the grant, never adds to it. [AU7] */
  renew(grant: Grant): void {
    this.#grant = grant
    this.#endsAtMs = grant.expiresAtMs + this.#toleranceMs
  }

  /** Why the action is refused now (wall clock), or `null`. [AU6] */
  refuse(action: Action, nowMs: number): RefusalCode | null {
    return refuseAction(action, this, nowMs)
  }

  /** May it be sent what the document says? Asked at each delivery, not once at OPEN. [G12] */
  mayRead(nowMs: number): boolean {
    return this.state !== 'ended' && refuseAction('read', this, nowMs) === null
  }

  /** May it be sent the records? A link's socket may, and nothing else. [AU12] */
  mayReadRecords(nowMs: number): boolean {
    if (this.link === null) return this.mayRead(nowMs)
    return this.#grant.permissions.has('read') && nowMs < Math.min(this.#endsAtMs, this.link.expiresAtMs)
  }

  /** Ends the holding back: what is held above `seq` goes out, and everything after it live. */
  goLive(seq: number, nowMs: number): void {
    const held = this.#held.filter((entry) => entry.seq > seq)
    this.startOver()
    this.state = 'live'
    this.#position = seq
    if (this.mayRead(nowMs)) this.#send(held)
    this.#position = held.at(-1)?.seq ?? seq
  }

  /**
   * Goes live while records are still being told: until `telling` is done nothing is delivered, and no READ is answered, for entries are
   * judged by records. What has come in meanwhile the peer reads by itself. [FR5] [FR14]
   */
  async goLiveBehind(seq: number, telling: Promise<void>): Promise<void> {
    this.startOver()
    this.state = 'live'
    this.#position = seq
    this.#isLagging = true
    this.#telling = telling
    try {
      await telling
    } finally {
      this.#telling = null
    }
    if (this.hub.lastSeq <= this.#position) this.#isLagging = false
    else if (this.state === 'live' && this.link === null) this.#tellLagging()
  }

  /** Resolves when the records have been told; `null` when there are none to come. */
  get telling(): Promise<void> | null {
    return this.#telling
  }

  /** From here on it is sent nothing, and what it has begun is given up. Its peer is not told. */
  end(): void {
    this.state = 'ended'
    this.parts.clear()
    this.plan?.clear()
  }

  /** Forgets what is held, so that the opening can begin again. */
  startOver(): void {
    this.#held = []
    this.#heldBytes = 0
    this.#isOverrun = false
  }

  /** Sends a run that holds nothing of this socket's own: the very bytes that everybody gets. [FR8] */
  deliver(run: Run, nowMs: number): void {
    if (this.state === 'opening') this.#hold(run)
    if (this.state !== 'live' || run.last <= this.#position) return
    if (this.mayRead(nowMs)) {
      if (!this.#mayDeliver()) return
      if (run.first > this.#position) for (const frame of run.frames()) this.peer.send(frame)
      else this.#send(run.entries.filter((entry) => entry.seq > this.#position))
    }
    this.#position = run.last
  }

  /**
   * Sends the others' entries of a run and this socket's own ACKs (ascending), in the order of their seqs. [FR8]
   * A socket that has closed the document meanwhile gets its ACKs alone.
   */
  deliverMixed(run: Run | null, acks: readonly WaitingAck[], nowMs: number): void {
    const mayRead =
      this.state === 'live' && this.mayRead(nowMs) && (run === null || run.last <= this.#position || this.#mayDeliver())
    let next = 0
    if (run !== null) {
      const { entries } = run
      /** Where others' entries begin that have not been sent; `entries.length` when there are none. */
      let from = entries.length
      const sendThrough = (to: number): void => {
        if (from < to) run.sendPart(from, to, (frame, rest) => this.peer.send(frame, rest))
        from = entries.length
      }
      for (let i = 0; i < entries.length; i++) {
        const { seq, author } = entries[i] as LiveEntry
        for (; next < acks.length && (acks[next] as WaitingAck).through < seq; next++) {
          sendThrough(i)
          this.peer.send((acks[next] as WaitingAck).frame)
        }
        if (!mayRead || author === this || seq <= this.#position) sendThrough(i)
        else from = Math.min(from, i)
      }
      sendThrough(entries.length)
      if (this.state === 'live' && !this.#isLagging) this.#position = Math.max(this.#position, run.last)
    }
    for (; next < acks.length; next++) this.peer.send((acks[next] as WaitingAck).frame)
  }

  #send(entries: readonly LiveEntry[]): void {
    if (entries.length === 0) return
    for (let from = 0; from < entries.length;) {
      let to = from + 1
      // Own entries in between leave gaps: a frame holds consecutive seqs.
      while (to < entries.length && (entries[to] as LiveEntry).seq === (entries[to - 1] as LiveEntry).seq + 1) to++
      for (const frame of entriesToFrames(entries.slice(from, to), this.hub.limits.pageBytes)) this.peer.send(frame)
      from = to
    }
  }

  #hold(run: Run): void {
    if (this.#isOverrun) return
    for (const entry of run.entries) {
      this.#held.push(entry)
      this.#heldBytes += entry.envelope.length
    }
    if (this.#heldBytes <= this.hub.limits.heldBytes) return
    this.startOver()
    this.#isOverrun = true
  }
}
