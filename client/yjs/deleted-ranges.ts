/**
 * What the log has deleted, by client: disjoint ranges of clocks in ascending order.
 *
 * @module
 */
import type { DeleteRange } from './inspect-update.ts'

interface Span {
  readonly start: number
  readonly end: number
}

export class DeletedRanges {
  readonly #spansByClient = new Map<number, Span[]>()

  add({ client, clock, length }: DeleteRange): void {
    const spans = this.#spansByClient.get(client) ?? []
    let [start, end] = [clock, clock + length]
    const from = firstReaching(spans, start)
    let to = from
    for (; to < spans.length && (spans[to] as Span).start <= end; to++) {
      start = Math.min(start, (spans[to] as Span).start)
      end = Math.max(end, (spans[to] as Span).end)
    }
    spans.splice(from, to - from, { start, end })
    this.#spansByClient.set(client, spans)
  }

  /** True when all of the range has been deleted. */
  covers({ client, clock, length }: DeleteRange): boolean {
    const spans = this.#spansByClient.get(client) ?? []
    const span = spans[firstReaching(spans, clock)]
    return span !== undefined && span.start <= clock && clock + length <= span.end
  }
}

/** Index of the first span that ends at or after `clock`. */
function firstReaching(spans: readonly Span[], clock: number): number {
  let [low, high] = [0, spans.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((spans[middle] as Span).end < clock) low = middle + 1
    else high = middle
  }
  return low
}
