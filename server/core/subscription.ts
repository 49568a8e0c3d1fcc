/**
 * One document open on one socket: its grant, its role, and how far its live delivery has come. Rules FR5, FR8, AU6.
 *
 * @module
 */
import { encodeEntries, type Bytes, type RefusalCode } from '@y-sealed/protocol'

import { refuseAction, type Action } from './authorise.ts'
import type { Hub } from './hub.ts'
import type { Grant, Role } from './ports.ts'

/** The socket's side of a subscription. */
export interface Peer {
  /** Number of the connection, for logs. */
  readonly id: number
  /** Device id that the socket has proved. */
  readonly device: Bytes
  send(frame: Bytes): void
  /** The subscription was ended from the document's side. */
  dropped(subscription: Subscription, code: RefusalCode): void
}

/** An entry on its way to the subscribers. `author`: who pushed it through this relay; `null` when another relay did. */
export interface LiveEntry {
  readonly seq: number
  readonly envelope: Bytes
  readonly author: Subscription | null
}

/** Live entries of one turn, contiguous, and the frames that hold them all: built once, shared by everybody. */
export interface Run {
  readonly entries: readonly LiveEntry[]
  readonly first: number
  readonly last: number
  /** Built on first use. */
  frames(): readonly Bytes[]
}

/** Envelopes as ENTRIES frames of about a page each. */
export function entriesToFrames(
  entries: readonly { readonly seq: number; readonly envelope: Bytes }[],
  pageBytes: number,
): Bytes[] {
  const frames: Bytes[] = []
  let from = 0
  let bytes = 0
  for (let i = 0; i < entries.length; i++) {
    const size = (entries[i] as LiveEntry).envelope.length
    if (i > from && bytes + size > pageBytes) {
      frames.push(frameOf(entries, from, i))
      from = i
      bytes = 0
    }
    bytes += size
  }
  if (from < entries.length) frames.push(frameOf(entries, from, entries.length))
  return frames
}

function frameOf(
  entries: readonly { readonly seq: number; readonly envelope: Bytes }[],
  from: number,
  to: number,
): Bytes {
  const envelopes: Bytes[] = []
  for (let i = from; i < to; i++) envelopes.push((entries[i] as LiveEntry).envelope)
  return encodeEntries((entries[from] as LiveEntry).seq, envelopes)
}

export class Subscription {
  readonly hub: Hub
  readonly peer: Peer
  readonly #toleranceMs: number
  #grant: Grant
  #endsAtMs: number
  /** Role of the socket's device; `none` in `shared-key` mode and while the document does not exist. */
  role: Role = 'none'
  /** `opening`: entries are held back; `live`: they are sent; `ended`: nothing is. */
  state: 'opening' | 'live' | 'ended' = 'opening'
  /** The last seq that live delivery has covered. */
  #position = 0
  #held: LiveEntry[] = []
  #heldBytes = 0
  /** True when more was held back than may be: the opening must read the store anew. */
  isOverrun = false

  constructor(hub: Hub, peer: Peer, grant: Grant, toleranceMs: number) {
    this.hub = hub
    this.peer = peer
    this.#toleranceMs = toleranceMs
    this.#grant = grant
    this.#endsAtMs = grant.expiresAtMs + toleranceMs
  }

  get grant(): Grant {
    return this.#grant
  }

  /** When the grant ends, tolerance included (wall clock). */
  get endsAtMs(): number {
    return this.#endsAtMs
  }

  /** Replaces the grant, never adds to it. [AU7] */
  renew(grant: Grant): void {
    this.#grant = grant
    this.#endsAtMs = grant.expiresAtMs + this.#toleranceMs
  }

  /** Why the action is refused now, or `null`. [AU6] */
  refuse(action: Action, nowMs: number): RefusalCode | null {
    const mode = this.hub.document?.mode ?? null
    return refuseAction(action, { grant: this.#grant, endsAtMs: this.#endsAtMs, mode, role: this.role }, nowMs)
  }

  /** May it be sent what the document says? Asked at each delivery, not once at OPEN. */
  mayRead(nowMs: number): boolean {
    return this.state !== 'ended' && this.refuse('read', nowMs) === null
  }

  /** Ends the holding back: what is held above `seq` goes out, and everything after it live. */
  goLive(seq: number, nowMs: number): void {
    const held = this.#held.filter((entry) => entry.seq > seq)
    this.#dropHeld()
    this.state = 'live'
    this.#position = seq
    const last = held.at(-1)
    if (last === undefined) return
    if (this.mayRead(nowMs)) for (const frame of entriesToFrames(held, this.hub.pageBytes)) this.peer.send(frame)
    this.#position = last.seq
  }

  /** Forgets what is held, so that the opening can begin again. */
  startOver(): void {
    this.#dropHeld()
    this.isOverrun = false
  }

  #dropHeld(): void {
    this.#held = []
    this.#heldBytes = 0
  }

  /** Sends a run that holds nothing of this socket's own: the very bytes that everybody gets. [FR8] */
  deliver(run: Run, nowMs: number): void {
    if (this.state === 'opening') this.#hold(run)
    if (this.state !== 'live' || run.last <= this.#position) return
    const isWhole = run.first > this.#position
    if (this.mayRead(nowMs)) {
      if (isWhole) for (const frame of run.frames()) this.peer.send(frame)
      else this.#sendAbove(run.entries)
    }
    this.#position = run.last
  }

  #sendAbove(entries: readonly LiveEntry[]): void {
    const rest = entries.filter((entry) => entry.seq > this.#position)
    for (const frame of entriesToFrames(rest, this.hub.pageBytes)) this.peer.send(frame)
  }

  /**
   * Sends the others' entries of a run and this socket's own ACKs, in the order of their seqs. [FR8]
   * `acks` ascend; those that stand below the run go first.
   */
  deliverMixed(
    run: Run | null,
    acks: readonly { readonly through: number; readonly frame: Bytes }[],
    nowMs: number,
  ): void {
    const mayRead = this.state === 'live' && this.mayRead(nowMs)
    let at = 0
    let others: LiveEntry[] = []
    const flush = (): void => {
      for (const frame of entriesToFrames(others, this.hub.pageBytes)) this.peer.send(frame)
      others = []
    }
    for (const entry of run?.entries ?? []) {
      while (at < acks.length && (acks[at] as { through: number }).through < entry.seq) {
        flush()
        this.peer.send((acks[at++] as { frame: Bytes }).frame)
      }
      if (entry.author === this) flush()
      else if (mayRead && entry.seq > this.#position) others.push(entry)
    }
    flush()
    while (at < acks.length) this.peer.send((acks[at++] as { frame: Bytes }).frame)
    if (run !== null && this.state === 'live') this.#position = Math.max(this.#position, run.last)
  }

  #hold(run: Run): void {
    if (this.isOverrun) return
    for (const entry of run.entries) {
      this.#held.push(entry)
      this.#heldBytes += entry.envelope.length
    }
    if (this.#heldBytes <= this.hub.heldBytes) return
    this.#dropHeld()
    this.isOverrun = true
  }
}
