/** When another snapshot is to be published in place of one that the relay does not name. */
import type { OpenedFrame, PublishedSnapshot } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import type { LogOutcome } from '../../../../client/log/document-log.ts'
import { LostSnapshot } from '../../../../client/snapshots/lost-snapshot.ts'

const snapshot = (seq: number): PublishedSnapshot => ({
  seq,
  id: new Uint8Array(32).fill(seq),
  device: new Uint8Array(16),
  member: new Uint8Array(16),
  contentDigest: new Uint8Array(32),
  standing: 'attested',
})

/** At `at`, a snapshot of the log up to `seq` is vouched for. */
const vouched = (seq: number, at: number): LogOutcome =>
  ({ kind: 'attested', seq: at, snapshot: snapshot(seq), verdict: 'same' }) as unknown as LogOutcome

/** With a head at `headSeq` the relay names a snapshot, or none. */
const opened = (headSeq: number, seq: number, present = true): OpenedFrame =>
  ({
    present,
    head: { seq: headSeq },
    snapshotId: new Uint8Array(32).fill(seq),
    snapshotSeq: seq,
  }) as unknown as OpenedFrame

describe('[CL40] a snapshot that the relay has lost', () => {
  it.each<readonly [string, readonly LogOutcome[], OpenedFrame, number | null, boolean]>([
    ['it names none', [vouched(40, 45)], opened(50, 0), 40, true],
    ['it names the one before', [vouched(40, 45)], opened(50, 20), 40, true],
    ['this device has begun to read behind that vote', [], opened(50, 20), 40, true],
    ['it names that', [vouched(40, 45)], opened(50, 40), 40, false],
    ['it names a newer one', [vouched(40, 45)], opened(50, 48), 40, false],
    ['it was vouched for after the relay had spoken', [vouched(40, 51)], opened(50, 20), 40, false],
    ['it was vouched for twice, the first time before', [vouched(40, 45), vouched(40, 51)], opened(50, 20), 40, true],
    ['nothing is vouched for', [], opened(50, 0), null, false],
    ['the document is not there', [vouched(40, 45)], opened(50, 0, false), 40, false],
  ])('is replaced or not where %s', (_when, outcomes, frame, attested, isToReplace) => {
    const lost = new LostSnapshot()
    for (const outcome of outcomes) lost.note(outcome)
    lost.named(frame)
    expect(lost.isToReplace({ attested: attested === null ? null : snapshot(attested) })).toBe(isToReplace)
  })

  it('is replaced once, and so is the next', () => {
    const lost = new LostSnapshot()
    lost.named(opened(50, 0))
    expect([40, 40, 48, 48].map((seq) => lost.isToReplace({ attested: snapshot(seq) }))).toEqual([
      true,
      false,
      true,
      false,
    ])
  })
})
