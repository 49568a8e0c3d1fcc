/** What a device that keeps no more of the log than it must makes of snapshots that others make and vouch for. */
import { createMemoryDocumentStore, type DocumentStore, type SealedProviderOptions } from '@y-sealed/client'
import { encodeAttestation, KIND } from '@y-sealed/protocol'
import { describe, expect, it, vi } from 'vitest'

import { digestState } from '../../client/snapshots/digest-state.ts'
import { Slices } from '../../client/snapshots/slices.ts'
import { settle } from '../support/settled.ts'
import { publishForgery, rebuildHonestly, withText } from '../support/snapshots/forger.ts'
import {
  createScene,
  expectSound,
  intrude,
  startHonestRelay,
  watch,
  type Scene,
  type Witness,
} from '../support/stage.ts'

const PATIENCE = { timeout: 20_000, interval: 50 }
const PACE = { electionMs: 20, attestationMs: 40, idleMs: 600_000 }
const ROUND = 300

interface Theatre {
  readonly scene: Scene
  readonly relay: Awaited<ReturnType<typeof startHonestRelay>>
  readonly join: (provider?: Partial<SealedProviderOptions>) => Promise<Witness>
}

async function start(): Promise<Theatre> {
  const scene = await createScene()
  const relay = await startHonestRelay([], undefined, { soonEntries: ROUND, compactionPauseMs: 50 })
  const join: Theatre['join'] = async (provider = {}) => {
    const access = scene.access()
    const witness = await watch({ relay, access, provider: { snapshotPace: PACE, ...provider } })
    await witness.peer.provider.whenSynced()
    return witness
  }
  return { scene, relay, join }
}

async function type({ peer }: Witness, words: number): Promise<void> {
  for (let i = 0; i < words; i++) {
    peer.text.insert(peer.text.length, `${i} `)
    await peer.provider.flush()
  }
}

/** Types until another snapshot is vouched for. */
async function typeRound(typist: Witness): Promise<void> {
  const before = typist.peer.provider.snapshots.findLast(({ standing }) => standing === 'attested')?.seq ?? 0
  await type(typist, ROUND)
  await vi.waitFor(async () => {
    await type(typist, 1)
    const attested = typist.peer.provider.snapshots.findLast(({ standing }) => standing === 'attested')
    expect(attested?.seq ?? 0).toBeGreaterThan(before)
  }, PATIENCE)
}

const bounded = (store: DocumentStore): Partial<SealedProviderOptions> => ({
  store,
  keepLog: false,
  compaction: 'never',
})

describe('a device that neither makes nor attests snapshots', () => {
  it(
    '[LO15] [CL40] [CL13] keeps what comes after the older of two that it has rebuilt, and opens from that without a relay',
    { timeout: 120_000 },
    async () => {
      const { scene, relay, join } = await start()
      const { id } = scene.document
      const [short, whole] = [createMemoryDocumentStore(), createMemoryDocumentStore()]
      const [alice, bob] = [await join(), await join()]
      await type(bob, 1)
      const carol = await join(bounded(short))
      const dave = await join({ store: whole, compaction: 'never' })
      await typeRound(alice)
      await vi.waitFor(async () => expect(await short.snapshots(id)).toHaveLength(1), PATIENCE)
      // One is not enough for anything to go: it may be the one that does not open.
      expect((await short.extent(id)).baseSeq).toBe(0)
      await typeRound(alice)
      const [older] = await short.snapshots(id)
      await vi.waitFor(async () => expect((await short.extent(id)).baseSeq).toBe(older!.seq), PATIENCE)
      await settle(alice, bob, carol, dave)
      await carol.peer.provider.whenKept()
      expect((await short.extent(id)).lastSeq).toBe(alice.peer.provider.head.seq)
      expect(await short.read(id, 1, 1_000)).toEqual([])
      // Its owner has asked for all of it.
      expect([(await whole.extent(id)).baseSeq, await whole.snapshots(id)]).toEqual([0, []])
      carol.peer.close()

      const again = await watch({
        relay: { ...relay, url: 'wss://127.0.0.1:1/sync' },
        access: scene.access(),
        provider: bounded(short),
      })
      await again.peer.provider.whenLoaded()
      expect(again.text).toBe(alice.text)
      again.peer.close()
      const online = await join(bounded(short))
      await type(alice, 3)
      await settle(alice, bob, online)
      expectSound(alice, bob, online)
    },
  )

  it(
    '[LO12] [T41] lets nothing go for one that two others vouch for, and that is not what it has itself',
    { timeout: 120_000 },
    async () => {
      const { scene, relay, join } = await start()
      const { id } = scene.document
      const [short, whole] = [createMemoryDocumentStore(), createMemoryDocumentStore()]
      const carol = await join(bounded(short))
      const alice = await join({ store: whole, compaction: 'never' })
      await type(alice, ROUND)
      await settle(alice, carol)
      await alice.peer.provider.whenKept()
      const honest = await rebuildHonestly({ access: scene.access(), store: whole, head: alice.peer.provider.head })
      const forged = withText(honest, 'what nobody wrote')
      const [mallory, eve] = [await intrude(relay, scene), await intrude(relay, scene)]
      const snapshotId = await publishForgery(mallory, { content: forged, said: forged })
      const { key, id: document } = eve.writer.document
      const contentDigest = (await digestState(document, key, forged, new Slices()))!
      const { seq, context } = forged
      const seen = { seq, transcript: context.transcript }
      eve.writer.seen = seen
      eve.client.send({ type: 'push', envelopes: [eve.writer.bind(98).envelope] })
      await eve.client.nextOf('ack')
      const body = encodeAttestation({ snapshotId, seq, verdict: 'same', contentDigest })
      const sealed = eve.writer.session.sealEntry(KIND.attestation, body, key, seen)
      const read = vi.spyOn(short, 'read')
      eve.client.send({ type: 'push', envelopes: [sealed.envelope] })
      await eve.client.nextOf('ack')
      await vi.waitFor(() => expect(carol.peer.provider.snapshots.at(-1)?.standing).toBe('attested'), PATIENCE)
      // It looks after it: the last page is read.
      await vi.waitFor(() => expect(read.mock.calls.length).toBeGreaterThan(0), PATIENCE)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      expect([await short.snapshots(id), (await short.extent(id)).baseSeq]).toEqual([[], 0])
    },
  )
})
