/**
 * A row of a table: names of a published provider's options, events or members, what its own source promises of them, and the proof over our
 * socket.
 *
 * @module
 */
import type { RelayAddress } from '../peer.ts'
import type { AppRoom } from './y-websocket-peer.ts'

/** A relay, and a room that nobody has been in. */
export interface Ground extends AppRoom {
  readonly relay: RelayAddress
}

export interface Expectation {
  readonly kind: 'option' | 'event' | 'member'
  readonly names: readonly string[]
  /** In the source's words, as far as they can be had. */
  readonly does: string
  readonly prove: (ground: Ground) => Promise<void>
}

/** All names of one kind. */
export function namesOf(table: readonly Expectation[], kind: Expectation['kind']): readonly string[] {
  return [...new Set(table.filter((row) => row.kind === kind).flatMap((row) => row.names))].toSorted()
}
