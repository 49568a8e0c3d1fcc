import { describe, expect, it } from 'vitest'

import { CompactionHints } from '../../../../server/core/compaction.ts'
import { DEFAULT_LIMITS } from '../../../../server/core/limits.ts'
import type { CorePeer } from '../../../support/core-world.ts'
import { TestWriter } from '../../../support/room-document.ts'
import { SnapshotWorld } from '../../../support/snapshot-world.ts'

const STATUS = { newest: null, attested: null, usable: null }
const LIMITS_OF_ALL = { ...DEFAULT_LIMITS, soonEntries: 20 }
const LIMITS = { soonEntries: 20, nowEntries: 40, compactionPauseMs: 10_000 }

async function hintOf(peer: CorePeer, writer: TestWriter): Promise<unknown> {
  await peer.say({ type: 'push', envelopes: [writer.update().envelope] })
  const [ack] = peer.take().filter(({ type }) => type === 'ack')
  return ack?.type === 'ack' ? ack.compaction : ack
}

describe('asking for a snapshot', () => {
  it('begins at 500 entries or 256 KiB, and is urgent at 4 000 or 2 MiB', () => {
    const asked = (entriesSince: number, bytesSince: number): string => {
      const hints = new CompactionHints(DEFAULT_LIMITS)
      hints.reset({ ...STATUS, entriesSince, bytesSince })
      return hints.take(0)
    }
    expect([asked(499, 262_143), asked(500, 1), asked(9, 262_144)]).toEqual(['none', 'soon', 'soon'])
    expect([asked(3_999, 2_097_151), asked(4_000, 1), asked(9, 2_097_152)]).toEqual(['soon', 'now', 'now'])
  })

  it('asks one at a time, and another when it was in vain or has become urgent', () => {
    const hints = new CompactionHints(DEFAULT_LIMITS)
    hints.reset({ ...STATUS, entriesSince: 499, bytesSince: 0 })
    hints.grow(1)
    expect([hints.take(0), hints.take(1), hints.take(9_999)]).toEqual(['soon', 'none', 'none'])
    expect(hints.take(10_000)).toBe('soon')
    hints.grow(2_097_152)
    expect([hints.take(10_001), hints.take(10_002)]).toEqual(['now', 'none'])
    hints.published()
    expect(hints.take(30_000)).toBe('none')
  })

  it('waits twice as long each time that it has asked in vain, up to eight times, and begins anew with a snapshot', () => {
    const hints = new CompactionHints(LIMITS_OF_ALL)
    hints.reset({ ...STATUS, entriesSince: 20, bytesSince: 0 })
    /** Seconds at which somebody is asked. */
    const asked = (fromS: number, toS: number): number[] =>
      Array.from({ length: toS - fromS }, (_, i) => fromS + i).filter((s) => hints.take(s * 1000) === 'soon')
    expect(asked(0, 320)).toEqual([0, 10, 30, 70, 150, 230, 310])
    hints.published()
    hints.reset({ ...STATUS, entriesSince: 20, bytesSince: 0 })
    expect(asked(400, 425)).toEqual([400, 410])
  })

  it('[FR4] stands in the ACK of whoever made it due, until a snapshot is published', async () => {
    const scene = await SnapshotWorld.start(18, { limits: LIMITS })
    const { alice, writer } = scene
    // The genesis and 18 are there: the next is the twentieth.
    expect(await hintOf(alice, writer)).toBe('soon')
    const bob = await scene.other()
    const his = new TestWriter(scene.document, bob.device, await scene.head())
    expect(await hintOf(bob, his)).toBe('none')
    await scene.world.pass(10_000)
    expect(await hintOf(bob, his)).toBe('soon')
    await scene.must(bob)
    await scene.world.pass(10_000)
    expect(await hintOf(bob, his)).toBe('none')
  })

  it('[AU6] passes over those who may not publish', async () => {
    const scene = await SnapshotWorld.start(30, { limits: LIMITS })
    await scene.world.pass(10_000)
    const bob = await scene.world.opened(scene.document.id, ['read', 'write'])
    const his = new TestWriter(scene.document, bob.device, await scene.head())
    expect(await hintOf(bob, his)).toBe('none')
    expect(await hintOf(scene.alice, scene.writer)).toBe('soon')
  })
})
