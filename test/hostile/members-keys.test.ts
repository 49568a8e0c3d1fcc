/**
 * Keys that are not the document's: the relay's own, one for each member, none at all, or one that a member chose for others. What does not
 * match the commitment in the signed log is void; who was given nothing says so, and any member gives the key again.
 */
import { encodeCertificate, joinInput, packWraps, type RecordFields, type Rotation } from '@y-sealed/protocol'
import { createEpochKey, wrapKey, type Device, type EpochKey } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { isRecordOf } from '../support/members/colluding-relay.ts'
import {
  allRead,
  forgeRecord,
  rotationTo,
  setHostileScene,
  toldTo,
  Vandal,
  type HostileScene,
} from '../support/members/hostile-scene.ts'
import { addFields, linkFields, removeFields, rewrapFields } from '../support/members/test-member-log.ts'
import { converge, createNewcomer, until } from '../support/members/team.ts'
import { createTestDevice } from '../support/raw-client.ts'

const relayDevice = createTestDevice()

function epochFields(rotation: Rotation): RecordFields {
  return { type: 'epoch', rotation }
}

/** A rotation to a key of the relay's own. */
function ownRotation(scene: HostileScene): ReturnType<typeof rotationTo> {
  const { alice, bob, carol } = scene
  return rotationTo(alice, [alice.device, bob.device, carol.device])
}

describe('a relay that hands out a key of its own', () => {
  it.each<[string, (scene: HostileScene) => readonly [Device, Device], string]>([
    ['signed by nobody', ({ alice }) => [alice.device, relayDevice], 'signature'],
    ['signed by itself', () => [relayDevice, relayDevice], 'stranger'],
    ['signed by a reader', ({ carol }) => [carol.device, carol.device], 'not-allowed'],
  ])('T26 [K6] [KM16] in a rotation %s: refused by all, and nobody seals under it', async (_, who, reason) => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    const { key, rotation } = ownRotation(scene)
    view.append(forgeRecord(scene, epochFields(rotation), ...who(scene)))
    await allRead(scene)
    await bob.write('two. ')
    expect(await converge(alice, bob, carol)).toBe('one. two. ')
    for (const each of [alice, bob, carol]) {
      expect(toldTo(each)).toEqual([`ENTRY_REFUSED record ${reason}`])
      expect([each.epoch, each.membership.keyOf(key.epoch)]).toEqual([1, null])
    }
    expect(view.log.every(({ epoch }) => epoch === 1)).toBe(true)
  })

  it('T26 [K6] [KM6] in a wrap for the epoch in force: void, and the key that is held stays', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    const own = createEpochKey(1)
    // Carol helps: any member may give a key again, and this is not it.
    const rewrap = rewrapFields(1, [alice.device.id, bob.device.id]) as Extract<RecordFields, { type: 'rewrap' }>
    const wraps = packWraps([alice, bob].map(({ device }) => [device.id, wrapKey(own, device.boxPublic)]))
    view.append(forgeRecord(scene, { ...rewrap, wraps }, carol.device))
    await allRead(scene)
    const genuine = alice.membership.keyOf(1)?.exportKey()
    expect(bob.membership.keyOf(1)?.exportKey()).toEqual(genuine)
    expect(genuine).not.toEqual(own.exportKey())
    await bob.write('two. ')
    expect(await converge(alice, bob, carol)).toBe('one. two. ')
  })

  it('T26 [K6] [EN6] and seals under it in the name of a member who helps: nobody applies it', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    const vandal = new Vandal(bob, bob.device, createEpochKey(1))
    view.append(vandal.bind(view.seen), vandal.type('from nowhere', view.seen))
    // The id commits to the key of the epoch, so that the signature is over something else: it waits for one that will not come.
    await until(() => [alice, carol].every((each) => toldTo(each).length > 0))
    for (const each of [alice, carol]) {
      expect(toldTo(each)).toEqual(['WAITING'])
      expect(each.text).toBe('one. ')
    }
  })
})

describe('a writer who rotates for others', () => {
  it('T26 [K7] [KM6] with another key in each wrap: whoever got a false one says so, and writes nothing', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    const { key, rotation } = ownRotation(scene)
    const other = createEpochKey(2)
    const wraps = packWraps([
      [alice.device.id, wrapKey(key, alice.device.boxPublic)],
      [bob.device.id, wrapKey(key, bob.device.boxPublic)],
      [carol.device.id, wrapKey(other, carol.device.boxPublic)],
    ])
    view.append(forgeRecord(scene, epochFields({ ...rotation, wraps }), bob.device))
    await allRead(scene)
    expect(alice.membership.keyOf(2)?.commitment).toEqual(rotation.commitment)
    expect([carol.membership.keyOf(2), carol.membership.missingEpochs]).toEqual([null, [2]])
    await alice.write('two. ')
    await bob.reads('one. two. ')
    expect(carol.text).toBe('one. ')

    await alice.rewrap(2, carol.device)
    expect(await converge(alice, bob, carol)).toBe('one. two. ')
    expect(carol.membership.missingEpochs).toEqual([])
  })

  it('T32 [KM6] [KM17] with void wraps for all: the record stands, all say so, and the key is given later', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    const { key, rotation } = ownRotation(scene)
    const nothing = new Uint8Array(80)
    const wraps = packWraps([alice, bob, carol].map(({ device }) => [device.id, nothing]))
    view.append(forgeRecord(scene, epochFields({ ...rotation, wraps }), bob.device))
    await allRead(scene)
    for (const each of [alice, carol]) expect(each.membership.missingEpochs).toEqual([key.epoch])
    alice.type('two. ')
    expect(alice.peer.provider.unsyncedChanges).toBe(1)
    // The vandal alone has the key; when he gives it, all goes on.
    const rewrap = packWraps([alice, bob, carol].map(({ device }) => [device.id, wrapKey(key, device.boxPublic)]))
    view.append(forgeRecord(scene, { type: 'rewrap', epoch: 2, backLink: null, wraps: rewrap }, bob.device))
    await alice.peer.provider.whenSaved()
    expect(await converge(alice, bob, carol)).toBe('one. two. ')
  })

  it('T32 [KM6] [KM17] and keeps the key to himself: an admin without it removes him, and all goes on', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view, team } = scene
    const { rotation } = ownRotation(scene)
    const wraps = packWraps([alice, bob, carol].map(({ device }) => [device.id, new Uint8Array(80)]))
    view.append(forgeRecord(scene, epochFields({ ...rotation, wraps }), bob.device))
    await allRead(scene)
    alice.type('two. ')
    await alice.remove(bob)
    await alice.peer.provider.whenSaved()
    expect(await converge(alice, carol)).toBe('one. two. ')
    expect(alice.epoch).toBe(3)
    // What was written before is on the other side of a key that nobody has: it is handed over directly.
    const dora = await team.invite('reader')
    expect(dora.membership.missingEpochs).toEqual([1, 2])
    await alice.rewrap(1, dora.device)
    await dora.reads('one. two. ')
  })

  it('T32 [KM7] [KM17] with a back link that opens nothing: who comes later misses history until it is given again', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view, team } = scene
    const { rotation } = ownRotation(scene)
    view.append(forgeRecord(scene, epochFields({ ...rotation, backLink: new Uint8Array(72) }), bob.device))
    await allRead(scene)
    await alice.write('two. ')
    const dora = await team.invite('reader')
    expect(dora.membership.missingEpochs).toEqual([1])
    await alice.rewrap(2)
    await dora.reads('one. two. ')
    expect(dora.membership.missingEpochs).toEqual([])
    await converge(alice, bob, carol, dora)
  })
})

describe('who leaves, or only reads', () => {
  it.each<[string, (scene: HostileScene) => Device]>([
    ['a writer who leaves', ({ bob }) => bob.device],
    ['a reader who leaves', ({ carol }) => carol.device],
  ])('T31 [KM18] %s does not choose the next key: such a record is refused by all', async (_, who) => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    const device = who(scene)
    const staying = [alice, bob, carol].map((each) => each.device).filter((each) => each !== device)
    const { rotation } = rotationTo(alice, staying)
    view.append(forgeRecord(scene, removeFields([device.id], rotation), device))
    await allRead(scene)
    await alice.write('two. ')
    expect(await converge(alice, bob, carol)).toBe('one. two. ')
    expect([alice, bob, carol].map(toldTo)).toEqual(Array.from({ length: 3 }, () => ['ENTRY_REFUSED record rotation']))
    expect(alice.epoch).toBe(1)
  })

  it('T31 [KM18] a reader who removes a device of their own does not choose it either', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    const tablet = createTestDevice()
    view.append(forgeRecord(scene, addFields(tablet, 'reader', true), carol.device))
    await allRead(scene)
    const { rotation } = rotationTo(alice, [alice.device, bob.device, carol.device])
    view.append(forgeRecord(scene, removeFields([tablet.id], rotation), carol.device))
    await allRead(scene)
    expect(toldTo(alice)).toEqual(['ENTRY_REFUSED record rotation'])
    expect(alice.epoch).toBe(1)
  })

  it('T31 [KM18] after somebody left, nothing that anybody seals under the old key counts', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    // Nobody opens the next epoch for now.
    view.onPush = (envelope) => (isRecordOf(envelope, 'epoch') ? [] : [envelope])
    const held = alice.membership.keyOf(1) as EpochKey
    await carol.leave()
    await until(() => alice.membership.isClosed && bob.membership.isClosed)
    const vandal = new Vandal(bob, bob.device, held)
    view.append(vandal.bind(view.seen), vandal.type('under the old key', view.seen))
    await until(() => toldTo(alice).length > 0)
    expect(toldTo(alice)).toEqual(['ENTRY_REFUSED epoch'])
    expect(alice.text).toBe('one. ')
  })
})

describe('a link whose maker is not to be trusted', () => {
  it('T26 [KM6] [KM19] a join that brings its device a false key: the device says so, and the others go on', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view, team } = scene
    const link = createTestDevice()
    view.append(forgeRecord(scene, linkFields(link, 'writer'), alice.device))
    await allRead(scene)
    const { keys, device } = await createNewcomer()
    const certificate = device.certificate()
    const { genesisHash, recordHead } = alice.membership
    const fields: RecordFields = {
      type: 'join',
      link: link.id,
      certificate,
      linkSignature: link.sign(joinInput(genesisHash, recordHead, encodeCertificate(certificate))),
      wrap: wrapKey(createEpochKey(1), device.boxPublic),
      sealedName: new Uint8Array(0),
    }
    view.append(forgeRecord(scene, fields, device))
    const dora = await team.join(keys)
    expect([dora.text, dora.membership.missingEpochs]).toEqual(['', [1]])
    await alice.rewrap(1, dora.device)
    await dora.reads('one. ')
    await converge(alice, bob, carol, dora)
  })
})

describe('a key that the log alone brings', () => {
  it('[KM6] [CL6] nothing is called synced before all that it opens is read', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view, team } = scene
    const { key, rotation } = rotationTo(alice, [alice.device, bob.device, carol.device])
    const wraps = packWraps([
      [alice.device.id, wrapKey(key, alice.device.boxPublic)],
      [bob.device.id, wrapKey(key, bob.device.boxPublic)],
      [carol.device.id, new Uint8Array(80)],
    ])
    view.append(forgeRecord(scene, epochFields({ ...rotation, wraps }), bob.device))
    await allRead(scene)
    await alice.write('two. ')
    await bob.reads('one. two. ')
    await allRead(scene)
    expect(carol.text).toBe('one. ')
    carol.goOffline()
    await alice.rewrap(2, carol.device)
    // As where RECORDS was read just before the rewrap was stored: it comes in the log alone.
    const told = view.records.slice(0, -1)
    view.shownRecords = () => told
    const again = await team.restart(carol)
    await again.peer.provider.whenSynced()
    expect(again.membership.missingEpochs).toEqual([])
    expect(again.text).toBe('one. two. ')
  })
})
