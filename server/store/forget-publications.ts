/**
 * Of which publications nothing need be known any more: for every store the same. Rules LO13, LO15.
 *
 * @module
 */
import type { PublishedSnapshot } from '../core/snapshot-ports.ts'
import { ATTESTABLE } from './judge-snapshot.ts'

/**
 * Those among them, newest first, whose marks are kept no more (`forgottenThrough`) and of which no entry to come may speak: they lie before
 * the second newest attested one, so that a dispute of the newest leaves what there was. The newest without a mark stays, since
 * the next one names it; and where anything was disputed all stay, since they are evidence.
 */
export function findForgettable<Published extends PublishedSnapshot>(
  newestFirst: readonly Published[],
  forgottenThrough: number,
): readonly Published[] {
  if (newestFirst.some(({ disputedAt }) => disputedAt > 0)) return []
  const attested = newestFirst.flatMap((each, place) => (each.isAttested && !each.isByAge ? [place] : []))
  const last = attested[1] ?? Math.max(attested[0] ?? 0, ATTESTABLE - 1)
  const newestWithout = newestFirst.findIndex(({ publishedAt }) => publishedAt <= forgottenThrough)
  if (newestWithout === -1) return []
  return newestFirst.slice(Math.max(last, newestWithout) + 1).filter(({ isHeld }) => !isHeld)
}
