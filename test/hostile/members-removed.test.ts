/**
 * Somebody who was removed, with every key they ever had and a relay on their side: what they write does not count, however it is dated,
 * and what is written after them stays closed to them.
 */
import { KIND } from '@y-sealed/protocol'
import type { EpochKey } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import {
  allRead,
  forgeRecord,
  opensFor,
  setHostileScene,
  toldTo,
  Vandal,
  type HostileScene,
} from '../support/members/hostile-scene.ts'
import { addFields, rewrapFields } from '../support/members/test-member-log.ts'
import { converge, until } from '../support/members/team.ts'
import { createTestDevice } from '../support/raw-client.ts'

/** Bob, whose client id is bound, is removed; until then he wrote. */
async function removeBob(): Promise<
  HostileScene & { readonly vandal: Vandal; readonly before: HostileScene['view']['seen'] }
> {
  const scene = await setHostileScene()
  const { alice, bob, carol, view } = scene
  const vandal = new Vandal(bob, bob.device, bob.membership.epochKey as EpochKey)
  view.append(vandal.bind(view.seen))
  await allRead(scene)
  const before = view.seen
  await alice.remove(bob)
  await until(() => bob.closings.length > 0)
  await alice.write('two. ')
  await converge(alice, carol)
  return { ...scene, vandal, before }
}

interface Aftermath {
  /** What Alice, Carol and somebody who came later were told. */
  readonly told: readonly (readonly string[])[]
  readonly text: string
}

/** Everybody has seen it, and life goes on. */
async function goOn({ alice, carol, view, team }: HostileScene): Promise<Aftermath> {
  await until(() => [alice, carol].every(({ peer }) => peer.provider.head.seq === view.seq))
  const dora = await team.invite('reader')
  await alice.write('three. ')
  const text = await converge(alice, carol, dora)
  return { told: [alice, carol, dora].map(toldTo), text }
}

function refused(reason: string): Aftermath {
  return { told: Array.from({ length: 3 }, () => [`ENTRY_REFUSED ${reason}`]), text: 'one. two. three. ' }
}

describe('one who was removed', () => {
  it('T29 [K20] [KM16] writes under the old key, dated before the removal: refused by all', async () => {
    const scene = await removeBob()
    scene.view.append(scene.vandal.type('back-dated', scene.before))
    expect(await goOn(scene)).toEqual(refused('epoch'))
  })

  it('T29 [K20] [KM16] is given the new key by a friend who stays, and writes under it: refused for the role', async () => {
    const scene = await removeBob()
    const { bob, carol, view } = scene
    const vandal = new Vandal(bob, bob.device, carol.membership.epochKey as EpochKey)
    view.append(vandal.bind(view.seen), vandal.type('by a friend’s key', view.seen))
    expect(await goOn(scene)).toEqual(refused('role'))
  })

  it('T29 [KM17] adds devices, gives keys, comes back by their own record: refused by name', async () => {
    const scene = await removeBob()
    const { bob, view } = scene
    view.append(
      forgeRecord(scene, addFields(createTestDevice(), 'writer', true), bob.device),
      forgeRecord(scene, rewrapFields(1, [scene.alice.device.id]), bob.device),
      forgeRecord(scene, addFields(bob.device, 'writer'), bob.device),
    )
    expect(await goOn(scene)).toEqual(refused('record stranger'))
  })

  it('T29 [KM4] [KM19] opens nothing that was sealed after the removal, with any key they ever had', async () => {
    const scene = await removeBob()
    const { alice, bob, view } = scene
    await alice.rotate()
    await alice.write('three. ')
    const removedAt = view.log.findIndex(({ epoch }) => epoch > 1)
    const later = view.log.slice(removedAt).filter(({ kind }) => kind === KIND.update || kind === KIND.bind)
    expect(later.length).toBeGreaterThan(1)
    expect(later.filter((envelope) => opensFor(bob, envelope))).toEqual([])
    expect(bob.membership.keyOf(2)).toBeNull()
    expect(later.filter((envelope) => opensFor(alice, envelope))).toHaveLength(later.length)
  })

  it('T29 [KM16] is shown the whole log by a relay that keeps serving them: they take nothing of it', async () => {
    const scene = await removeBob()
    const { bob, team, view } = scene
    const again = await team.restart(bob)
    await until(() => again.closings.length > 0 || again.peer.provider.head.seq === view.seq)
    expect(again.text).not.toContain('two')
    expect(again.membership.role).toBe('none')
  })
})
