/**
 * How a list of now becomes what it was: which units stay, go and come back. Units have the same id and the same order in every replica, so
 * what stood there then and stands there still is found without guessing, and the least is changed: what others write next to it at the
 * same time keeps its neighbours. Rule HI3.
 *
 * @module
 */
import { isSameContent } from './same-content.ts'
import type { Unit } from './list-units.ts'

/** What happens at one place, in order. */
export type PlanStep =
  /** `past`: as what it was then; `null` where it is newer than what is to be undone. */
  | { readonly kind: 'keep'; readonly unit: Unit; readonly past: Unit | null }
  | { readonly kind: 'drop'; readonly unit: Unit }
  | { readonly kind: 'insert'; readonly past: Unit }

/** From `live` to `past`; what `isNewer` stays wherever it stands. */
export function planList(
  live: readonly Unit[],
  past: readonly Unit[],
  isNewer: (unit: Unit) => boolean,
): readonly PlanStep[] {
  const steps: PlanStep[] = []
  const indexOf = indexById(live)
  let nextLive = 0
  let nextPast = 0
  for (const [index, unit] of past.entries()) {
    const at = indexOf(unit)
    if (at === undefined || at < nextLive || !isSameUnit(live[at] as Unit, unit)) continue
    planGap(live.slice(nextLive, at), past.slice(nextPast, index), isNewer, steps)
    steps.push({ kind: 'keep', unit: live[at] as Unit, past: unit })
    nextLive = at + 1
    nextPast = index + 1
  }
  planGap(live.slice(nextLive), past.slice(nextPast), isNewer, steps)
  return steps
}

/** Between two units that stay there may be what shows the same under other ids: an earlier restoring brought it back. */
function planGap(
  live: readonly Unit[],
  past: readonly Unit[],
  isNewer: (unit: Unit) => boolean,
  steps: PlanStep[],
): void {
  const old = live.filter((unit) => !isNewer(unit))
  const least = Math.min(old.length, past.length)
  const isSameAt = (index: number, pastIndex: number): boolean =>
    isSameContent((old[index] as Unit).content, (past[pastIndex] as Unit).content)
  let head = 0
  while (head < least && isSameAt(head, head)) head++
  let tail = 0
  while (tail < least - head && isSameAt(old.length - 1 - tail, past.length - 1 - tail)) tail++

  let missing = past.slice(head, past.length - tail)
  const insertMissing = (): void => {
    for (const unit of missing) steps.push({ kind: 'insert', past: unit })
    missing = []
  }
  let seen = 0
  for (const unit of live) {
    if (isNewer(unit)) {
      steps.push({ kind: 'keep', unit, past: null })
      continue
    }
    if (seen === head) insertMissing()
    const behind = old.length - seen
    if (seen < head) steps.push({ kind: 'keep', unit, past: past[seen] as Unit })
    else if (behind > tail) steps.push({ kind: 'drop', unit })
    else steps.push({ kind: 'keep', unit, past: past[past.length - behind] as Unit })
    seen++
  }
  insertMissing()
}

function indexById(units: readonly Unit[]): (unit: Unit) => number | undefined {
  const byClient = new Map<number, Map<number, number>>()
  for (const [index, { client, clock }] of units.entries()) {
    const byClock = byClient.get(client) ?? new Map<number, number>()
    byClient.set(client, byClock.set(clock, index))
  }
  return ({ client, clock }) => byClient.get(client)?.get(clock)
}

/** Under one id there is one thing, but for a character of which half was deleted. */
function isSameUnit({ content, length }: Unit, past: Unit): boolean {
  if (content.kind !== past.content.kind || length !== past.length) return false
  return content.kind !== 'text' || isSameContent(content, past.content)
}
