/** Snapshots among members: whose word counts, what a rotation and a removal mean for them, and how a newcomer opens. */
import { createMemoryDocumentStore } from '@y-sealed/client'
import { bytesToHex } from '@y-sealed/protocol'
import { describe, expect, it, vi } from 'vitest'

import { Team, type Teammate } from '../support/members/team.ts'
import { startHonestRelay } from '../support/stage.ts'

const PACE = { electionMs: 20, attestationMs: 60, idleMs: 100 }
const LIMITS = { pageBytes: 8_192 }
const provider = { snapshotPace: PACE }

async function write(whom: Teammate, lines: number): Promise<void> {
  for (let i = 0; i < lines; i++) await whom.write(`${i} `)
}

const newestOf = ({ peer }: Teammate): unknown => peer.provider.snapshots.at(-1)?.standing

async function untilAttested(whom: Teammate, afterSeq = 0): Promise<number> {
  await vi.waitFor(() => {
    const newest = whom.peer.provider.snapshots.at(-1)
    expect([newest?.standing, (newest?.seq ?? 0) > afterSeq]).toEqual(['attested', true])
  }, 8_000)
  return whom.peer.provider.snapshots.at(-1)!.seq
}

describe('snapshots of a members document', () => {
  it('[LO13] [CL41] open for somebody who was let in just now, behind rotations and removals, records first', async () => {
    const relay = await startHonestRelay([], undefined, LIMITS)
    const team = await Team.start(relay, { provider })
    const bob = await team.invite('writer', team.alice, { provider })
    const mallory = await team.invite('writer', team.alice, { provider })
    await write(mallory, 5)
    await team.alice.remove(mallory)
    await write(bob, 10)
    await team.alice.rotate()
    await write(team.alice, 40)
    const seq = await untilAttested(team.alice)
    await write(bob, 3)
    const store = createMemoryDocumentStore()
    const carol = await team.invite('writer', team.alice, { provider: { ...provider, store } })
    // What Bob was told is saved may not have come to Alice yet.
    await vi.waitFor(() => expect(carol.text).toBe(team.alice.text))
    await vi.waitFor(async () => {
      const { baseSeq } = await store.extent(carol.membership.documentId)
      expect(baseSeq).toBeGreaterThanOrEqual(seq)
    })
    expect(carol.peer.provider.signatureChecks).toBeLessThanOrEqual(10)
    // From what it keeps it opens once more, with the members it knows.
    const again = await team.restart(carol, { provider: { ...provider, store } })
    await again.peer.provider.whenSynced()
    await again.write('by Carol')
    await vi.waitFor(() => expect(bob.text).toContain('by Carol'))
    const people = [team.alice, bob, carol, again]
    expect(people.flatMap(({ reports, problems }) => [...reports, ...problems])).toEqual([])
  })

  it('[LO13] are vouched for by a second device of who writes alone, and by no device of a member among others', async () => {
    const relay = await startHonestRelay([], undefined, LIMITS)
    const team = await Team.start(relay, { provider })
    const phone = await team.pair(team.alice, { provider })
    await write(team.alice, 40)
    const first = await untilAttested(team.alice)
    const [snapshot] = team.alice.peer.provider.snapshots
    expect(bytesToHex(snapshot!.member)).toBe(bytesToHex(team.alice.device.id))
    const bob = await team.invite('writer', team.alice, { provider: { ...provider, compaction: 'never' } })
    await bob.write('Bob has written. ')
    await write(team.alice, 60)
    await vi.waitFor(() => expect(team.alice.peer.provider.snapshots.at(-1)!.seq).toBeGreaterThan(first), 8_000)
    await write(phone, 2)
    // That nobody does anything can only be waited for.
    await new Promise((resolve) => setTimeout(resolve, 3 * PACE.attestationMs))
    expect(newestOf(team.alice)).toBe('published')
    expect([...team.alice.reports, ...phone.reports, ...bob.reports]).toEqual([])
  })
})
