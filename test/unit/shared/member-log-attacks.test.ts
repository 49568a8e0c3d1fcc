/** Attempts to get from the judge of records what nobody was given: by signatures made for something else, by keys in two parts, by number. */
import {
  certificateInput,
  cryptoReady,
  deviceIdOf,
  encodeCertificate,
  joinInput,
  sodiumSha512,
  type Bytes,
  type Certificate,
  type RecordFields,
} from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import {
  addFields,
  linkFields,
  removeFields,
  rewrapFields,
  roleFields,
  TestMemberLog,
} from '../../support/members/test-member-log.ts'
import { createTestDevice } from '../../support/raw-client.ts'

await cryptoReady()

const [alice, bob, carol, mallory, malloryTwo, link, otherLink] = Array.from({ length: 7 }, () =>
  createTestDevice(),
) as [Device, Device, Device, Device, Device, Device, Device]

type Join = Extract<RecordFields, { readonly type: 'join' }>

function joinOf(world: TestMemberLog, changes: Partial<Join> = {}): RecordFields {
  return { ...(world.join(link, mallory) as Join), ...changes }
}

/** Alice is the admin, Bob writes, and there is a link for writers. */
function createTeam(): TestMemberLog {
  const world = new TestMemberLog(alice)
  world.add('writer', bob)
  world.link('writer', 0, link)
  return world
}

describe('joining by a link that was not given', () => {
  it('[KM17] needs the link’s key over exactly this join', () => {
    const world = createTeam()
    const certificate = mallory.certificate()
    const sign = (hash: Bytes, prev: Bytes, of: Certificate, by: Device = link): Bytes =>
      by.sign(joinInput(hash, prev, encodeCertificate(of)))
    const head = world.log.recordHead
    const elsewhere = createTeam()
    const outcomes: readonly (readonly [string, Bytes, string])[] = [
      ['this join', sign(world.hash, head, certificate), 'counts'],
      ['a join of another document', sign(elsewhere.hash, head, certificate), 'signature'],
      ['a join upon an older head', sign(world.hash, world.genesis.signature.slice(0, 32), certificate), 'signature'],
      ['a join of another device', sign(world.hash, head, bob.certificate()), 'signature'],
      ['by the joining device itself', sign(world.hash, head, certificate, mallory), 'signature'],
      ['by an admin', sign(world.hash, head, certificate, alice), 'signature'],
      ['nothing', new Uint8Array(64), 'signature'],
      ['a certificate', link.sign(certificateInput(mallory.signPublic, mallory.boxPublic)), 'signature'],
      ['the link’s own certificate', link.certificate().signature, 'signature'],
    ]
    for (const [, linkSignature, reason] of outcomes) {
      expect(world.judge(mallory, joinOf(world, { linkSignature }))).toBe(reason)
    }
  })

  it('[KM17] [F16] cannot be done with a join that was recorded, once the head has moved or in another document', () => {
    const world = createTeam()
    const recorded = world.make(mallory, joinOf(world))
    world.must(alice, roleFields(bob.id, 'writer'))
    expect(world.take(recorded)).toBe('stale')
    expect(createTeam().take(recorded)).toBe('malformed')
    // Nor by sealing what the link once signed into a record upon the new head.
    const signed = new TestMemberLog(alice)
    expect(signed.log.members.link(link.id)).toBeNull()
    const stale = world.join(link, mallory, world.genesis.bytes.slice(0, 32))
    expect(world.judge(mallory, stale)).toBe('signature')
  })

  it('[KM17] [F9] brings in only the device that signs the record', () => {
    const world = createTeam()
    expect(world.judge(malloryTwo, joinOf(world))).toBe('signature')
    expect(world.judge(malloryTwo, joinOf(world), { signer: mallory })).toBe('certificate')
    expect(world.judge(mallory, joinOf(world), { signer: malloryTwo })).toBe('signature')
    expect(world.judge(alice, joinOf(world), { signer: mallory })).toBe('certificate')
    expect(world.judge(mallory, joinOf(world), { signer: link })).toBe('signature')
  })

  it('[KM17] [K5] brings in no device with another’s box key, nor one whose certificate another signed', () => {
    const world = createTeam()
    for (const changes of [{ boxPublic: malloryTwo.boxPublic }, { signature: malloryTwo.certificate().signature }]) {
      const certificate = { ...mallory.certificate(), ...changes }
      const device = deviceIdOf(sodiumSha512, certificate.signPublic, certificate.boxPublic)
      const linkSignature = link.sign(joinInput(world.hash, world.log.recordHead, encodeCertificate(certificate)))
      const fields = joinOf(world, { certificate, linkSignature })
      expect(world.judge(mallory, fields, { device })).toBe('certificate')
    }
  })

  it('[KM17] brings in no member a second time, and nobody by the keys of a live link', () => {
    const world = createTeam()
    world.must(mallory, world.join(link, mallory))
    expect(world.judge(mallory, world.join(link, mallory))).toBe('known-device')
    expect(world.judge(bob, world.join(link, bob))).toBe('known-device')
    expect(world.judge(link, world.join(link, link))).toBe('known-device')
    world.link('admin', 1, otherLink)
    expect(world.judge(link, world.join(otherLink, link))).toBe('known-device')
    expect(world.judge(otherLink, world.join(otherLink, otherLink))).toBe('known-device')
  })

  it('[KM17] brings in nobody by an unknown link, a device’s id, or a link of another document', () => {
    const world = createTeam()
    for (const keys of [otherLink, bob, mallory])
      expect(world.judge(mallory, world.join(keys, mallory))).toBe('unknown-link')
    const elsewhere = new TestMemberLog(alice)
    elsewhere.link('admin', 0, otherLink)
    expect(world.judge(mallory, elsewhere.join(otherLink, mallory, world.log.recordHead))).toBe('unknown-link')
  })

  it('[KM17] gives the link’s role, and a member who was removed comes back by no link that they knew', () => {
    const world = createTeam()
    world.must(mallory, world.join(link, mallory))
    expect(world.log.members.memberOf(mallory.id)?.role).toBe('writer')
    world.must(alice, removeFields([mallory.id], world.rotation({ without: [mallory.id] })))
    for (const device of [mallory, malloryTwo])
      expect(world.judge(device, world.join(link, device))).toBe('unknown-link')
  })

  it('[KM10] [KM17] a member who lost a role does not take it again by a link that they knew', () => {
    const world = createTeam()
    world.must(mallory, world.join(link, mallory))
    world.must(alice, roleFields(mallory.id, 'reader'))
    expect(world.judge(malloryTwo, world.join(link, malloryTwo))).toBe('unknown-link')
  })
})

describe('signatures made for something else', () => {
  it('[WI6] [F10] do not sign a record', () => {
    const world = createTeam()
    const fields = addFields(mallory, 'admin')
    const signatures: readonly Bytes[] = [
      alice.certificate().signature,
      world.genesis.signature.slice(),
      alice.sign(joinInput(world.hash, world.log.recordHead, encodeCertificate(mallory.certificate()))),
      world.make(alice, addFields(mallory, 'reader')).signature.slice(),
    ]
    for (const signature of signatures) expect(world.judge(alice, fields, { sign: () => signature })).toBe('signature')
  })

  it('[KM16] [F10] a record that was signed under another epoch’s key is not signed', () => {
    const world = createTeam()
    const { commitment } = world.log.members.epoch
    world.must(bob, { type: 'epoch', rotation: world.rotation() })
    expect(world.judge(alice, addFields(mallory, 'reader'), { commitment })).toBe('signature')
    expect(world.judge(alice, addFields(mallory, 'reader'), { commitment, epoch: 1 })).toBe('epoch')
  })

  it('[KM16] [F10] an order of the curve added to a signature makes none', () => {
    const world = createTeam()
    const order = Uint8Array.from(
      [0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14].concat(
        Array.from({ length: 15 }, () => 0),
        [0x10],
      ),
    )
    const sign = (input: Bytes): Bytes => {
      const signature = alice.sign(input)
      let carry = 0
      for (let i = 0; i < 32; i++) {
        carry += signature[32 + i]! + order[i]!
        signature[32 + i] = carry & 0xff
        carry >>= 8
      }
      return signature
    }
    expect(world.judge(alice, addFields(mallory, 'reader'), { sign })).toBe('signature')
  })
})

describe('keys that are no keys', () => {
  /** Points of small order on the Montgomery curve (libsodium, `has_small_order`). */
  const SMALL_ORDER = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
  ]

  it.each(SMALL_ORDER)('[KM1] [KM17] a device whose box key is of small order (%s) comes in by no record', (hex) => {
    const boxPublic = Uint8Array.from(Buffer.from(hex, 'hex'))
    const { signPublic } = mallory
    const certificate = { signPublic, boxPublic, signature: mallory.sign(certificateInput(signPublic, boxPublic)) }
    const world = createTeam()
    const device = deviceIdOf(sodiumSha512, signPublic, boxPublic)
    const linkSignature = link.sign(joinInput(world.hash, world.log.recordHead, encodeCertificate(certificate)))
    expect(world.judge(alice, { ...addFields(mallory, 'reader'), certificate } as RecordFields)).toBe('certificate')
    expect(world.judge(bob, { ...addFields(mallory, 'writer', true), certificate } as RecordFields)).toBe('certificate')
    expect(world.judge(alice, { ...linkFields(mallory, 'reader'), certificate } as RecordFields)).toBe('certificate')
    expect(world.judge(mallory, joinOf(world, { certificate, linkSignature }), { device })).toBe('certificate')
  })

  it('[KM1] nor one whose signing key is of small order, which would sign everything', () => {
    const signPublic = new Uint8Array(32).with(0, 1)
    const signature = new Uint8Array(64).with(0, 1)
    const certificate = { signPublic, boxPublic: mallory.boxPublic, signature }
    const world = createTeam()
    expect(world.judge(alice, { ...addFields(mallory, 'reader'), certificate } as RecordFields)).toBe('certificate')
  })
})

describe('devices of somebody else', () => {
  it('[KM10] [KM17] a sponsor gives their own role and no other, before and after it changes', () => {
    const world = createTeam()
    expect(world.judge(bob, addFields(carol, 'admin', true))).toBe('not-allowed')
    expect(world.judge(bob, addFields(carol, 'reader', true))).toBe('not-allowed')
    world.must(bob, addFields(carol, 'writer', true))
    world.must(alice, roleFields(bob.id, 'reader'))
    expect(world.log.members.memberOf(carol.id)?.role).toBe('reader')
    expect(world.judge(carol, addFields(mallory, 'writer', true))).toBe('not-allowed')
  })

  it('[KM17] whoever is removed goes with every device that they sponsored, and with those that these sponsored', () => {
    const world = createTeam()
    world.add('writer', carol, bob, true)
    world.add('writer', mallory, carol, true)
    const all = [bob.id, carol.id, mallory.id]
    for (const kept of all) {
      const named = all.filter((id) => id !== kept)
      expect(world.judge(alice, removeFields(named, world.rotation({ without: named })))).toBe('part-of-member')
    }
    world.must(alice, removeFields(all, world.rotation({ without: all })))
    expect(world.log.members.all).toHaveLength(1)
  })

  it('[KM17] a device that sponsored others may be removed by them, and by none but them and admins', () => {
    const world = createTeam()
    world.add('writer', carol, bob, true)
    world.add('writer', mallory)
    expect(world.judge(mallory, removeFields([carol.id], world.rotation({ without: [carol.id] })))).toBe('not-allowed')
    expect(world.judge(carol, removeFields([bob.id], world.rotation({ without: [bob.id] })))).toBe('counts')
  })
})

describe('a device that is gone from the member that it named', () => {
  /** Alice, the only admin, goes on with her tablet; her phone, which named her, is gone. */
  const createGone = (): TestMemberLog => {
    const world = createTeam()
    world.add('admin', carol, alice, true)
    world.must(alice, removeFields([alice.id], world.voidRotation()))
    expect(world.do(carol, linkFields(otherLink, 'reader'))).toBe('counts')
    return world
  }

  it('[KM10] [KM17] is no second member of that name: neither added, nor joined, nor sponsored by another, nor a link', () => {
    const world = createGone()
    expect(world.judge(carol, addFields(alice, 'reader'))).toBe('known-device')
    expect(world.judge(alice, world.join(otherLink, alice))).toBe('known-device')
    expect(world.judge(bob, addFields(alice, 'writer', true))).toBe('known-device')
    expect(world.judge(carol, linkFields(alice, 'reader'))).toBe('known-device')
  })

  it('[KM10] [KM17] comes back to its own member, as any device does', () => {
    const world = createGone()
    expect(world.do(carol, addFields(alice, 'admin', true))).toBe('counts')
    expect(world.log.members.memberOf(alice.id)?.devices.map(({ id }) => id)).toEqual([carol.id, alice.id])
  })

  it('[KM10] [KM17] is anybody’s once that member is gone', () => {
    const world = createGone()
    world.must(carol, roleFields(bob.id, 'admin'))
    world.must(bob, removeFields([carol.id], world.rotation({ without: [carol.id] })))
    expect(world.do(bob, addFields(alice, 'reader'))).toBe('counts')
    expect(world.log.members.all.map(({ id }) => id)).toEqual([bob.id, alice.id])
  })
})

describe('by number', () => {
  it(
    '[KM17] [F19] holders are never more than 1000, and the last place is a device’s, a link’s or a joiner’s',
    { timeout: 60_000 },
    () => {
      const world = createTeam()
      const { members } = world.log
      while (members.holders < 999) world.add('reader')
      world.link('reader', 1, otherLink)
      expect(members.holders).toBe(1_000)
      const more = createTestDevice()
      expect(world.judge(alice, addFields(more, 'reader'))).toBe('too-many')
      expect(world.judge(bob, addFields(more, 'writer', true))).toBe('too-many')
      expect(world.judge(alice, linkFields(more, 'reader'))).toBe('too-many')
      expect(world.judge(more, world.join(link, more))).toBe('too-many')
      // The last use of a link frees the link's own place.
      world.must(more, world.join(otherLink, more))
      expect(members.holders).toBe(1_000)
      expect(world.judge(alice, rewrapFields(1, [...members.deviceIds()]))).toBe('counts')
      // A rotation for all of them fits one record, and so does the removal of all but one.
      expect(world.do(alice, { type: 'epoch', rotation: world.rotation({ links: [link.id] }) })).toBe('counts')
      const others = [...members.deviceIds()].filter((id) => String(id) !== String(alice.id))
      expect(world.do(alice, removeFields(others, world.rotation({ without: others })))).toBe('counts')
      expect([members.holders, members.all.length]).toEqual([1, 1])
    },
  )
})
