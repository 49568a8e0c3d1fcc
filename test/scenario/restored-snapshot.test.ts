/**
 * A backup from before a snapshot, put back under running clients: they give back the entries, and with them its publication and its attestation,
 * but not the snapshot's bytes. Rules LO14, CL40, FR5.
 */
import { createMemoryDocumentStore } from '@y-sealed/client'
import { isZero, type OpenedFrame } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'

import { startLyingRelay } from '../support/lying-relay.ts'
import { settle } from '../support/settled.ts'
import {
  copyOf,
  createScene,
  expectSound,
  startHonestRelay,
  watch,
  whenSigned,
  type Witness,
} from '../support/stage.ts'

const PATIENCE = { timeout: 30_000, interval: 50 }
const PACE = { electionMs: 20, attestationMs: 40, idleMs: 600_000 }
/** A snapshot is due after so many entries, and no sooner for any other reason. */
const SOON_ENTRIES = 60
const LIMITS = { soonEntries: SOON_ENTRIES, compactionPauseMs: 50 }

it(
  '[LO14] [CL40] [I7] a snapshot whose bytes a restore has lost is followed by another at once, from which newcomers open',
  { timeout: 120_000 },
  async () => {
    const scene = await createScene()
    const lying = await startLyingRelay()
    const first = await startHonestRelay([lying], undefined, LIMITS)
    lying.stand(first)
    const opened: OpenedFrame[] = []
    lying.toClient = (frame) => {
      if (frame?.type === 'opened') opened.push(frame)
      return undefined
    }
    const join = (): Promise<Witness> =>
      watch({
        relay: lying,
        access: scene.access(),
        provider: { snapshotPace: PACE, store: createMemoryDocumentStore() },
      })
    const [alice, bob] = [await join(), await join()]
    alice.peer.text.insert(0, 'in the backup. ')
    await settle(alice, bob)
    const backup = await copyOf(first, [lying])
    const second = await startHonestRelay([lying], first.data, LIMITS)
    lying.stand(second)
    await settle(alice, bob)
    for (let i = 0; i < SOON_ENTRIES; i++) {
      alice.peer.text.insert(alice.peer.text.length, `${i} `)
      await alice.peer.provider.flush()
    }
    const vouched = await vi.waitFor(() => {
      const newest = bob.peer.provider.snapshots.at(-1)
      expect(newest?.standing).toBe('attested')
      return newest!
    }, PATIENCE)
    await settle(alice, bob)
    await whenSigned(alice, bob)
    const { seq } = alice.peer.provider.head
    const { text } = alice
    await copyOf(second, [lying])
    opened.length = 0
    lying.stand(await startHonestRelay([lying], backup, LIMITS))
    await vi.waitFor(
      () => expect([alice, bob].flatMap(({ reports }) => reports.map(({ code }) => code))).toContain('RESTORED'),
      PATIENCE,
    )
    await settle(alice, bob)
    expect(alice.text).toBe(text)
    // It has the whole log back, with the publication in it, and no snapshot.
    const healed = opened.filter(({ head }) => head.seq >= seq)
    expect(healed.map(({ snapshotId }) => isZero(snapshotId))).toContain(true)
    await vi.waitFor(() => {
      const newest = bob.peer.provider.snapshots.at(-1)
      expect([newest?.standing, newest!.seq > vouched.seq]).toEqual(['attested', true])
    }, PATIENCE)
    await settle(alice, bob)
    // Far fewer entries than make one due.
    expect(bob.peer.provider.head.seq - seq).toBeLessThan(SOON_ENTRIES / 2)
    opened.length = 0
    const carol = await join()
    await settle(alice, bob, carol)
    expect(opened.at(-1)?.snapshotSeq).toBeGreaterThan(vouched.seq)
    expect(carol.text).toBe(text)
    expectSound(alice, bob, carol)
  },
)
