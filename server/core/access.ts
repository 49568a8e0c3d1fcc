/**
 * Who may listen to a document now: what a record changes for the sockets that have it open, and what is asked of the store when
 * something was changed elsewhere. Rules AU12, AU13; row G10.
 *
 * @module
 */
import { encodeRelayFrame, packPermissions, type Bytes } from '@y-sealed/protocol'

import type { Context } from './context.ts'
import type { RecordEffect, Role } from './ports.ts'
import type { LinkStanding, Subscription } from './subscription.ts'

/** What the store says of the device of a socket. */
export interface Admitted {
  readonly role: Role
  /** Of a live link's socket; `null` of any other. */
  readonly link: LinkStanding | null
}

/** How often roles are read anew because a record came in meanwhile. */
const MAX_ATTEMPTS = 5

export class Access {
  /** Rises with every record: what was read before it may be wrong after. */
  version = 0
  readonly #context: Context
  readonly #document: Bytes
  readonly #subscribers: Iterable<Subscription>
  readonly #dismiss: (subscription: Subscription) => void

  /** `dismiss` takes a live subscription off and tells its peer CLOSED. */
  constructor(
    context: Context,
    document: Bytes,
    subscribers: Iterable<Subscription>,
    dismiss: (subscription: Subscription) => void,
  ) {
    this.#context = context
    this.#document = document
    this.#subscribers = subscribers
    this.#dismiss = dismiss
  }

  /** As of the newest record: a role, or else a live link that has not expired. The same questions are asked of whomever. [G1] */
  async ask(device: Bytes): Promise<Admitted> {
    const { store, clock } = this.#context
    const role = await store.roleOf(this.#document, device)
    if (role !== 'none') return { role, link: null }
    const live = await store.linkOf(this.#document, device)
    const expiresAtMs = live === null ? -Infinity : live.expiresAt === 0 ? Infinity : live.expiresAt * 1000
    return { role, link: clock.now() < expiresAtMs ? { expiresAtMs, hasJoined: false } : null }
  }

  /** A record has been delivered: those whom it concerns are told what has changed for them. */
  apply({ roles, links = [] }: RecordEffect): void {
    this.version++
    if (roles.length === 0 && links.length === 0) return
    const { keyOf } = this.#context
    const roleByDevice = new Map(roles.map(({ device, role }) => [keyOf(device), role] as const))
    for (const { link, expiresAt } of links) if (expiresAt === null) roleByDevice.set(keyOf(link), 'none')
    for (const subscription of this.#subscribers) {
      const role = roleByDevice.get(keyOf(subscription.peer.device))
      if (role !== undefined) this.#change(subscription, { role, link: null })
    }
  }

  #change(subscription: Subscription, { role, link }: Admitted): void {
    const isSame = subscription.role === role
    subscription.role = role
    subscription.link = link
    // An OPEN under way is answered by itself.
    if (subscription.state !== 'live') return
    if (role === 'none' && link === null) this.#dismiss(subscription)
    else if (!isSame) {
      const { permissions, expiresAtMs } = subscription.grant
      const frame = { document: this.#document, role, permissions: packPermissions(permissions), expiresAtMs }
      subscription.peer.send(encodeRelayFrame({ type: 'refreshed', ...frame }))
    }
  }

  /** Links come to their end by the clock too. */
  expire(): void {
    const now = this.#context.clock.now()
    for (const subscription of this.#subscribers) {
      const { link } = subscription
      if (link !== null && now >= link.expiresAtMs) this.#change(subscription, { role: 'none', link: null })
    }
  }

  /** The document came into being elsewhere: roles before anything of it is delivered. */
  async read(): Promise<void> {
    for (const subscription of this.#subscribers) {
      const { role, link } = await this.ask(subscription.peer.device)
      subscription.role = role
      subscription.link = link
    }
  }

  /** Asks the store anew of everybody. `catchUp` delivers what is stored: whoever goes is to have seen why. */
  async recheck(catchUp: () => Promise<void>): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { version } = this
      const asked = [...this.#subscribers].map(async (subscription) => {
        return [subscription, await this.ask(subscription.peer.device)] as const
      })
      const answers = await Promise.all(asked)
      await catchUp()
      if (version !== this.version) continue
      for (const [subscription, { role, link }] of answers) {
        if (subscription.state === 'ended') continue
        this.#change(subscription, { role, link: link === null ? null : (subscription.link ?? link) })
      }
      return
    }
  }
}
