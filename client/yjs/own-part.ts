/**
 * What a document has that the log has not, as far as one device may and can seal it: structs of its own clients whose neighbours and parents
 * the log knows, or that go along. For what the log lost and its authors write anew, each their own. Rules CL3, CL5, LO14.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { decodeUpdateV2, Item, type ID } from 'yjs'
import { encodeUpdate, type DecodedStruct, type DeletedClocks } from './encode-update.ts'
import type { DeleteRange } from './inspect-update.ts'

export interface OwnPart {
  /** A V2 update; it may be empty of structs. */
  readonly update: Bytes
  /** Own structs stay behind that hang on what the log does not know yet. */
  readonly isWaiting: boolean
  /** It has structs. */
  readonly hasStructs: boolean
  /** What is deleted there and does not stand in the log: it may come again, and is to be deleted then. */
  readonly beyond: readonly DeleteRange[]
}

/** `update` is a diff of one's own document against `clockOf`; `isOwn` tells this device's clients. */
export function ownPart(
  update: Bytes,
  clockOf: (client: number) => number,
  isOwn: (client: number) => boolean,
): OwnPart {
  const { structs, ds } = decodeUpdateV2(update)
  const waiting = new Map<number, DecodedStruct[]>()
  for (const struct of structs) {
    const { client } = struct.id
    if (isOwn(client)) waiting.set(client, [...(waiting.get(client) ?? []), struct])
  }
  const taken = new Map<number, DecodedStruct[]>()
  const ends = new Map<number, number>()
  const isKnown = (id: ID | null): boolean =>
    id === null || id.clock < Math.max(clockOf(id.client), ends.get(id.client) ?? 0)
  // One client's struct may hang on another's of the same device: until nothing more can follow.
  for (let hasMoved = true; hasMoved;) {
    hasMoved = false
    for (const [client, block] of waiting) {
      while (block[0] !== undefined && dependenciesOf(block[0]).every(isKnown)) {
        const struct = block.shift() as DecodedStruct
        taken.set(client, [...(taken.get(client) ?? []), struct])
        ends.set(client, struct.id.clock + struct.length)
        hasMoved = true
      }
    }
  }
  const endOf = (client: number): number => Math.max(clockOf(client), ends.get(client) ?? 0)
  const isWaiting = [...waiting.values()].some((block) => block.length > 0)
  const known = encodeUpdate(taken, knownDeletes(ds.clients, endOf))
  return { update: known, isWaiting, hasStructs: taken.size > 0, beyond: deletesBeyond(ds.clients, endOf) }
}

/** The places that must be there before it. */
function dependenciesOf(struct: DecodedStruct): (ID | null)[] {
  if (!(struct instanceof Item)) return []
  const { origin, rightOrigin, parent } = struct
  const parentId = parent !== null && typeof parent === 'object' && 'clock' in parent ? parent : null
  return [origin, rightOrigin, parentId]
}

/** What lies beyond the known end of a client is left out. */
function knownDeletes(
  clients: ReadonlyMap<number, DeletedClocks>,
  endOf: (client: number) => number,
): ReadonlyMap<number, DeletedClocks> {
  const known = new Map<number, DeletedClocks>()
  for (const [client, ranges] of clients) {
    const end = endOf(client)
    const inside = ranges.filter(({ clock }) => clock < end)
    const cut = inside.map(({ clock, len }) => ({ clock, len: Math.min(len, end - clock) }))
    known.set(client, cut)
  }
  return known
}

function deletesBeyond(
  clients: ReadonlyMap<number, DeletedClocks>,
  endOf: (client: number) => number,
): readonly DeleteRange[] {
  return [...clients].flatMap(([client, ranges]) => {
    const end = endOf(client)
    const outside = ranges.filter(({ clock, len }) => clock + len > end)
    return outside.map(({ clock, len }) => {
      const start = Math.max(clock, end)
      return { client, clock: start, length: clock + len - start }
    })
  })
}
