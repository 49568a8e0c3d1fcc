/** A relay that has trimmed its log: newcomers open, those who were away come back with what they wrote, and one snapshot that fails is no loss. */
import { createMemoryDocumentStore } from '@y-sealed/client'
import { encodeRelayFrame } from '@y-sealed/protocol'
import { describe, expect, it, vi } from 'vitest'

import { startLyingRelay, turnBit } from '../support/lying-relay.ts'
import { createScene, expectSound, startHonestRelay, watch, type Witness } from '../support/stage.ts'

const PACE = { electionMs: 20, attestationMs: 40, idleMs: 60_000 }
/** What would take weeks, at once. */
const LIMITS = { soonEntries: 30, compactionPauseMs: 50, trimAgeMs: 1, trimIntervalMs: 50, trimPauseMs: 1 }

async function type({ peer }: Witness, word: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    peer.text.insert(peer.text.length, `${word}${i} `)
    await peer.provider.flush()
  }
}

/** Types until the relay has trimmed its log beyond `seq`: the oldest that it holds, by what it tells somebody who opens. */
async function setTrimmed(limits: Partial<typeof LIMITS & { readonly marksAgeMs: number }> = {}) {
  const scene = await createScene()
  const lying = await startLyingRelay()
  const relay = await startHonestRelay([lying], undefined, { ...LIMITS, ...limits })
  lying.stand(relay)
  const oldest = { seq: 1 }
  lying.toClient = (frame) => {
    if (frame?.type === 'opened') oldest.seq = frame.oldestSeq
    return undefined
  }
  const join = (store = createMemoryDocumentStore()): Promise<Witness> =>
    watch({ relay: lying, access: scene.access(), provider: { snapshotPace: PACE, store } })
  const alice = await join()
  await alice.peer.provider.whenSynced()
  const bob = await join()
  await bob.peer.provider.whenSynced()
  /** Types until what the relay holds begins after `seq`. */
  const trimBeyond = async (seq: number): Promise<void> => {
    await vi.waitFor(
      async () => {
        await type(alice, 'more', 40)
        await vi.waitFor(() => expect(alice.peer.provider.snapshots.at(-1)?.standing).toBe('attested'), 5_000)
        const probe = await join()
        await probe.peer.provider.whenSynced()
        probe.peer.close()
        expect(oldest.seq).toBeGreaterThan(seq + 1)
      },
      { timeout: 30_000, interval: 50 },
    )
  }
  return { scene, lying, alice, bob, join, trimBeyond, oldest }
}

describe('a log that was trimmed', () => {
  it('[LO15] [CL41] is opened by newcomers, and by who was away with edits that had not left', async () => {
    const { alice, bob, join, trimBeyond } = await setTrimmed()
    const store = createMemoryDocumentStore()
    const dave = await join(store)
    await dave.peer.provider.whenSynced()
    await type(dave, 'dave', 2)
    const { seq } = dave.peer.provider.head
    dave.peer.provider.disconnect()
    dave.peer.text.insert(0, 'unsent ')
    await trimBeyond(seq)
    const newcomer = await join()
    await newcomer.peer.provider.whenSynced()
    expect(newcomer.text).toBe(alice.text)

    dave.peer.provider.connect()
    await dave.peer.provider.whenSaved()
    await vi.waitFor(() => expect(bob.text).toContain('unsent '))
    expect(dave.text).toBe(bob.text)
    for (const witness of [alice, bob, dave, newcomer]) expect(witness.reports).toEqual([])
    // What it keeps begins behind the snapshot, and is enough to open from again.
    await dave.peer.provider.whenKept()
    expect((await store.extent(dave.peer.provider.documentId)).baseSeq).toBeGreaterThan(seq)
    dave.peer.close()
    const again = await join(store)
    await again.peer.provider.whenSynced()
    expect(again.text).toBe(alice.text)
    expectSound(alice, bob, dave, newcomer, again)
  })

  it('[LO8] [LO15] [CL41] takes back who was away for longer than marks are kept: nothing more can be checked, and nothing is lost', async () => {
    const { alice, bob, join, trimBeyond } = await setTrimmed({ marksAgeMs: 1 })
    const dave = await join(createMemoryDocumentStore())
    await dave.peer.provider.whenSynced()
    await type(dave, 'dave', 2)
    const { seq } = dave.peer.provider.head
    dave.peer.provider.disconnect()
    dave.peer.text.insert(0, 'unsent ')
    await trimBeyond(seq + 60)
    dave.peer.provider.connect()
    // What it had sealed upon a place that the relay does not know any more goes out sealed anew. [LO8]
    await dave.peer.provider.whenSaved()
    await vi.waitFor(() => expect(bob.text).toContain('unsent '))
    expect(dave.text).toBe(bob.text)
    expect(dave.reports.map(({ code, fatal }) => [code, fatal])).toEqual([['UNPROVEN', false]])
    for (const witness of [alice, bob]) expect(witness.reports).toEqual([])
    expectSound(alice, bob, dave)
  })

  it('[LO15] [CL41] opens from the snapshot before where the newest does not open', async () => {
    const { lying, alice, join, trimBeyond } = await setTrimmed()
    await trimBeyond(10)
    const spoilt = new Set<string>()
    const honestly = lying.toClient
    lying.toClient = (frame, message, link) => {
      if (frame?.type === 'opened' && spoilt.size === 0) spoilt.add(frame.snapshotId.join())
      if (frame?.type !== 'snapshot-chunk' || !spoilt.has(frame.snapshotId.join()))
        return honestly(frame, message, link)
      return [encodeRelayFrame({ ...frame, bytes: turnBit(frame.bytes, 200) })]
    }
    const carol = await join()
    await carol.peer.provider.whenSynced()
    expect(carol.text).toBe(alice.text)
    expect(carol.reports.map(({ code, fatal }) => [code, fatal])).toEqual([['SNAPSHOT_REFUSED', false]])
    expectSound(carol)
  })
})
