/**
 * The parts of one update on their way in: kept until the last has come, then one unit of the log. One group a subscription, bounded in bytes
 * for it and for the whole relay. Rule LO9.
 *
 * @module
 */
import { equalBytes, type Envelope } from '@y-sealed/protocol'

import type { NewEntry } from './ports.ts'

/** Bytes that all groups of one relay may hold between them. */
export class StagingBudget {
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** False when there is no room now; nothing is taken then. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false
    this.#bytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** `first`: counter of the group's first entry. A group that was refused swallows the parts of it that are still on their way. */
interface Group {
  readonly head: Envelope
  readonly first: number
  readonly count: number
  readonly entries: NewEntry[]
  bytes: number
  touchedAtMs: number
  isRefused: boolean
  /** Parts that came after the refusal: no more than there are. */
  swallowed: number
}

/** What a part does: it waits, completes its group, is swallowed with a refused one, or belongs to none that is under way. */
export type Staging =
  | { readonly kind: 'waits' | 'swallowed' | 'no-room' | 'too-large' }
  | { readonly kind: 'stray'; readonly expected: number }
  | { readonly kind: 'complete'; readonly entries: readonly NewEntry[] }

export interface Part {
  readonly index: number
  readonly count: number
  readonly envelope: Envelope
}

export class StagedParts {
  readonly #budget: StagingBudget
  readonly #maxBytes: number
  #group: Group | null = null

  constructor(budget: StagingBudget, maxBytes: number) {
    this.#budget = budget
    this.#maxBytes = maxBytes
  }

  /** Takes a part; `entryOf` is asked only for one that is kept. */
  take(part: Part, nowMs: number, entryOf: (envelope: Envelope) => NewEntry): Staging {
    const { index, count, envelope } = part
    const first = envelope.counter - index
    if (index === 0) this.#begin(envelope, count, nowMs)
    const group = this.#group
    if (group === null || !isPartOf(group, part, first)) return { kind: 'stray', expected: Math.max(1, first) }
    if (group.isRefused && group.swallowed++ < count) return { kind: 'swallowed' }
    if (group.isRefused) return { kind: 'stray', expected: first }
    if (index !== group.entries.length) return { kind: 'stray', expected: first + group.entries.length }
    const { length } = envelope.bytes
    if (group.bytes + length > this.#maxBytes) return { kind: 'too-large' }
    if (!this.#budget.take(length)) return { kind: 'no-room' }
    group.bytes += length
    group.touchedAtMs = nowMs
    group.entries.push(entryOf(envelope))
    if (index < count - 1) return { kind: 'waits' }
    const { entries } = group
    this.clear()
    return { kind: 'complete', entries }
  }

  /** The group was refused: what follows of it is swallowed. */
  refuse(): void {
    if (this.#group === null) return
    this.#budget.give(this.#group.bytes)
    this.#group = { ...this.#group, entries: [], bytes: 0, isRefused: true }
  }

  /** Forgets a group that was not continued since `sinceMs`. */
  expire(sinceMs: number): void {
    if (this.#group !== null && this.#group.touchedAtMs < sinceMs) this.clear()
  }

  clear(): void {
    if (this.#group !== null) this.#budget.give(this.#group.bytes)
    this.#group = null
  }

  #begin(head: Envelope, count: number, touchedAtMs: number): void {
    this.clear()
    this.#group = {
      head,
      first: head.counter,
      count,
      entries: [],
      bytes: 0,
      touchedAtMs,
      isRefused: false,
      swallowed: 0,
    }
  }
}

function isPartOf(group: Group, { count, envelope }: Part, first: number): boolean {
  const { head } = group
  const sameSession = equalBytes(envelope.session, head.session) && envelope.epoch === head.epoch
  return sameSession && count === group.count && first === group.first
}
