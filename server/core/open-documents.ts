/**
 * The documents of one socket: few, and found by comparing, for a map would need a text for every frame. Rule FR13.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import type { Subscription } from './subscription.ts'

/** A document asked for on a socket; `subscription` is there once the token has been judged. */
export interface Slot {
  readonly document: Bytes
  subscription: Subscription | null
  /** The document was closed while it was being opened. */
  isCancelled: boolean
}

export class OpenDocuments {
  readonly #slots: Slot[] = []

  get size(): number {
    return this.#slots.length
  }

  [Symbol.iterator](): IterableIterator<Slot> {
    return [...this.#slots].values()
  }

  find(document: Bytes): Slot | null {
    for (const slot of this.#slots) if (isSameId(slot.document, document)) return slot
    return null
  }

  /** The subscription of a document whose OPEN has been answered. */
  findLive(document: Bytes): Subscription | null {
    const subscription = this.find(document)?.subscription ?? null
    return subscription !== null && subscription.state === 'live' ? subscription : null
  }

  add(document: Bytes): Slot {
    const slot: Slot = { document: document.slice(), subscription: null, isCancelled: false }
    this.#slots.push(slot)
    return slot
  }

  remove(slot: Slot): void {
    slot.isCancelled = true
    const at = this.#slots.indexOf(slot)
    if (at !== -1) this.#slots.splice(at, 1)
  }

  removeSubscription(subscription: Subscription): void {
    const slot = this.#slots.find((candidate) => candidate.subscription === subscription)
    if (slot !== undefined) this.remove(slot)
  }
}

/** Ids are no secrets: the first difference ends it. */
export function isSameId(a: Bytes, b: Bytes): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return a.length === b.length
}
