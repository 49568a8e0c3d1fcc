/**
 * An older backup put back under running clients where the log had been trimmed: by the relay before the backup was made, by it afterwards, and
 * by every device too. Rules LO14, LO15, FR16, CL13, CL30; row I7.
 */
import { createMemoryDocumentStore, type SealedProviderOptions } from '@y-sealed/client'
import { Envelope, KIND } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'

import { startLyingRelay, type LyingRelay } from '../support/lying-relay.ts'
import {
  copyOf,
  createScene,
  expectSound,
  startHonestRelay,
  watch,
  whenSigned,
  type HonestRelay,
  type Witness,
} from '../support/stage.ts'
import { settle } from '../support/settled.ts'

const PATIENCE = { timeout: 30_000, interval: 50 }
const PACE = { electionMs: 20, attestationMs: 40, idleMs: 60_000 }
/** What would take weeks, at once. */
const LIMITS = { soonEntries: 30, compactionPauseMs: 50, trimAgeMs: 1, trimIntervalMs: 50, trimPauseMs: 1 }

/** A relay behind one address, and what it last told somebody who opened of where its log begins. */
class Front {
  readonly lying: LyingRelay
  readonly #limits: Partial<typeof LIMITS>
  relay: HonestRelay
  oldestSeq = 1
  readonly join: (options?: Partial<SealedProviderOptions>) => Promise<Witness>

  private constructor(lying: LyingRelay, relay: HonestRelay, join: Front['join'], limits: Partial<typeof LIMITS>) {
    this.lying = lying
    this.relay = relay
    this.join = join
    this.#limits = limits
    lying.toClient = (frame) => {
      if (frame?.type === 'opened') this.oldestSeq = frame.oldestSeq
      return undefined
    }
  }

  static async start(): Promise<Front> {
    const scene = await createScene()
    const lying = await startLyingRelay()
    const relay = await startHonestRelay([lying], undefined, LIMITS)
    lying.stand(relay)
    const join: Front['join'] = (provider = {}) =>
      watch({ relay: lying, access: scene.access(), provider: { snapshotPace: PACE, ...provider } })
    return new Front(lying, relay, join, LIMITS)
  }

  /** Stops it and gives a copy of what it has; it goes on. */
  async backUp(): Promise<string> {
    const backup = await copyOf(this.relay, [this.lying])
    await this.put(this.relay.data)
    return backup
  }

  /** Puts another folder in its place. */
  async restore(backup: string): Promise<void> {
    await copyOf(this.relay, [this.lying])
    await this.put(backup)
  }

  async put(data: string): Promise<void> {
    this.relay = await startHonestRelay([this.lying], data, this.#limits)
    this.lying.stand(this.relay)
  }
}

/** Types until the log that the relay holds begins behind `seq`. */
async function trimBeyond(front: Front, seq: number, typist: Witness): Promise<void> {
  await vi.waitFor(async () => {
    for (let i = 0; i < 40; i++) {
      typist.peer.text.insert(typist.peer.text.length, `${i} `)
      await typist.peer.provider.flush()
    }
    await vi.waitFor(() => expect(typist.peer.provider.snapshots.at(-1)?.standing).toBe('attested'), 5_000)
    const probe = await front.join()
    await probe.peer.provider.whenSynced()
    probe.peer.close()
    expect(front.oldestSeq).toBeGreaterThan(seq + 1)
  }, PATIENCE)
}

async function write({ peer }: Witness, text: string): Promise<void> {
  peer.text.insert(peer.text.length, text)
  await peer.provider.whenSaved()
}

/** They go on writing, and somebody who comes new sees all of it and is told nothing. */
async function goOn(front: Front, ...people: readonly [Witness, ...Witness[]]): Promise<void> {
  await write(people[0], 'and on. ')
  await settle(...people)
  const carol = await front.join()
  await settle(...people, carol)
  expect(carol.reports).toEqual([])
  expectSound(...people, carol)
  for (const { reports, closings } of people) expect([...reports.filter(({ fatal }) => fatal), ...closings]).toEqual([])
}

it(
  '[I7] [LO14] [LO15] a backup of a trimmed log is given what it lacks by devices whose logs begin behind a snapshot',
  { timeout: 120_000 },
  async () => {
    const front = await Front.start()
    const [alice, bob] = [await front.join(), await front.join()]
    await trimBeyond(front, 40, alice)
    const backup = await front.backUp()
    await settle(alice, bob)
    for (let i = 0; i < 10; i++) await write(i % 2 === 0 ? alice : bob, `lost ${i}. `)
    await settle(alice, bob)
    await whenSigned(alice, bob)
    const { head } = alice.peer.provider
    const { text } = alice
    await front.restore(backup)
    await vi.waitFor(
      () => expect([alice, bob].flatMap(({ reports }) => reports.map(({ code }) => code))).toContain('RESTORED'),
      PATIENCE,
    )
    await settle(alice, bob)
    // It is the same log, or those who had verified it would say so. Behind it may stand word on a snapshot. [CL40]
    expect(alice.peer.provider.head.seq).toBeGreaterThanOrEqual(head.seq)
    const codes = new Set([alice, bob].flatMap(({ reports }) => reports.map(({ code }) => code)))
    expect([[...codes].toSorted(), alice.text]).toEqual([['RESTORED', 'ROLLBACK'], text])
    await goOn(front, alice, bob)
  },
)

it(
  '[I7] [LO14] [LO15] [CL13] a backup from before the trim is given everything by a device that keeps the whole log',
  { timeout: 120_000 },
  async () => {
    const front = await Front.start()
    const alice = await front.join()
    const kept = createMemoryDocumentStore()
    const bob = await front.join({ store: kept })
    const logOf = async (): Promise<readonly Envelope[]> => {
      const { documentId, head } = bob.peer.provider
      await vi.waitFor(async () => expect((await kept.extent(documentId)).lastSeq).toBe(head.seq))
      const entries = await kept.read(documentId, 1, Number.MAX_SAFE_INTEGER)
      return entries.map(({ envelope }) => new Envelope(envelope))
    }
    await write(alice, 'in the backup. ')
    await settle(alice, bob)
    const backup = await front.backUp()
    await settle(alice, bob)
    await trimBeyond(front, alice.peer.provider.head.seq, alice)
    await settle(alice, bob)
    await whenSigned(alice, bob)
    const [log, text] = [await logOf(), alice.text]
    await front.restore(backup)
    await vi.waitFor(
      () => expect([alice, bob].flatMap(({ reports }) => reports.map(({ code }) => code))).toContain('RESTORED'),
      PATIENCE,
    )
    await settle(alice, bob)
    const given = await logOf()
    expect([given.slice(0, log.length), alice.text]).toEqual([log, text])
    // Behind it may stand a snapshot published anew, for the bytes of earlier ones were not given back. [CL40]
    const behind = given.slice(log.length).map(({ kind }) => kind)
    expect(behind.filter((kind) => kind !== KIND.publication && kind !== KIND.attestation)).toEqual([])
    await goOn(front, alice, bob)
    // And it trims again.
    await trimBeyond(front, 1, alice)
    await settle(alice, bob)
  },
)

it(
  '[I7] [LO14] [LO15] a backup that is older than what every device keeps waits, and goes on when somebody gives up the log',
  { timeout: 120_000 },
  async () => {
    const front = await Front.start()
    const [alice, bob] = [await front.join(), await front.join()]
    await write(alice, 'in the backup. ')
    await settle(alice, bob)
    const backup = await front.backUp()
    await settle(alice, bob)
    await write(bob, 'by Bob. ')
    await trimBeyond(front, alice.peer.provider.head.seq, alice)
    await settle(alice, bob)
    await whenSigned(alice, bob)
    const { text } = alice
    await front.restore(backup)
    await vi.waitFor(() => expect(alice.reports.map(({ code }) => code)).toEqual(['ROLLBACK']), PATIENCE)
    // Nothing is lost meanwhile.
    bob.peer.text.insert(0, 'waiting. ')
    await alice.peer.provider.restartLog()
    await settle(alice, bob)
    expect(alice.text).toBe(`waiting. ${text}`)
    await goOn(front, alice, bob)
  },
)
