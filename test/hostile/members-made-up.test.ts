/**
 * A relay that stores and shows whatever suits it, with its own key for heads, against the members of a document: members whom it makes
 * up, keys that it swaps, records that it shows again count for nobody.
 */
import { Envelope, type MemberRole, type RecordFields } from '@y-sealed/protocol'
import { randomBytes, wrapKey, type Device, type EpochKey } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { isRecordOf } from '../support/members/colluding-relay.ts'
import {
  allRead,
  forgeRecord,
  rotationTo,
  setHostileScene,
  toldTo,
  type HostileScene,
} from '../support/members/hostile-scene.ts'
import { addFields, removeFields, roleFields } from '../support/members/test-member-log.ts'
import { converge, createNewcomer, standOf, until } from '../support/members/team.ts'
import { createTestDevice } from '../support/raw-client.ts'

const mallory = createTestDevice()

interface Aftermath {
  /** What Alice, Bob, Carol and somebody who came later were told. */
  readonly told: readonly (readonly string[])[]
  readonly text: string
  readonly hasMallory: boolean
}

/** The relay shows it to all, and to somebody new; then life goes on. */
async function showAll(scene: HostileScene, ...forged: readonly Envelope[]): Promise<Aftermath> {
  const { alice, bob, carol, view, team } = scene
  view.append(...forged)
  await allRead(scene)
  await bob.write('two. ')
  const dora = await team.invite('reader')
  const text = await converge(alice, bob, carol, dora)
  const hasMallory = alice.membership.members.memberOf(mallory.id) !== null
  return { told: [alice, bob, carol, dora].map(toldTo), text, hasMallory }
}

/** Refused by everybody for one and the same reason, and by whoever comes later. */
function refused(...reasons: readonly string[]): Aftermath {
  const told = [...new Set(reasons)].map((reason) => `ENTRY_REFUSED record ${reason}`)
  return { told: [told, told, told, told], text: 'one. two. ', hasMallory: false }
}

describe('a relay that puts members in place', () => {
  const asMember = (role: MemberRole): RecordFields => addFields(mallory, role)

  it.each<[string, (scene: HostileScene) => Envelope, string]>([
    ['signed by nobody', (scene) => forgeRecord(scene, asMember('reader'), scene.alice.device, mallory), 'signature'],
    ['signed by themselves', (scene) => forgeRecord(scene, asMember('admin'), mallory), 'stranger'],
    ['signed by a writer', (scene) => forgeRecord(scene, asMember('reader'), scene.bob.device), 'not-allowed'],
    [
      'as a reader’s device that writes',
      (scene) => forgeRecord(scene, addFields(mallory, 'writer', true), scene.carol.device),
      'not-allowed',
    ],
    ['by a link that nobody made', (scene) => forgeRecord(scene, joinOf(scene, mallory), mallory), 'unknown-link'],
    [
      'by a role that a reader took',
      (scene) => forgeRecord(scene, roleFields(scene.carol.device.id, 'admin'), scene.carol.device),
      'not-allowed',
    ],
    [
      'by a writer who removes the admin',
      (scene) => forgeRecord(scene, removalOfAlice(scene), scene.bob.device),
      'not-allowed',
    ],
  ])('T24 [K5] [KM16] %s is refused by all, by name, and by whoever comes later', async (_, make, reason) => {
    const scene = await setHostileScene()
    expect(await showAll(scene, make(scene))).toEqual(refused(reason))
  })

  it('T24 [K5] [KM1] with one of the keys of a device swapped is refused, and nothing is sealed to that key', async () => {
    const scene = await setHostileScene()
    const add = addFields(createTestDevice(), 'writer') as Extract<RecordFields, { type: 'add' }>
    const { boxPublic, signPublic } = mallory
    const swapped = [{ boxPublic }, { signPublic }].map((change) =>
      forgeRecord(scene, { ...add, certificate: { ...add.certificate, ...change } }, scene.alice.device),
    )
    expect(await showAll(scene, ...swapped)).toEqual(refused('certificate', 'certificate'))
  })

  it('T24 [K1] [K5] that bends a record on its way is refused, and the record is made again', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    let bent = 0
    // The last byte of a change of role is the role.
    view.onPush = (envelope) => {
      if (!isRecordOf(envelope, 'role') || bent++ > 0) return [envelope]
      return [new Envelope(envelope.bytes.with(envelope.bytes.length - 65, 3))]
    }
    const promoted = alice.setRole(carol, 'writer')
    await until(() => toldTo(bob).length > 0)
    expect(toldTo(bob)).toEqual(['ENTRY_REFUSED record signature'])
    expect(carol.membership.role).toBe('reader')
    // She never got an answer: she asks again.
    alice.goOffline()
    await alice.comeBack()
    await promoted
    await converge(alice, bob, carol)
    expect(carol.membership.role).toBe('writer')
  })
})

function joinOf({ alice }: HostileScene, joiner: Device): RecordFields {
  const certificate = joiner.certificate()
  const wrap = wrapKey(alice.membership.epochKey as EpochKey, joiner.boxPublic)
  const [linkSignature, sealedName] = [joiner.sign(randomBytes(9)), new Uint8Array(0)]
  return { type: 'join', link: alice.device.id, certificate, linkSignature, wrap, sealedName }
}

function removalOfAlice({ alice, bob, carol }: HostileScene): RecordFields {
  return removeFields([alice.device.id], rotationTo(bob, [bob.device, carol.device]).rotation)
}

describe('a relay that shows records again', () => {
  it('T25 [F16] [KM16] an addition, after the removal that undid it: stale for all, and nobody is added', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view, team } = scene
    const added = view.log.filter((envelope) => isRecordOf(envelope, 'add')).at(-1) as Envelope
    await alice.remove(carol)
    view.append(added)
    await bob.write('two. ')
    const dora = await team.invite('reader')
    await converge(alice, bob, dora)
    expect([alice, bob, dora].map(toldTo)).toEqual(Array.from({ length: 3 }, () => ['ENTRY_REFUSED record stale']))
    expect(dora.membership.members.memberOf(carol.device.id)).toBeNull()
  })

  it('T25 [K4] [F16] a record of another document by the same admin: malformed for all', async () => {
    const [scene, other] = [await setHostileScene(), await setHostileScene()]
    const foreign = other.view.log[1] as Envelope
    // A frame of one document holds no entry of another; it comes as one that was sealed for this document.
    const moved = foreign.bytes.slice()
    moved.set(scene.view.document, 4)
    expect(await showAll(scene, new Envelope(moved))).toEqual(refused('stale'))
  })

  it('T25 [KM16] [CL11] records at other places than the log has them end the reading, and nothing is taken', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    await alice.setRole(carol, 'writer')
    await carol.write('two. ')
    await converge(alice, bob, carol)
    // Carol’s promotion is shown one place later, behind what she wrote.
    view.shownRecords = () =>
      view.records.map(({ seq, envelope }, i, all) => ({ seq: i === all.length - 1 ? seq + 1 : seq, envelope }))
    const again = await scene.team.restart(bob)
    await until(() => again.closings.length > 0)
    expect(again.closings[0]?.code).toBe('LOG_INVALID')
    expect(again.peer.provider.synced).toBe(false)
  })

  it('T25 [CL11] [LO6] fewer records than a device has seen in an earlier run: rolled back, and nothing is overwritten', async () => {
    const scene = await setHostileScene()
    const { relay, alice, bob, carol, view, team } = scene
    await alice.remove(carol)
    await converge(alice, bob)
    await bob.membership.whenStored()
    const old = view.fork(view.seq - 1)
    const again = await team.restart(bob, { relay: relay.socketTo(() => old) })
    await until(() => again.closings.length > 0)
    expect(again.closings[0]?.code).toBe('ROLLBACK')
    await bob.membership.whenStored()
    const honest = await team.restart(again)
    await honest.peer.provider.whenSynced()
    expect(standOf(honest)).toEqual(standOf(alice))
  })
})

describe('a member who puts somebody else’s device in place as their own', () => {
  it('T34 [KM10] [KM17] is not kept from it, gains nothing, and goes with it: an admin sees it, removes both, and adds the device anew', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, team } = scene
    const { keys, device } = await createNewcomer()
    await carol.sponsor(device)
    await until(() => alice.membership.members.memberOf(device.id) !== null)
    expect(alice.membership.members.memberOf(device.id)).toMatchObject({ id: carol.device.id, role: 'reader' })
    await expect(alice.add(device, 'writer')).rejects.toMatchObject({ code: 'ALREADY_A_MEMBER' })
    await alice.remove(carol)
    await alice.add(device, 'writer')
    const dora = await team.join(keys)
    await dora.write('two. ')
    expect(await converge(alice, bob, dora)).toBe('one. two. ')
    expect(alice.membership.members.memberOf(device.id)).toMatchObject({ id: device.id, role: 'writer' })
  })
})
