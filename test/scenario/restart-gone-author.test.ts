/**
 * What a log lost of a device that never comes back, and what hangs on that: those who have its own entries quote them. Rules LO14, CL31.
 */
import { expect, it, vi } from 'vitest'

import { startLyingRelay, type LyingRelay } from '../support/lying-relay.ts'
import { Team } from '../support/members/team.ts'
import type { Peer } from '../support/peer.ts'
import { settle } from '../support/settled.ts'
import { copyOf, createScene, startHonestRelay, watch, type HonestRelay } from '../support/stage.ts'

const PATIENCE = { timeout: 20_000 }

interface Seat {
  readonly peer: Peer
  readonly closings: readonly { readonly code: string }[]
  readonly reports: readonly { readonly code: string; readonly reason?: string }[]
  readonly problems: readonly { readonly code: string }[]
}

/** Alice may give up what was lost. Carol does not come back. Dave has not seen what was lost, and writes on. */
interface Party {
  readonly alice: Seat
  readonly bob: Seat
  readonly carol: Seat
  readonly dave: Seat
  readonly newcomer: () => Promise<Seat>
}

async function seatMembers(front: LyingRelay): Promise<Party> {
  const team = await Team.start(front)
  const [bob, carol, dave] = [await team.invite('writer'), await team.invite('writer'), await team.invite('writer')]
  return { alice: team.alice, bob, carol, dave, newcomer: () => team.invite('reader') }
}

async function seatByKey(front: LyingRelay): Promise<Party> {
  const scene = await createScene()
  const join = (): Promise<Seat> => watch({ relay: front, access: scene.access() })
  return { alice: await join(), bob: await join(), carol: await join(), dave: await join(), newcomer: join }
}

async function whenSigned(...people: readonly Seat[]): Promise<void> {
  await vi.waitFor(() => {
    for (const { peer } of people) expect(peer.provider.signedHead?.seq).toBe(peer.provider.head.seq)
  }, PATIENCE)
}

function type({ peer }: Seat, line: string, at: number = peer.text.length): void {
  peer.text.insert(at, line)
}

/**
 * Carol's edits, and what Alice and Bob wrote into them, are lost with Carol; the relay's log goes on without them. `hasWritten`: she was known
 * to the log before.
 */
async function loseCarol(front: LyingRelay, first: HonestRelay, party: Party, hasWritten: boolean): Promise<void> {
  const { alice, bob, carol, dave } = party
  type(hasWritten ? carol : alice, 'both. ')
  await settle(alice, bob, carol, dave)
  await whenSigned(alice, bob, carol, dave)
  const backup = await copyOf(first, [front])
  dave.peer.provider.disconnect()
  const second = await startHonestRelay([front], first.data)
  front.stand(second)
  type(carol, 'carol was here. ')
  await settle(alice, bob, carol)
  type(bob, 'BOB ', 'both. carol '.length)
  type(alice, 'alice. ')
  carol.peer.text.delete(0, 'both'.length)
  await settle(alice, bob, carol)
  await whenSigned(alice, bob, carol)
  carol.peer.provider.disconnect()
  for (const { peer } of [alice, bob]) peer.provider.disconnect()
  await copyOf(second, [front])
  front.stand(await startHonestRelay([front], backup))
  dave.peer.provider.connect()
  type(dave, 'dave. ')
  await dave.peer.provider.whenSaved()
  await whenSigned(dave)
  for (const { peer } of [alice, bob]) peer.provider.connect()
  await vi.waitFor(() => {
    for (const { closings } of [alice, bob]) expect(closings.map(({ code }) => code)).toEqual(['FORK'])
  }, PATIENCE)
}

/** Waits until the three of them and a newcomer have one text, and Carol's in it; gives it, and what was said of entries that do not count. */
async function whenWhole({ alice, bob, dave, newcomer }: Party): Promise<{ text: string; refused: unknown[] }> {
  await vi.waitFor(() => expect(dave.peer.text.toJSON()).toContain('carol BOB was here. '), PATIENCE)
  await settle(alice, bob, dave)
  const stranger = await newcomer()
  await settle(alice, bob, dave, stranger)
  const reports = [alice, bob, dave, stranger].flatMap((seat) => seat.reports)
  return { text: stranger.peer.text.toJSON(), refused: reports.filter(({ code }) => code === 'ENTRY_REFUSED') }
}

it.each([
  ['members', 'had written before', seatMembers, true],
  ['members', 'is new', seatMembers, false],
  ['shared-key', 'had written before', seatByKey, true],
  ['shared-key', 'is new', seatByKey, false],
] as const)(
  '[LO14] [CL31] what an author wrote who never comes back is saved, and what hangs on it, in %s mode where the author %s',
  { timeout: 120_000 },
  async (_mode, _history, seat, hasWritten) => {
    const front = await startLyingRelay()
    const first = await startHonestRelay([front])
    front.stand(first)
    const party = await seat(front)
    await loseCarol(front, first, party, hasWritten)
    await party.alice.peer.provider.restartLog()
    const { text, refused } = await whenWhole(party)
    for (const edit of ['. carol BOB was here. ', 'alice. ', 'dave. ']) expect(text.split(edit)).toHaveLength(2)
    expect(text).toHaveLength('. carol BOB was here. alice. dave. '.length)
    expect(refused).toEqual([])
  },
)

it(
  '[LO14] [CL31] [CL30] an author who comes back after all finds what was quoted, once, and goes on',
  { timeout: 120_000 },
  async () => {
    const front = await startLyingRelay()
    const first = await startHonestRelay([front])
    front.stand(first)
    const party = await seatMembers(front)
    await loseCarol(front, first, party, false)
    const { alice, carol } = party
    await alice.peer.provider.restartLog()
    await whenWhole(party)
    type(carol, 'later. ')
    carol.peer.provider.connect()
    await settle(alice, carol)
    const text = alice.peer.text.toJSON()
    for (const edit of ['. carol BOB was here. ', 'alice. ', 'dave. ', 'later. '])
      expect(text.split(edit)).toHaveLength(2)
    expect(text).toHaveLength('. carol BOB was here. alice. dave. later. '.length)
  },
)

it.each([
  ['members', seatMembers],
  ['shared-key', seatByKey],
] as const)(
  '[CL30] [CL31] what such an author wrote and the relay lost before it signed for it is saved in %s mode, without a restart',
  { timeout: 120_000 },
  async (_mode, seat) => {
    const front = await startLyingRelay()
    const first = await startHonestRelay([front])
    front.stand(first)
    const party = await seat(front)
    const { alice, bob, carol, dave, newcomer } = party
    type(carol, 'both. ')
    await settle(alice, bob, carol, dave)
    await whenSigned(alice, bob, carol, dave)
    const backup = await copyOf(first, [front])
    dave.peer.provider.disconnect()
    const second = await startHonestRelay([front], first.data)
    front.stand(second)
    await settle(alice, bob, carol)
    await whenSigned(alice, bob, carol)
    front.toClient = (frame) => (frame?.type === 'head' ? [] : undefined)
    type(carol, 'carol was here. ')
    await settle(alice, bob, carol)
    for (const { peer } of [alice, bob]) {
      expect(peer.provider.signedHead?.seq).toBeLessThan(peer.provider.head.seq)
      peer.provider.disconnect()
    }
    carol.peer.provider.disconnect()
    await copyOf(second, [front])
    front.toClient = () => undefined
    front.stand(await startHonestRelay([front], backup))
    dave.peer.provider.connect()
    type(dave, 'dave. ')
    await dave.peer.provider.whenSaved()
    for (const { peer } of [alice, bob]) peer.provider.connect()
    await vi.waitFor(() => expect(dave.peer.text.toJSON()).toContain('carol was here. '), PATIENCE)
    await settle(alice, bob, dave)
    const stranger = await newcomer()
    await settle(alice, bob, dave, stranger)
    const text = stranger.peer.text.toJSON()
    for (const edit of ['both. ', 'carol was here. ', 'dave. ']) expect(text.split(edit)).toHaveLength(2)
    expect([alice, bob, dave, stranger].flatMap(({ closings }) => closings)).toEqual([])
  },
)
