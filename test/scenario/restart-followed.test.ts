/**
 * Two histories under one address, which an admin makes one again: whoever had left the relay for it goes on by themselves, and writes anew what
 * they alone have. Rules LO14, CL30, KM17.
 */
import { expect, it, vi } from 'vitest'

import { startLyingRelay, type LyingRelay } from '../support/lying-relay.ts'
import { Team } from '../support/members/team.ts'
import type { Peer } from '../support/peer.ts'
import { copyOf, createScene, startHonestRelay, watch, type HonestRelay } from '../support/stage.ts'
import { settle } from '../support/settled.ts'

const PATIENCE = { timeout: 20_000 }

interface Seat {
  readonly peer: Peer
  readonly closings: readonly { readonly code: string }[]
}

/** Alice, who may give up what was lost, and Carol have seen the relay sign what it has lost; Bob had not, and has written on. */
interface Party {
  readonly alice: Seat
  readonly bob: Seat
  readonly carol: Seat
}

async function whenSigned(...people: readonly Seat[]): Promise<void> {
  await vi.waitFor(() => {
    for (const { peer } of people) expect(peer.provider.signedHead?.seq).toBe(peer.provider.head.seq)
  }, PATIENCE)
}

function type({ peer }: Seat, line: string): void {
  peer.text.insert(peer.text.length, line)
}

/** The relay comes back from an older backup, and the lost history meets the new one. */
async function part(
  seat: (front: LyingRelay) => Promise<Party>,
  lost: readonly string[] = ['hers. '],
): Promise<Party & { readonly front: LyingRelay; readonly relay: HonestRelay }> {
  const front = await startLyingRelay()
  const first = await startHonestRelay([front])
  front.stand(first)
  const { alice, bob, carol } = await seat(front)
  type(alice, 'both. ')
  await settle(alice, bob, carol)
  await whenSigned(alice, bob, carol)
  const backup = await copyOf(first, [front])
  bob.peer.provider.disconnect()
  const second = await startHonestRelay([front], first.data)
  front.stand(second)
  for (const line of lost) {
    type(alice, line)
    await settle(alice, carol)
  }
  await whenSigned(alice, carol)
  for (const { peer } of [alice, carol]) peer.provider.disconnect()
  await copyOf(second, [front])
  const relay = await startHonestRelay([front], backup)
  front.stand(relay)
  bob.peer.provider.connect()
  type(bob, 'his. ')
  await bob.peer.provider.whenSaved()
  await whenSigned(bob)
  for (const { peer } of [alice, carol]) peer.provider.connect()
  await vi.waitFor(() => {
    for (const { closings } of [alice, carol]) expect(closings.map(({ code }) => code)).toEqual(['FORK'])
  }, PATIENCE)
  return { alice, bob, carol, front, relay }
}

async function seatMembers(front: LyingRelay): Promise<Party> {
  const team = await Team.start(front)
  const bob = await team.invite('writer')
  const carol = await team.invite('writer')
  return { alice: team.alice, bob, carol }
}

async function seatByKey(front: LyingRelay): Promise<Party> {
  const scene = await createScene()
  const join = (): Promise<Seat> => watch({ relay: front, access: scene.access() })
  return { alice: await join(), bob: await join(), carol: await join() }
}

it.each([
  ['members', seatMembers],
  ['shared-key', seatByKey],
])(
  '[LO14] [KM17] [CL30] who has left the relay comes back by themselves once a restart gives up what it lacks, in %s mode',
  { timeout: 90_000 },
  async (_mode, seat) => {
    const { alice, bob, carol } = await part(seat)
    const told: string[] = []
    carol.peer.provider.on('integrity', ({ code }) => told.push(code))
    carol.peer.provider.on('closed', ({ code }) => told.push(code))
    type(carol, 'kept. ')
    expect(carol.peer.provider.syncStatus.kind).toBe('rolled-back')
    await alice.peer.provider.restartLog()
    await settle(alice, bob, carol)
    for (const edit of ['both. ', 'hers. ', 'his. ', 'kept. ']) {
      expect(carol.peer.text.toJSON().split(edit)).toHaveLength(2)
    }
    expect(told).toEqual(['RESTORED'])
    expect(carol.peer.provider.syncStatus.kind).toBe('saved')
  },
)

it(
  '[LO14] [CL30] looking again is quiet, and changes nothing while nobody has decided',
  { timeout: 90_000 },
  async () => {
    let front: LyingRelay | null = null
    const { carol } = await part((given) => {
      front = given
      return seatByKey(given)
    })
    const opened = (): number =>
      front?.captured.filter(({ place, bytes }) => place === 'from-client' && bytes[0] === 0x02).length ?? 0
    const told: string[] = []
    carol.peer.provider.on('integrity', ({ code }) => told.push(code))
    carol.peer.provider.on('status', ({ status }) => told.push(status))
    carol.peer.provider.on('closed', ({ code }) => told.push(code))
    const looks = async (): Promise<void> => {
      const before = opened()
      await vi.waitFor(() => expect(opened()).toBeGreaterThan(before), { timeout: 40_000 })
    }
    // What was proven is told by then.
    await looks()
    told.length = 0
    await looks()
    expect([told, carol.peer.text.toJSON(), carol.peer.provider.synced]).toEqual([[], 'both. hers. ', false])
  },
)

it.each([
  ['members', seatMembers],
  ['shared-key', seatByKey],
])(
  '[LO14] [CL30] what the relay loses after a restart, before the place that it names, stops nobody, and comes again, in %s mode',
  { timeout: 240_000 },
  async (_mode, seat) => {
    const lines = Array.from({ length: 20 }, (_, index) => `hers ${index}. `)
    const { alice, bob, carol, front, relay } = await part(seat, lines)
    const lostSeq = alice.peer.provider.head.seq
    const people = [alice, bob, carol]
    await alice.peer.provider.restartLog()
    // She looks after 10 s, 20 s and so on.
    await vi.waitFor(() => expect(carol.peer.provider.synced).toBe(true), { timeout: 90_000 })
    await settle(...people)
    await whenSigned(...people)
    const backup = await copyOf(relay, [front])
    const next = await startHonestRelay([front], relay.data)
    front.stand(next)
    type(alice, 'after. ')
    await settle(...people)
    await whenSigned(...people)
    // What the restart gave up lies further on than all that there is.
    expect(alice.peer.provider.head.seq).toBeLessThan(lostSeq)
    const before = people.map(({ closings }) => closings.length)
    for (const { peer } of people) peer.provider.disconnect()
    await copyOf(next, [front])
    front.stand(await startHonestRelay([front], backup))
    for (const { peer } of people) peer.provider.connect()
    await settle(...people)
    for (const line of ['both. ', 'after. ']) expect(carol.peer.text.toJSON().split(line)).toHaveLength(2)
    expect(people.map(({ closings }) => closings.length)).toEqual(before)
  },
)
