/**
 * Whether a Yjs update may reach a Doc, by the log's state alone. What passes leaves nothing pending in a Doc that holds
 * that state, and alters no clock but those of its author's device. Rule CL3.
 *
 * @module
 */
import { equalBytes, MAX_CLOCK_GROWTH, type Bytes } from '@y-sealed/protocol'
import { diffUpdateV2 } from 'yjs'
import {
  inspectUpdate,
  type DeleteRange,
  type StructId,
  type UpdateBlock,
  type UpdateStruct,
  type UpdateSummary,
} from './inspect-update.ts'
import { integrationOrder, typeNesting } from './integration-order.ts'
import { encodeStateVector } from './state-vector.ts'
import { MAX_TYPE_NESTING, type UpdateRefusal } from './update-limits.ts'

/** What the log says of Yjs clients. */
export interface LogView {
  /** The clock after the client's last counted struct; 0 for an unknown client. */
  clockOf(client: number): number
  /** The device that the client is bound to. */
  deviceOf(client: number): Bytes | null
}

/** What may be fed to Yjs and how the log's state grows by it; or why not. */
export type UpdateVerdict =
  | {
      readonly ok: true
      /** The new clock of each client that grows. */
      readonly growth: ReadonlyMap<number, number>
      /** What Yjs gets: the update, less the structs that the log had already. */
      readonly feed: Bytes
      /** What it deletes. */
      readonly deletes: readonly DeleteRange[]
      /** How many structs its reader had to make. */
      readonly structs: number
    }
  | { readonly ok: false; readonly code: UpdateRefusal }

/** Judges one whole update of a device. Depends on its arguments alone; never throws. [CL3] */
export function checkUpdate(update: Bytes, log: LogView, author: Bytes): UpdateVerdict {
  const inspection = inspectUpdate(update)
  if (!inspection.ok) return inspection
  const { summary } = inspection
  const growth = new Map<number, number>()
  for (const block of summary.blocks) {
    const known = log.clockOf(block.client)
    const code = checkGrowth(block, known, log, author)
    if (code !== null) return { ok: false, code }
    if (block.end > known) growth.set(block.client, block.end)
  }
  const code = checkReferences(summary, (client) => log.clockOf(client))
  if (code !== null) return { ok: false, code }
  const structs = summary.blocks.reduce((sum, block) => sum + block.structs.length, 0)
  return { ok: true, growth, feed: withoutKnown(update, summary, log), deletes: summary.deletes, structs }
}

/**
 * Judges a stored document (a snapshot's) as what an empty Doc is fed: everything that it leans on lies within it. Its
 * clients are nobody's and as large as they are. Returns their clocks, and what is deleted. Never throws. [LO10]
 */
export function checkState(
  state: Bytes,
):
  | { readonly ok: true; readonly clocks: ReadonlyMap<number, number>; readonly deletes: readonly DeleteRange[] }
  | { readonly ok: false; readonly code: UpdateRefusal } {
  const inspection = inspectUpdate(state)
  if (!inspection.ok) return inspection
  const { summary } = inspection
  if (summary.blocks.some((block) => block.start !== 0)) return { ok: false, code: 'gap' }
  const code = checkReferences(summary, () => 0)
  // An empty document is a document.
  if (code !== null && code !== 'empty') return { ok: false, code }
  const clocks = new Map(summary.blocks.map(({ client, end }) => [client, end]))
  return { ok: true, clocks, deletes: summary.deletes }
}

function checkGrowth(block: UpdateBlock, known: number, log: LogView, author: Bytes): UpdateRefusal | null {
  if (block.start > known) return 'gap'
  if (block.end <= known) return null
  if (block.end - known > MAX_CLOCK_GROWTH) return 'growth'
  const device = log.deviceOf(block.client)
  return device !== null && equalBytes(device, author) ? null : 'unbound'
}

function checkReferences(summary: UpdateSummary, clockOf: (client: number) => number): UpdateRefusal | null {
  const { blocks, deletes, types } = summary
  if (blocks.length === 0 && deletes.length === 0) return 'empty'
  const ends = new Map<number, number>()
  for (const { client, end } of blocks) ends.set(client, Math.max(end, clockOf(client)))
  const endOf = (client: number): number => ends.get(client) ?? clockOf(client)
  const isNew = (struct: UpdateStruct): boolean => struct.clock + struct.length > clockOf(struct.client)

  const newByClient = new Map<number, readonly UpdateStruct[]>()
  for (const { client, end, structs } of blocks) {
    if (end <= clockOf(client)) continue
    const fresh = structs.filter(isNew)
    newByClient.set(client, fresh)
    for (const struct of fresh) {
      if (!isThere(struct.origin, struct, endOf)) return 'origin'
      if (!isThere(struct.rightOrigin, struct, endOf)) return 'right-origin'
      if (!isThere(struct.parent, struct, endOf)) return 'parent'
    }
  }
  for (const { client, clock, length } of deletes) if (clock + length > endOf(client)) return 'delete-range'
  // One client's structs stand in order, and lean on nothing that is not before them.
  if (newByClient.size > 1 || types > MAX_TYPE_NESTING) {
    const order = integrationOrder(newByClient, clockOf)
    if (order === null) return 'cycle'
    if (types > MAX_TYPE_NESTING && typeNesting(order) > MAX_TYPE_NESTING) return 'nesting'
  }
  return null
}

/** Of its own client a struct may lean only on what is before it: Yjs looks that up without asking whether it is there. */
function isThere(id: StructId | null, struct: UpdateStruct, endOf: (client: number) => number): boolean {
  if (id === null) return true
  if (!Number.isSafeInteger(id.clock) || id.clock < 0) return false
  return id.clock < (id.client === struct.client ? struct.clock : endOf(id.client))
}

/**
 * Known structs are cut off, and a half-known one is cut in two, before Yjs sees them: it would split its own items where
 * they say, and throw for a half-known Item whose known half the log has as a GC.
 */
function withoutKnown(update: Bytes, { blocks }: UpdateSummary, log: LogView): Bytes {
  const known = new Map<number, number>()
  for (const { client, start } of blocks) if (start < log.clockOf(client)) known.set(client, log.clockOf(client))
  return known.size === 0 ? update : (diffUpdateV2(update, encodeStateVector(known)) as Bytes)
}
