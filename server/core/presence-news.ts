/**
 * What is told of those who show themselves in a document: to who reads it here, and to other relays. Rules FR10, BU1.
 *
 * @module
 */
import { encodeRelayFrame, KIND, RELAY_FRAME, type Bytes, type Envelope } from '@y-sealed/protocol'

import { awarenessMessage, goneMessage } from './bus-message.ts'
import type { Context } from './context.ts'
import { isSameId } from './open-documents.ts'
import type { GoneSession, Presence } from './presence.ts'
import type { Subscribers } from './subscribers.ts'
import type { Subscription } from './subscription.ts'
import { tellRelays } from './tell-relays.ts'

export class PresenceNews {
  readonly #context: Context
  readonly #document: Bytes
  readonly #presence: Presence
  readonly #subscribers: Subscribers

  constructor(context: Context, document: Bytes, presence: Presence, subscribers: Subscribers) {
    this.#context = context
    this.#document = document
    this.#presence = presence
    this.#subscribers = subscribers
  }

  /** Shows a state to the document's other readers, as it came. The caller has found its counter to rise. [FR10] */
  show(envelope: Envelope, frame: Bytes, from: Subscription): void {
    this.#presence.show(envelope, frame, from, this.#context.clock.monotonic())
    this.#subscribers.show(frame, from)
    tellRelays(this.#context, this.#document, () => awarenessMessage(frame))
  }

  /** Shows a state that came to another relay, unless it is none of this document, or none that is newer. */
  receive(envelope: Envelope): void {
    if (envelope.kind !== KIND.awareness || !isSameId(envelope.document, this.#document)) return
    if (envelope.counter <= this.#presence.counterOf(envelope)) return
    const frame = new Uint8Array(1 + envelope.bytes.length)
    frame[0] = RELAY_FRAME.awareness
    frame.set(envelope.bytes, 1)
    this.#presence.show(envelope, frame, null, this.#context.clock.monotonic())
    this.#subscribers.show(frame, null)
  }

  /** A session has left another relay. One that is shown here by a socket of this one stays. */
  receiveGone({ device, session }: GoneSession): void {
    if (this.#presence.remove(device, session)) this.#tellGone(device, session)
  }

  /** A subscription has ended: what it showed is withdrawn, here and elsewhere. */
  withdraw(subscription: Subscription): void {
    for (const { device, session } of this.#presence.leave(subscription)) {
      this.#tellGone(device, session)
      tellRelays(this.#context, this.#document, () => goneMessage(device, session))
    }
  }

  #tellGone(device: Bytes, session: Bytes): void {
    this.#subscribers.tell(encodeRelayFrame({ type: 'gone', document: this.#document, device, session }))
  }
}
