/**
 * Who shows themselves in a document: the last awareness envelope of each (device, session), in memory only. It is handed to
 * whoever opens and withdrawn when its socket leaves. Rule FR10.
 *
 * @module
 */
import { bytesToHex, OFFSET, type Bytes, type Envelope } from '@y-sealed/protocol'

import type { Subscription } from './subscription.ts'

interface Shown {
  readonly device: Bytes
  readonly session: Bytes
  readonly counter: number
  /** The AWARENESS frame as it came. */
  readonly frame: Bytes
  /** The local subscription that showed it last; `null` when it came by the bus. */
  readonly owner: Subscription | null
  readonly fadesAtMs: number
}

/** A session by which a device was present. */
export interface GoneSession {
  readonly device: Bytes
  readonly session: Bytes
}

const FADE_MS = 1_000

export class Presence {
  readonly #shownBySession = new Map<string, Shown>()
  readonly #sessionsByOwner = new Map<Subscription, Set<string>>()
  readonly #ttlMs: number
  #fadedAtMs = 0

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs
  }

  get isEmpty(): boolean {
    return this.#shownBySession.size === 0
  }

  /** The highest counter shown by this session, 0 for none. */
  counterOf(envelope: Envelope): number {
    return this.#shownBySession.get(keyOf(envelope))?.counter ?? 0
  }

  /** May `owner` show this session, when it may show `most`? */
  hasRoom(envelope: Envelope, owner: Subscription, most: number): boolean {
    const sessions = this.#sessionsByOwner.get(owner)
    return sessions === undefined || sessions.size < most || sessions.has(keyOf(envelope))
  }

  /**
   * Keeps a state whose counter the caller has found to rise. The frame is copied: what was received is a view of a
   * buffer of up to 16 KiB (one TLS record), and this copy lives for half a minute.
   */
  show(envelope: Envelope, frame: Bytes, owner: Subscription | null, nowMs: number): void {
    const key = keyOf(envelope)
    this.#disown(key)
    if (owner !== null) {
      const sessions = this.#sessionsByOwner.get(owner)
      if (sessions === undefined) this.#sessionsByOwner.set(owner, new Set([key]))
      else sessions.add(key)
    }
    this.#shownBySession.set(key, {
      device: envelope.device.slice(),
      session: envelope.session.slice(),
      counter: envelope.counter,
      frame: frame.slice(),
      owner,
      fadesAtMs: nowMs + this.#ttlMs,
    })
  }

  /** What is shown now, for one who opens. */
  frames(nowMs: number): readonly Bytes[] {
    const frames: Bytes[] = []
    for (const shown of this.#shownBySession.values()) if (shown.fadesAtMs > nowMs) frames.push(shown.frame)
    return frames
  }

  /** Forgets what `owner` showed, and says which sessions that ends. A session taken over by a newer socket stays. */
  leave(owner: Subscription): readonly GoneSession[] {
    const gone: GoneSession[] = []
    for (const key of this.#sessionsByOwner.get(owner) ?? []) {
      gone.push(this.#shownBySession.get(key) as Shown)
      this.#shownBySession.delete(key)
    }
    this.#sessionsByOwner.delete(owner)
    return gone
  }

  /** Forgets a session that left another relay; false when it is shown here, or not at all. */
  remove(device: Bytes, session: Bytes): boolean {
    const key = bytesToHex(device) + bytesToHex(session)
    const shown = this.#shownBySession.get(key)
    return shown !== undefined && shown.owner === null && this.#shownBySession.delete(key)
  }

  /** Forgets what nobody renewed, now and then: clients have dropped it by themselves. */
  tick(nowMs: number): void {
    if (this.isEmpty || nowMs < this.#fadedAtMs + FADE_MS) return
    this.#fadedAtMs = nowMs
    for (const [key, shown] of this.#shownBySession) {
      if (shown.fadesAtMs > nowMs) continue
      this.#disown(key)
      this.#shownBySession.delete(key)
    }
  }

  #disown(key: string): void {
    const owner = this.#shownBySession.get(key)?.owner ?? null
    if (owner !== null) this.#sessionsByOwner.get(owner)?.delete(key)
  }
}

/** Device and session stand side by side in the header. [EN1] */
function keyOf(envelope: Envelope): string {
  return bytesToHex(envelope.bytes.subarray(OFFSET.device, OFFSET.counter))
}
