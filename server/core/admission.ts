/**
 * Who may come in: how many handshakes a network may ask for, how many sockets stand open in all, for one network and for one person, how many upgrades of one network are being
 * judged, and how many are let in a second. Rows C17, H7, H8.
 *
 * @module
 */
import type { RelayLimits } from './limits.ts'
import type { Clock, Doorkeeper, Place, Turned } from './ports.ts'
import { KeyedBuckets } from './keyed-buckets.ts'
import { TokenBucket } from './token-bucket.ts'

/** A place comes free when somebody leaves, and nobody knows when. */
const FULL_RETRY_S = 10
const LONGEST_RETRY_S = 30

/** How many there are of each key; a key without any takes no room. */
class Counts {
  readonly #countsByKey = new Map<string, number>()

  of(key: string): number {
    return this.#countsByKey.get(key) ?? 0
  }

  add(key: string): void {
    this.#countsByKey.set(key, this.of(key) + 1)
  }

  remove(key: string): void {
    const left = this.of(key) - 1
    if (left > 0) this.#countsByKey.set(key, left)
    else this.#countsByKey.delete(key)
  }
}

export class Admission implements Doorkeeper {
  readonly #limits: RelayLimits
  readonly #clock: Clock
  readonly #accepts: TokenBucket
  readonly #handshakesByNetwork: KeyedBuckets
  readonly #attemptsByNetwork: KeyedBuckets
  readonly #socketsByNetwork = new Counts()
  readonly #upgradesByNetwork = new Counts()
  readonly #socketsBySubject = new Counts()
  #sockets = 0
  #turnedAway = 0
  #turnedAtMs = 0

  constructor(limits: RelayLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#accepts = new TokenBucket(limits.accepts, clock.monotonic())
    this.#handshakesByNetwork = new KeyedBuckets(limits.networkHandshakes)
    this.#attemptsByNetwork = new KeyedBuckets(limits.networkUpgrades)
  }

  /** Upgrades under way and sockets together. */
  get size(): number {
    return this.#sockets
  }

  /** Takes one of the handshakes of `network`; false when there is none left. Empty for one that is not counted. */
  beginHandshake(network: string): boolean {
    if (network === '') return true
    const now = this.#clock.monotonic()
    this.#handshakesByNetwork.tick(now)
    return this.#handshakesByNetwork.of(network, now).tryTake(1, now)
  }

  /** Holds a place for an upgrade that has begun. `network` is empty for one that is not counted. */
  enter(network: string): Place | Turned {
    const { sockets, socketsPerNetwork, upgradesPerNetwork } = this.#limits
    const now = this.#clock.monotonic()
    if (this.#sockets >= sockets) return turned(503, 'sockets', FULL_RETRY_S)
    if (network !== '') {
      if (this.#upgradesByNetwork.of(network) >= upgradesPerNetwork) return turned(429, 'upgrades-of-network', 1)
      if (this.#socketsByNetwork.of(network) >= socketsPerNetwork)
        return turned(429, 'sockets-of-network', FULL_RETRY_S)
      this.#attemptsByNetwork.tick(now)
      const attempts = this.#attemptsByNetwork.of(network, now)
      const waitMs = attempts.waitMs(1, now)
      if (waitMs > 0) return turned(429, 'upgrade-rate-of-network', Math.ceil(waitMs / 1000))
      attempts.take(1, now)
    }
    return this.#hold(network)
  }

  #hold(network: string): Place {
    let subject: string | null = null
    let isUpgrading = true
    let isGone = false
    this.#sockets++
    if (network !== '') {
      this.#upgradesByNetwork.add(network)
      this.#socketsByNetwork.add(network)
    }
    const settle = (): void => {
      if (isUpgrading && network !== '') this.#upgradesByNetwork.remove(network)
      isUpgrading = false
    }
    return {
      ok: true,
      claim: (name) => {
        settle()
        const verdict = this.#accept(name)
        if (verdict !== null || isGone) return verdict
        this.#socketsBySubject.add(name)
        subject = name
        return null
      },
      leave: () => {
        if (isGone) return
        isGone = true
        settle()
        this.#sockets--
        if (network !== '') this.#socketsByNetwork.remove(network)
        if (subject !== null) this.#socketsBySubject.remove(subject)
      },
    }
  }

  /** Asked when the token is known to be good: noise must not use up what is meant for those who come back. */
  #accept(subject: string): Turned | null {
    if (this.#socketsBySubject.of(subject) >= this.#limits.socketsPerSubject) {
      return turned(429, 'sockets-of-subject', FULL_RETRY_S)
    }
    const now = this.#clock.monotonic()
    if (this.#accepts.tryTake(1, now)) return null
    return turned(503, 'accept-rate', this.#laterS(now))
  }

  /** Those who are turned away are told to come one after another, as many in a second as are let in. */
  #laterS(nowMs: number): number {
    const { perSecond } = this.#limits.accepts
    const passedS = (nowMs - this.#turnedAtMs) / 1000
    this.#turnedAtMs = nowMs
    this.#turnedAway = Math.max(0, this.#turnedAway - passedS * perSecond) + 1
    return Math.min(LONGEST_RETRY_S, Math.max(1, Math.ceil(this.#turnedAway / perSecond)))
  }
}

function turned(status: 429 | 503, event: string, retryAfterS: number): Turned {
  return { ok: false, status, event, retryAfterS }
}
