import { describe, expect, it } from 'vitest'

import type { PublishedSnapshot } from '../../../../server/core/snapshot-ports.ts'
import { planTrim } from '../../../../server/core/trim-plan.ts'

/** Snapshots published one after another, newest first: k = 10, 20… and published at k + 5. */
function published(...each: readonly Partial<PublishedSnapshot>[]): PublishedSnapshot[] {
  return each
    .map((changes, i): PublishedSnapshot => {
      const seq = (i + 1) * 10
      return {
        id: new Uint8Array(32).fill(i + 1),
        seq,
        bytes: 1_000,
        contentDigest: new Uint8Array(32),
        device: new Uint8Array(16),
        member: new Uint8Array(16),
        isAdmins: false,
        publishedAt: seq + 5,
        publishedAtMs: 0,
        isAttested: false,
        isByAge: false,
        disputedAt: 0,
        isHeld: true,
        ...changes,
      }
    })
    .toReversed()
}

const plan = (...each: readonly Partial<PublishedSnapshot>[]) => {
  const { through, kept } = planTrim(published(...each))
  return { through, kept: [1, 2, 3, 4, 5, 6].filter((first) => kept.some((id) => id[0] === first)) }
}
const attested = { isAttested: true }

describe('[LO15] what may go', () => {
  it('is nothing without two attested snapshots', () => {
    expect(plan()).toEqual({ through: 0, kept: [] })
    expect(plan({}, {})).toEqual({ through: 0, kept: [1, 2] })
    expect(plan(attested, {})).toEqual({ through: 0, kept: [1, 2] })
  })

  it('is what the second newest attested one stands for', () => {
    expect(plan(attested, attested, attested)).toEqual({ through: 20, kept: [2, 3] })
    expect(plan(attested, attested, {}, {}, {})).toEqual({ through: 10, kept: [1, 2, 3, 4, 5] })
  })

  it('leaves the oldest that its age may yet vouch for, and the two newest', () => {
    expect(plan(attested, {}, {}, {}, {}, {})).toEqual({ through: 0, kept: [1, 2, 5, 6] })
  })

  it('does not rest on one whose bytes are gone', () => {
    expect(plan(attested, { ...attested, isHeld: false }, attested)).toEqual({ through: 10, kept: [1, 2, 3] })
  })

  it('is nothing, and no snapshot, once one was called wrong', () => {
    expect(plan(attested, attested, { disputedAt: 99 }, attested)).toEqual({ through: 0, kept: [1, 2, 3, 4] })
  })

  it('is something again when an admin’s newer one was attested', () => {
    const dispute = { ...attested, disputedAt: 36 }
    expect(plan(attested, attested, dispute, attested)).toMatchObject({ through: 0 })
    expect(plan(attested, attested, dispute, { isAdmins: true })).toMatchObject({ through: 0 })
    expect(plan(attested, attested, dispute, { ...attested, isAdmins: true })).toEqual({ through: 20, kept: [2, 3, 4] })
    // And stays so when its bytes have gone for newer ones.
    const gone = { ...attested, isAdmins: true, isHeld: false }
    expect(plan(attested, attested, dispute, gone, attested, attested)).toEqual({ through: 50, kept: [5, 6] })
  })
})
