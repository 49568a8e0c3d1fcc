/**
 * Those who have one document open on this relay, and what goes to all of them who may read it at that moment. Rules FR8, FR10, AU6.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import type { Clock } from './ports.ts'
import type { Subscription } from './subscription.ts'

export class Subscribers implements Iterable<Subscription> {
  readonly #clock: Clock
  readonly #subscriptions = new Set<Subscription>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#subscriptions.size
  }

  [Symbol.iterator](): IterableIterator<Subscription> {
    return this.#subscriptions.values()
  }

  has(subscription: Subscription): boolean {
    return this.#subscriptions.has(subscription)
  }

  add(subscription: Subscription): void {
    this.#subscriptions.add(subscription)
  }

  /** Ends a subscription; its peer is told nothing. False when it is none of these. */
  remove(subscription: Subscription): boolean {
    if (!this.#subscriptions.delete(subscription)) return false
    subscription.end()
    return true
  }

  /** Takes all of them off as they are: each is the caller's to end. */
  takeAll(): readonly Subscription[] {
    const all = [...this.#subscriptions]
    this.#subscriptions.clear()
    return all
  }

  /** Sends a frame to all who may read the document. */
  tell(frame: Bytes): void {
    for (const subscription of this.#readers()) subscription.peer.send(frame)
  }

  /** The same to all but `from`, of what passes and is renewed: that need not wait for a peer that is behind. [FR10] */
  show(frame: Bytes, from: Subscription | null): void {
    for (const subscription of this.#readers()) {
      if (subscription !== from && !subscription.isLagging) subscription.peer.send(frame)
    }
  }

  /**
   * What was sent to them goes to the network now. While a commit held up the loop, others' frames have gathered: at the end of the turn an ACK
   * would leave behind all the work that those ask for. [FR8] [H1]
   */
  flush(): void {
    for (const { peer } of this.#subscriptions) peer.flush()
  }

  *#readers(): Generator<Subscription> {
    const now = this.#clock.now()
    for (const subscription of this.#subscriptions) {
      if (subscription.state === 'live' && subscription.mayRead(now)) yield subscription
    }
  }
}
