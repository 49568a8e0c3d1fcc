/**
 * A whole document as one draft: what a device writes down when its storage was thrown away, or of a document that the app had stored itself, and the
 * next run shows though it has read nothing of the log. It leans on nothing, and holds what others made too. Rules CL13, CL14.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { inspectUpdate } from '../yjs/inspect-update.ts'
import { extendedClients } from '../yjs/outgoing.ts'
import type { TypedUpdate } from './draft.ts'

/** Of a client of which nothing was made on this device, from whatever clock on: as far as a `u64` goes here. */
const NOTHING_MADE = Number.MAX_SAFE_INTEGER
/** A draft has room for so many, and this run's own. */
const MOST_NAMED = 65_000

/** Of a document's state; it says which clients are `isOthers`. */
export function draftDocument(update: Bytes, authored: number, isOthers: (client: number) => boolean): TypedUpdate {
  const others = extendedClients(update).filter(isOthers).slice(0, MOST_NAMED)
  return { update, authored, typed: others.map((client) => ({ client, clock: NOTHING_MADE })) }
}

/** How far the clients have come in it of which it says that nothing was made on this device. */
export function othersIn({ update, typed }: TypedUpdate): ReadonlyMap<number, number> {
  const others = new Set(typed.filter(({ clock }) => clock === NOTHING_MADE).map(({ client }) => client))
  const inspection = others.size === 0 ? null : inspectUpdate(update)
  const blocks = inspection?.ok === true ? inspection.summary.blocks : []
  return new Map(blocks.filter(({ client }) => others.has(client)).map(({ client, end }) => [client, end]))
}
