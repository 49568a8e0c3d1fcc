/**
 * A log that went another way behind where its marks begin: nobody can show where it parts from what a device has verified, and its sessions say
 * that it does. Rules CL41, LO14, LO15.
 */
import { createMemoryDocumentStore } from '@y-sealed/client'
import { expect, it, vi } from 'vitest'

import { noMarks } from '../support/lies/no-marks.ts'
import { startLyingRelay, type LyingRelay } from '../support/lying-relay.ts'
import { settle } from '../support/settled.ts'
import {
  copyOf,
  createScene,
  expectSound,
  halted,
  haltOf,
  startHonestRelay,
  watch,
  whenSigned,
  type Witness,
} from '../support/stage.ts'

const PACE = { electionMs: 20, attestationMs: 40, idleMs: 60_000 }
/** What would take months, at once. */
const LIMITS = {
  soonEntries: 30,
  compactionPauseMs: 50,
  trimAgeMs: 1,
  trimIntervalMs: 50,
  trimPauseMs: 1,
}
const PATIENCE = { timeout: 30_000, interval: 50 }

/** Dave has seen what Alice wrote, is offline, and has typed on. Of that the relay has lost the last, and has gone on without it. */
interface Party {
  readonly front: LyingRelay
  readonly dave: Witness
  /** Has seen it too. */
  readonly erin: Witness
  readonly bob: Witness
  readonly carol: Witness
  /** Types until the relay holds no entries from before `seq`. */
  readonly trimBeyond: (seq: number) => Promise<void>
}

async function type({ peer }: Witness, word: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    peer.text.insert(peer.text.length, `${word}${i} `)
    await peer.provider.flush()
  }
}

async function gather(marks: 'kept' | 'gone'): Promise<Party> {
  const scene = await createScene()
  const front = await startLyingRelay()
  const first = await startHonestRelay([front])
  front.stand(first)
  const oldest = { seq: 1 }
  front.toClient = (frame) => {
    if (frame?.type === 'opened') oldest.seq = frame.oldestSeq
    return frame?.type === 'ids' && marks === 'gone' ? [noMarks(frame.document)] : undefined
  }
  const join = (): Promise<Witness> =>
    watch({
      relay: front,
      access: scene.access(),
      provider: { snapshotPace: PACE, store: createMemoryDocumentStore() },
    })
  const [alice, bob, carol, dave, erin] = [await join(), await join(), await join(), await join(), await join()]
  await type(alice, 'alice', 2)
  await settle(alice, bob, carol, dave, erin)
  const backup = await copyOf(first, [front])
  for (const { peer } of [bob, carol]) peer.provider.disconnect()
  const second = await startHonestRelay([front], first.data)
  front.stand(second)
  await type(alice, 'lost', 2)
  await type(dave, 'dave', 1)
  await settle(alice, dave, erin)
  await whenSigned(dave, erin)
  alice.peer.close()
  for (const { peer } of [dave, erin]) peer.provider.disconnect()
  dave.peer.text.insert(0, 'unsent ')
  await copyOf(second, [front])
  front.stand(await startHonestRelay([front], backup, LIMITS))
  for (const { peer } of [bob, carol]) peer.provider.connect()
  await type(bob, 'bob', 12)
  const trimBeyond = async (seq: number): Promise<void> => {
    await vi.waitFor(async () => {
      await type(bob, 'more', 40)
      await vi.waitFor(() => expect(bob.peer.provider.snapshots.at(-1)?.standing).toBe('attested'), 5_000)
      const probe = await join()
      await probe.peer.provider.whenSynced()
      probe.peer.close()
      expect(oldest.seq).toBeGreaterThan(seq + 60)
    }, PATIENCE)
  }
  return { front, dave, erin, bob, carol, trimBeyond }
}

it.each([
  ['marks lead elsewhere', 'kept'],
  ['sessions stand behind where they stood, of which no marks are left,', 'gone'],
] as const)(
  '[CL41] [LO15] [K10] a trimmed log whose %s is not taken, and nothing that was verified goes',
  { timeout: 120_000 },
  async (_, marks) => {
    const { dave, bob, trimBeyond } = await gather(marks)
    const { text } = dave
    const { head } = dave.peer.provider
    await trimBeyond(head.seq)
    dave.peer.provider.connect()
    expect(await haltOf(dave)).toEqual(halted('FORK', text))
    // Where there are marks, they prove it.
    const told = dave.reports.filter(({ code }) => code !== 'FORK_PROVEN')
    expect(told.map(({ code, fatal }) => [code, fatal])).toEqual([
      ['FORK', false],
      ['FORK', true],
    ])
    // What it goes on from is what it has verified, and no log that it was shown.
    await vi.waitFor(() => expect(dave.peer.provider.head).toEqual(head))
    // The app decides, where the relay has nothing by which a restart could name what it lacks.
    await dave.peer.provider.restartLog()
    await dave.peer.provider.whenSaved()
    for (const word of ['unsent ', 'dave0 ', 'bob0 ', 'more0 ', 'kept']) expect(dave.text).toContain(word)
    expect(dave.reports.at(-1)).toMatchObject({ code: 'RESTORED', fatal: false })
    // And what others wrote who do not come back. [CL31]
    await vi.waitFor(() => expect(bob.text).toContain('lost1 '), PATIENCE)
    expectSound(dave)
  },
)

it(
  '[CL41] [LO14] who finds that a restart has given up what it had follows it, though no mark is left from before',
  { timeout: 120_000 },
  async () => {
    const { dave, erin, bob, carol, trimBeyond } = await gather('gone')
    const { seq } = dave.peer.provider.head
    erin.peer.provider.connect()
    await haltOf(erin)
    await erin.peer.provider.restartLog()
    await settle(erin, bob, carol)
    await trimBeyond(Math.max(seq, erin.peer.provider.head.seq))
    dave.peer.provider.connect()
    await settle(dave, erin, bob, carol)
    for (const word of ['unsent ', 'dave0 ', 'lost1 ', 'bob0 ']) expect(bob.text.split(word)).toHaveLength(2)
    expect(dave.reports.map(({ code, fatal }) => [code, fatal])).toEqual([
      ['FORK', false],
      ['RESTORED', false],
    ])
    expectSound(dave, erin)
  },
)
