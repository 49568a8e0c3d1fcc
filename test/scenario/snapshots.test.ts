/** Snapshots of a document that people are writing: published by one, attested by another, without anybody waiting. */
import { createMemoryDocumentStore } from '@y-sealed/client'
import { describe, expect, it, vi } from 'vitest'

import type { RelayLimits } from '../../server/core/limits.ts'
import { createScene, startHonestRelay, watch, type Witness } from '../support/stage.ts'

const PACE = { electionMs: 20, attestationMs: 40, idleMs: 600_000 }

/** One is due after so many entries, however fast they are typed on this machine, and none for a pause in them. */
const dueAfter = (soonEntries: number): Partial<RelayLimits> => ({ soonEntries, compactionPauseMs: 50 })

async function type({ peer }: Witness, words: number): Promise<void> {
  for (let i = 0; i < words; i++) {
    peer.text.insert(peer.text.length, `${i} `)
    await peer.provider.flush()
  }
}

describe('snapshots of a document that is being written', () => {
  it('[LO10] [LO11] [LO13] are published by who is elected and attested by somebody else', async () => {
    const scene = await createScene()
    const relay = await startHonestRelay([], undefined, dueAfter(40))
    const provider = { snapshotPace: PACE }
    const alice = await watch({ relay, access: scene.access(), provider })
    await alice.peer.provider.whenSynced()
    const bob = await watch({ relay, access: scene.access(), provider })
    await bob.peer.provider.whenSynced()
    await type(bob, 3)
    await type(alice, 40)
    for (const { peer } of [alice, bob]) {
      await vi.waitFor(() => expect(peer.provider.snapshots.map(({ standing }) => standing)).toEqual(['attested']))
    }
    expect(alice.peer.provider.snapshots).toEqual(bob.peer.provider.snapshots)
    expect([...alice.reports, ...bob.reports, ...alice.problems, ...bob.problems]).toEqual([])
  })

  it.each([
    ['comes along with OPENED', 16_384],
    ['is asked for, page by page', 4_096],
  ])('[CL41] [FR5] open for a newcomer from what %s, with few signature checks', async (_, pageBytes) => {
    const scene = await createScene()
    const relay = await startHonestRelay([], undefined, { pageBytes, ...dueAfter(80) })
    const provider = { snapshotPace: PACE }
    const alice = await watch({ relay, access: scene.access(), provider })
    const bob = await watch({ relay, access: scene.access(), provider })
    await alice.peer.provider.whenSynced()
    await bob.peer.provider.whenSynced()
    await type(bob, 3)
    await type(alice, 80)
    await vi.waitFor(() => expect(bob.peer.provider.snapshots.at(-1)?.standing).toBe('attested'))
    await type(alice, 5)
    const store = createMemoryDocumentStore()
    const carol = await watch({ relay, access: scene.access(), provider: { ...provider, store } })
    await carol.peer.provider.whenSynced()
    expect(carol.text).toBe(alice.text)
    expect(carol.peer.provider.head).toEqual(alice.peer.provider.head)
    expect(carol.peer.provider.signatureChecks).toBeLessThanOrEqual(10)
    expect(carol.reports).toEqual([])
    await carol.peer.provider.whenKept()
    await vi.waitFor(async () => {
      const { baseSeq, lastSeq } = await store.extent(scene.document.id)
      expect([baseSeq > 20, lastSeq]).toEqual([true, carol.peer.provider.head.seq])
    })
    carol.peer.text.insert(0, 'by Carol ')
    await carol.peer.provider.flush()
    await vi.waitFor(() => expect(alice.text).toContain('by Carol'))
  })
})
