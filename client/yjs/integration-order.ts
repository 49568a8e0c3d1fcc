/**
 * The order in which Yjs takes the structs of one update into its store, or that there is none. Rule CL3 (e), (h).
 *
 * @module
 */
import type { StructId, UpdateStruct } from './inspect-update.ts'

interface Lane {
  readonly structs: readonly UpdateStruct[]
  next: number
  clock: number
}

/**
 * `structsByClient` in the order of Yjs' `integrateStructs`; `null` when some wait for each other, which would leave
 * them pending in Yjs for ever. Every struct leans on what the log or the update holds.
 */
export function integrationOrder(
  structsByClient: ReadonlyMap<number, readonly UpdateStruct[]>,
  clockOf: (client: number) => number,
): UpdateStruct[] | null {
  const lanes = new Map<number, Lane>()
  for (const [client, structs] of structsByClient) lanes.set(client, { structs, next: 0, clock: clockOf(client) })
  const stateOf = (client: number): number => lanes.get(client)?.clock ?? clockOf(client)
  const order: UpdateStruct[] = []
  const waiting: UpdateStruct[] = []
  for (const lane of lanes.values()) {
    for (let first = lane.structs[lane.next]; first !== undefined; first = lane.structs[lane.next]) {
      lane.next++
      waiting.push(first)
      for (let head = waiting.at(-1); head !== undefined; head = waiting.at(-1)) {
        const missing = missingClient(head, stateOf)
        if (missing === null) {
          waiting.pop()
          ;(lanes.get(head.client) as Lane).clock = head.clock + head.length
          order.push(head)
          continue
        }
        const needed = lanes.get(missing)
        const next = needed?.structs[needed.next]
        // Above its own client's state: its predecessor is among those that wait.
        if (needed === undefined || next === undefined || next.clock > needed.clock) return null
        needed.next++
        waiting.push(next)
      }
    }
  }
  return order
}

/** As `Item.getMissing`: of its own client a struct needs nothing that is not before it. */
function missingClient(struct: UpdateStruct, stateOf: (client: number) => number): number | null {
  const isMissing = (id: StructId | null): id is StructId =>
    id !== null && id.client !== struct.client && id.clock >= stateOf(id.client)
  if (isMissing(struct.origin)) return struct.origin.client
  if (isMissing(struct.rightOrigin)) return struct.rightOrigin.client
  return isMissing(struct.parent) ? struct.parent.client : null
}

/** How deep the shared types of one update stand in each other; `order` has what a struct leans on before it. */
export function typeNesting(order: readonly UpdateStruct[]): number {
  const lanes = new Map<number, { readonly clocks: number[]; readonly levels: number[] }>()
  const levelAt = (id: StructId | null): number => {
    const lane = id && lanes.get(id.client)
    if (!lane || id.clock < (lane.clocks[0] as number)) return 0
    let low = 0
    let high = lane.clocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((lane.clocks[middle] as number) <= id.clock) low = middle
      else high = middle - 1
    }
    return lane.levels[low] as number
  }
  let deepest = 0
  for (const struct of order) {
    const beside = Math.max(levelAt(struct.origin), levelAt(struct.rightOrigin))
    const level = struct.parent === null ? beside : levelAt(struct.parent) + 1
    if (struct.isType) deepest = Math.max(deepest, level + 1)
    let lane = lanes.get(struct.client)
    if (lane === undefined) lanes.set(struct.client, (lane = { clocks: [], levels: [] }))
    lane.clocks.push(struct.clock)
    lane.levels.push(level)
  }
  return deepest
}
