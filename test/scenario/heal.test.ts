/**
 * An older backup put back under running clients: nobody loses an edit that any member's device still has, and all transcripts end equal.
 * Rules LO14, FR16, CL30; row I7.
 */
import { expect, it, vi } from 'vitest'

import {
  copyOf,
  createScene,
  expectSound,
  startHonestRelay,
  watch,
  whenSigned,
  type Witness,
} from '../support/stage.ts'
import { startLyingRelay, type LyingRelay } from '../support/lying-relay.ts'
import { placeOf, settle } from '../support/settled.ts'

const PATIENCE = { timeout: 20_000 }

/** Whoever came back first has told of it, and that it is over; nobody has stopped. */
async function whenHealed(...people: readonly Witness[]): Promise<void> {
  await vi.waitFor(() => {
    const codes = people.flatMap(({ reports }) => reports.map(({ code }) => code))
    expect(codes.slice(0, 2)).toEqual([expect.stringMatching(/^(ROLLBACK|FORK)$/), 'RESTORED'])
  }, PATIENCE)
  for (const { reports, closings } of people) expect([...reports.filter(({ fatal }) => fatal), ...closings]).toEqual([])
}

interface Fall {
  readonly alice: Witness
  readonly bob: Witness
  /** What both had before. */
  readonly text: string
  readonly place: string
  readonly watch: () => Promise<Witness>
}

/** Two people write, a backup is made, they write on, and the backup is put back under them. */
async function fall(isSigned: boolean): Promise<Fall> {
  const scene = await createScene()
  const front = await startLyingRelay()
  const first = await startHonestRelay([front])
  front.stand(first)
  const join = (): Promise<Witness> => watch({ relay: front, access: scene.access() })
  const [alice, bob] = [await join(), await join()]
  alice.peer.text.insert(0, 'in the backup. ')
  await settle(alice, bob)
  await whenSigned(alice, bob)
  const backup = await copyOf(first, [front])

  const second = await startHonestRelay([front], first.data)
  front.stand(second)
  await settle(alice, bob)
  for (let i = 0; i < 20; i++) {
    const { provider, text } = (i % 2 === 0 ? alice : bob).peer
    text.insert(text.length, `lost ${i}. `)
    await provider.whenSaved()
  }
  await settle(alice, bob)
  if (isSigned) await whenSigned(alice, bob)
  const { text } = alice
  const place = placeOf(alice)
  for (const { reports } of [alice, bob]) expect(reports).toEqual([])
  await copyOf(second, [front])

  front.stand(await startHonestRelay([front], backup))
  return { alice, bob, text, place, watch: join }
}

/** They write on, and so does somebody who comes new. */
async function goOn({ alice, bob, text, watch: join }: Fall): Promise<void> {
  bob.peer.text.insert(0, 'and on. ')
  await settle(alice, bob)
  const carol = await join()
  await settle(alice, bob, carol)
  expect(carol.text).toBe(`and on. ${text}`)
  carol.peer.text.insert(0, 'Carol: ')
  await settle(alice, bob, carol)
  expectSound(alice, bob, carol)
}

it('[I7] [LO14] [CL30] all that the relay has signed is given back, in the same log', { timeout: 60_000 }, async () => {
  const fallen = await fall(true)
  const { alice, bob } = fallen
  await whenHealed(alice, bob)
  await settle(alice, bob)
  expect([alice.text, placeOf(alice)]).toEqual([fallen.text, fallen.place])
  await goOn(fallen)
})

it('[I7] [LO14] [CL30] what nobody has a signature for its authors write anew', { timeout: 60_000 }, async () => {
  const fallen = await fall(false)
  const { alice, bob } = fallen
  await whenHealed(alice, bob)
  await settle(alice, bob)
  expect(alice.text).toBe(fallen.text)
  await goOn(fallen)
})

/** Alice has seen the relay sign what it has lost, and Bob, who had not, has written on upon the backup: two histories. */
async function part(): Promise<Fall & { readonly front: LyingRelay }> {
  const scene = await createScene()
  const front = await startLyingRelay()
  const first = await startHonestRelay([front])
  front.stand(first)
  const join = (): Promise<Witness> => watch({ relay: front, access: scene.access() })
  const [alice, bob] = [await join(), await join()]
  alice.peer.text.insert(0, 'both. ')
  await settle(alice, bob)
  await whenSigned(alice, bob)
  const backup = await copyOf(first, [front])
  bob.peer.provider.disconnect()
  const second = await startHonestRelay([front], first.data)
  front.stand(second)
  alice.peer.text.insert(alice.text.length, 'hers. ')
  await alice.peer.provider.whenSaved()
  await whenSigned(alice)
  alice.peer.provider.disconnect()
  await copyOf(second, [front])
  front.stand(await startHonestRelay([front], backup))
  bob.peer.provider.connect()
  bob.peer.text.insert(bob.text.length, 'his. ')
  await bob.peer.provider.whenSaved()
  await whenSigned(bob)
  alice.peer.provider.connect()
  await vi.waitFor(() => expect(alice.closings.map(({ code }) => code)).toEqual(['FORK']), PATIENCE)
  return { alice, bob, text: alice.text, place: placeOf(alice), watch: join, front }
}

it(
  '[LO14] [KM17] [CL30] two histories go on as one when somebody gives up the lost one, and no edit is lost',
  { timeout: 60_000 },
  async () => {
    const { alice, bob, watch: join } = await part()
    // Until then the relay takes nothing, and nobody has given up anything.
    bob.peer.text.insert(0, 'waiting. ')
    alice.peer.text.insert(0, 'kept. ')
    await alice.peer.provider.restartLog()
    await settle(alice, bob)
    for (const edit of ['both. ', 'hers. ', 'his. ', 'waiting. ', 'kept. ']) expect(alice.text).toContain(edit)
    const carol = await join()
    await settle(alice, bob, carol)
    expect(carol.reports).toEqual([])
    expectSound(alice, bob, carol)
  },
)
