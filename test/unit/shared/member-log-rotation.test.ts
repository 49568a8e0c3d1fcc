/** Rotations, links and leaving: to whom the next key is sealed, and who may still come in. */
import {
  cryptoReady,
  packWraps,
  type Bytes,
  type MemberRole,
  type RecordFields,
  type Rotation,
} from '@y-sealed/protocol'
import { randomBytes, type Device } from '@y-sealed/protocol/sealing'
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

const [alice, bob, bobTablet, carol, firstLink, secondLink, joiner] = Array.from({ length: 7 }, () =>
  createTestDevice(),
) as [Device, Device, Device, Device, Device, Device, Device]

/** Alice, an admin; Bob, a writer, with two devices; Carol, a reader; two links without end. */
function createTeam(): TestMemberLog {
  const world = new TestMemberLog(alice)
  world.add('writer', bob)
  world.add('writer', bobTablet, bob, true)
  world.add('reader', carol)
  world.link('writer', 0, firstLink)
  world.link('reader', 0, secondLink)
  return world
}

const linkIds = (world: TestMemberLog): readonly Bytes[] => world.log.members.links.map(({ id }) => id)
const everybody = [alice, bob, bobTablet, carol].map(({ id }) => id)

type Make = (world: TestMemberLog) => Rotation

describe('a rotation', () => {
  const GOOD: readonly (readonly [string, Make])[] = [
    ['sealed to all devices and no link', (world) => world.rotation()],
    ['sealed to all devices and one link', (world) => world.rotation({ links: [firstLink.id] })],
    ['sealed to all devices and all links', (world) => world.rotation({ links: [firstLink.id, secondLink.id] })],
  ]
  const BAD: readonly (readonly [string, Make, string])[] = [
    ['that skips an epoch', (world) => world.rotation({ epoch: 3 }), 'rotation'],
    ['that repeats the epoch', (world) => world.rotation({ epoch: 1 }), 'rotation'],
    ['to the last epoch that there can be', (world) => world.rotation({ epoch: 0xffff_ffff }), 'rotation'],
    [
      'with the commitment in force',
      (world) => world.rotation({ commitment: world.log.members.epoch.commitment }),
      'rotation',
    ],
    ['that leaves out a device', (world) => world.rotation({ without: [carol.id] }), 'wraps'],
    [
      'that leaves out a device and seals to a link in its place',
      (world) => world.rotation({ without: [carol.id], links: [firstLink.id] }),
      'wraps',
    ],
    [
      'that leaves out a device and seals to a stranger in its place',
      (world) => world.rotation({ wraps: [...everybody.slice(1), joiner.id] }),
      'wraps',
    ],
    ['sealed to a stranger too', (world) => world.rotation({ wraps: [...everybody, joiner.id] }), 'wraps'],
    ['sealed to nobody', (world) => world.rotation({ wraps: [] }), 'wraps'],
    ['that is void', (world) => world.voidRotation(), 'rotation'],
  ]

  it.each(GOOD)('[KM17] counts %s', (_, make) => {
    const world = createTeam()
    const wrapped = make(world)
    expect(world.do(bob, { type: 'epoch', rotation: wrapped })).toBe('counts')
    expect(linkIds(world).every((id) => wrapped.wraps.has(id))).toBe(true)
    expect(linkIds(world)).toHaveLength(wrapped.wraps.length - everybody.length)
    expect(world.log.members.epoch).toMatchObject({ epoch: 2, openedAt: world.log.recordSeq, closedAt: null })
  })

  it.each(BAD)('[KM17] [F19] [F15] does not count %s', (_, make, reason) => {
    const world = createTeam()
    world.add('reader', createTestDevice())
    const gone = world.log.members.all.at(-1)!.id
    expect(
      world.judge(bob, { type: 'epoch', rotation: { ...make(world), wraps: withGone(make(world), gone, true) } }),
    ).toBe(reason)
    expect(
      world.judge(alice, removeFields([gone], { ...make(world), wraps: withGone(make(world), gone, false) })),
    ).toBe(reason)
  })

  it('[KM17] never takes up a commitment that any epoch had', () => {
    const world = createTeam()
    const commitments: Bytes[] = []
    for (let i = 0; i < 3; i++) {
      commitments.push(world.log.members.epoch.commitment)
      world.must(alice, { type: 'epoch', rotation: world.rotation() })
    }
    for (const commitment of commitments) {
      expect(world.judge(alice, { type: 'epoch', rotation: world.rotation({ commitment }) })).toBe('rotation')
    }
  })

  it('[KM17] of a removal is sealed to none of the removed, to no link, and to all others', () => {
    const world = createTeam()
    const removed = [bob.id, bobTablet.id]
    const judge = (wraps: readonly Bytes[]): string =>
      world.judge(alice, removeFields(removed, world.rotation({ wraps })))
    expect(judge([alice.id, carol.id])).toBe('counts')
    expect(judge([alice.id, carol.id, bob.id])).toBe('wraps')
    expect(judge([alice.id, carol.id, bobTablet.id])).toBe('wraps')
    expect(judge([alice.id, carol.id, firstLink.id])).toBe('wraps')
    expect(judge([alice.id])).toBe('wraps')
    expect(judge([alice.id, bob.id])).toBe('wraps')
  })

  it('[KM17] of a revoked link is not sealed to that link, and may be to others', () => {
    const world = createTeam()
    const judge = (...links: readonly Bytes[]): string =>
      world.judge(alice, { type: 'revoke-link', link: firstLink.id, rotation: world.rotation({ links }) })
    expect([judge(), judge(secondLink.id), judge(firstLink.id), judge(firstLink.id, secondLink.id)]).toEqual([
      'counts',
      'counts',
      'wraps',
      'wraps',
    ])
  })
})

/** What a rotation for the team is when one more device is there. */
function withGone({ wraps }: Rotation, gone: Bytes, staying: boolean): Rotation['wraps'] {
  const rows = [...wraps].filter(([id]) => String(id) !== String(gone))
  return packWraps(staying && wraps.length > 0 ? [...rows, [gone, new Uint8Array(80)]] : rows)
}

describe('links', () => {
  it('[KM17] let in as many as they say, and then no more', () => {
    const world = createTeam()
    const link = world.link('writer', 2)
    world.must(joiner, world.join(link, joiner))
    expect(world.log.members.link(link.id)?.used).toBe(1)
    const second = createTestDevice()
    world.must(second, world.join(link, second))
    expect(world.log.members.link(link.id)).toBeNull()
    const third = createTestDevice()
    expect(world.judge(third, world.join(link, third))).toBe('unknown-link')
  })

  it('[KM17] without a number of uses let in everybody', () => {
    const world = createTeam()
    for (let i = 0; i < 5; i++) {
      const device = createTestDevice()
      world.must(device, world.join(firstLink, device))
      expect(world.log.members.memberOf(device.id)).toMatchObject({ role: 'writer', link: firstLink.id })
    }
  })

  it.each<[string, (world: TestMemberLog) => readonly [Device, RecordFields]]>([
    ['it is revoked', (world) => [alice, { type: 'revoke-link', link: firstLink.id, rotation: world.rotation() }]],
    ['a rotation leaves it out', (world) => [bob, { type: 'epoch', rotation: world.rotation() }]],
    ['somebody is removed', (world) => [alice, removeFields([carol.id], world.rotation({ without: [carol.id] }))]],
    ['somebody leaves', (world) => [carol, removeFields([carol.id], world.voidRotation())]],
    [
      'another link is revoked and this one left out',
      (world) => [alice, { type: 'revoke-link', link: secondLink.id, rotation: world.rotation() }],
    ],
    ['a member loses the role that it gives', () => [alice, roleFields(bob.id, 'reader')]],
  ])('[KM17] a link is live no more once %s', (_, make) => {
    const world = createTeam()
    expect(world.judge(joiner, world.join(firstLink, joiner))).toBe('counts')
    world.must(...make(world))
    expect(world.judge(joiner, world.join(firstLink, joiner))).toBe('unknown-link')
    expect(world.judge(alice, { type: 'revoke-link', link: firstLink.id, rotation: world.rotation() })).toBe(
      'unknown-link',
    )
    expect(world.judge(alice, linkFields(firstLink, 'writer'))).toBe('known-device')
  })

  it.each<[string, MemberRole, MemberRole, boolean]>([
    ['admin to writer ends a link for admins', 'writer', 'admin', false],
    ['admin to writer leaves a link for writers', 'writer', 'writer', true],
    ['admin to reader ends a link for writers', 'reader', 'writer', false],
    ['admin to reader leaves a link for readers', 'reader', 'reader', true],
    ['admin to admin leaves a link for admins', 'admin', 'admin', true],
  ])('[KM17] a change from %s', (_, role, linkRole, isLive) => {
    const world = createTeam()
    const adam = world.add('admin')
    const link = createTestDevice()
    expect(world.do(adam, linkFields(link, linkRole))).toBe('counts')
    world.must(alice, roleFields(adam.id, role))
    expect(world.log.members.link(link.id) !== null).toBe(isLive)
  })

  it('[KM17] a promotion ends no link', () => {
    const world = createTeam()
    const link = world.link('admin')
    world.must(alice, roleFields(carol.id, 'writer'))
    expect([firstLink, secondLink, link].every(({ id }) => world.log.members.link(id))).toBe(true)
  })

  it('[KM17] are made for keys that never were a link’s and are no member’s', () => {
    const world = createTeam()
    const judge = (device: Device): string => world.judge(alice, linkFields(device, 'reader'))
    expect([judge(firstLink), judge(alice), judge(bobTablet), judge(createTestDevice())]).toEqual([
      'known-device',
      'known-device',
      'known-device',
      'counts',
    ])
    world.must(alice, removeFields([carol.id], world.rotation({ without: [carol.id] })))
    expect([judge(firstLink), judge(carol)]).toEqual(['known-device', 'counts'])
  })

  it('[KM17] that are over leave their keys free for a device, which an admin names', () => {
    const world = createTeam()
    world.must(bob, { type: 'epoch', rotation: world.rotation() })
    expect(world.judge(alice, addFields(firstLink, 'reader'))).toBe('counts')
  })
})

describe('leaving', () => {
  const leave = (world: TestMemberLog, ...devices: readonly Device[]): RecordFields =>
    removeFields(
      devices.map(({ id }) => id),
      world.voidRotation(),
    )

  it.each<[string, Make, string]>([
    ['opens another epoch', (world) => world.rotation({ without: [carol.id] }), 'rotation'],
    ['has another commitment', (world) => world.voidRotation({ commitment: randomBytes(32) }), 'rotation'],
    ['has a back link', (world) => world.voidRotation({ backLink: new Uint8Array(72).with(71, 1) }), 'rotation'],
    ['repeats another epoch', (world) => world.voidRotation({ epoch: 2 }), 'rotation'],
    ['seals a key to somebody', (world) => world.voidRotation({ wraps: [alice.id] }), 'wraps'],
    ['repeats what is in force', (world) => world.voidRotation(), 'counts'],
  ])('[KM18] with a rotation that %s', (_, make, reason) => {
    const world = createTeam()
    expect(world.judge(carol, removeFields([carol.id], make(world)))).toBe(reason)
  })

  it('[KM18] a reader chooses no key either by removing another device of their own', () => {
    const world = createTeam()
    const carolTablet = world.add('reader', createTestDevice(), carol, true)
    const rotation = world.rotation({ without: [carolTablet.id] })
    expect(world.judge(carol, removeFields([carolTablet.id], rotation))).toBe('rotation')
    expect(world.do(carol, removeFields([carolTablet.id], world.voidRotation()))).toBe('counts')
    expect(world.log.members.epoch.closedAt).toBe(world.log.recordSeq)
  })

  it('[KM18] a writer who removes another device of their own opens the next epoch at once', () => {
    const world = createTeam()
    expect(world.judge(bob, removeFields([bobTablet.id], world.voidRotation()))).toBe('rotation')
    expect(world.do(bob, removeFields([bobTablet.id], world.rotation({ without: [bobTablet.id] })))).toBe('counts')
    expect(world.log.members.epoch).toMatchObject({ epoch: 2, closedAt: null })
  })

  it('[KM18] closes the epoch in force until the next rotation', () => {
    const world = createTeam()
    const record = world.log.judge(world.make(carol, leave(world, carol)))
    expect(record).toMatchObject({ ok: true, closesEpoch: true, rotation: null, roles: [{ role: 'none' }] })
    world.must(carol, leave(world, carol))
    const closedAt = world.log.recordSeq
    expect(world.log.members.epoch).toMatchObject({ epoch: 1, closedAt })
    expect(world.judge(carol, { type: 'epoch', rotation: world.rotation() })).toBe('stranger')
    world.must(bob, { type: 'epoch', rotation: world.rotation() })
    expect(world.log.members.epochs).toMatchObject([
      { epoch: 1, closedAt },
      { epoch: 2, closedAt: null },
    ])
  })

  it('[KM18] twice before the next rotation: the epoch is closed from the first of the two places on', () => {
    const world = createTeam()
    expect(world.take(world.make(carol, leave(world, carol)), 50)).toBe('counts')
    expect(world.take(world.make(bob, leave(world, bob)), 60)).toBe('counts')
    expect(world.log.members.epochAt(55)).toMatchObject({ epoch: 1, closedAt: 50 })
    expect(world.log.members.epochAt(61)).toMatchObject({ epoch: 1, closedAt: 50 })
  })

  it('[KM18] records count while the epoch is closed: members come and change, and keys are given again', () => {
    const world = createTeam()
    world.must(carol, leave(world, carol))
    world.add('reader', carol)
    world.must(alice, roleFields(carol.id, 'writer'))
    world.must(bob, rewrapFields(1, [carol.id]))
    const link = world.link('reader')
    world.must(joiner, world.join(link, joiner))
    expect(world.log.members.epoch.closedAt).not.toBeNull()
    world.must(carol, { type: 'epoch', rotation: world.rotation() })
    expect(world.log.members.epoch).toMatchObject({ epoch: 2, closedAt: null })
  })

  it('[KM17] [KM18] with others: they are removed, and the epoch is closed over them too', () => {
    const world = createTeam()
    world.add('admin', joiner)
    world.must(alice, leave(world, alice, bob, bobTablet))
    expect(world.log.members.all.map(({ id }) => id)).toEqual([carol.id, joiner.id])
    expect(world.log.members.epoch.closedAt).toBe(world.log.recordSeq)
    expect(world.judge(bob, { type: 'epoch', rotation: world.rotation() })).toBe('stranger')
  })
})
