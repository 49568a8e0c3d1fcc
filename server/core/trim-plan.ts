/**
 * What of a document may go, as a function of the snapshots that were published: never a body that the second newest attested snapshot does not
 * stand for, so that one that nobody can open is survived by the one before; and nothing at all from a disputed snapshot on until an admin's
 * newer one was attested. Rules LO13, LO15.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import type { PublishedSnapshot } from './snapshot-ports.ts'

export interface TrimPlan {
  /** Bodies up to here may go; 0: none. */
  readonly through: number
  /** Snapshots whose bytes stay. */
  readonly kept: readonly Bytes[]
}

/** Attested snapshots that are kept, and newest ones, attested or not: who attests works on one of them. */
const KEPT = 2

/** The plan for what was published, newest first. */
export function planTrim(newestFirst: readonly PublishedSnapshot[]): TrimPlan {
  const attested = newestFirst.filter(isTrusted)
  const lastDispute = Math.max(0, ...newestFirst.map(({ disputedAt }) => disputedAt))
  // Its bytes may have gone since, for newer ones.
  const isResolution = (each: PublishedSnapshot): boolean =>
    each.isAdmins && each.isAttested && each.disputedAt === 0 && each.publishedAt > lastDispute
  const isResolved = lastDispute === 0 || newestFirst.some(isResolution)
  // In dispute everything that is there is evidence.
  if (!isResolved) return { through: 0, kept: idsOf(newestFirst) }
  const through = attested[KEPT - 1]?.seq ?? 0
  const newestAttestedAt = attested[0]?.publishedAt ?? 0
  // The oldest that may yet be attested by its age: were it dropped for newer ones, none would ever grow old enough.
  const oldest = newestFirst.findLast(
    (each) => each.isHeld && each.disputedAt === 0 && each.publishedAt > newestAttestedAt,
  )
  const kept = [...attested.slice(0, KEPT), ...newestFirst.slice(0, KEPT), ...(oldest === undefined ? [] : [oldest])]
  return { through, kept: idsOf(kept) }
}

function isTrusted({ isAttested, isHeld, disputedAt }: PublishedSnapshot): boolean {
  return isAttested && isHeld && disputedAt === 0
}

function idsOf(snapshots: readonly PublishedSnapshot[]): Bytes[] {
  return snapshots.map(({ id }) => id)
}
