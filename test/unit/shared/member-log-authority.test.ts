/** Who may do what: every line of the table of KM17, allowed and refused. */
import { cryptoReady, type MemberRole, type RecordFields } from '@y-sealed/protocol'
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

const [alice, aliceTablet, adam, wendy, rita, ritaTablet, stranger, linkKeys, newcomer] = Array.from(
  { length: 9 },
  () => createTestDevice(),
) as [Device, Device, Device, Device, Device, Device, Device, Device, Device]

/** Alice (with a tablet) and Adam are admins, Wendy writes, Rita (with a tablet) reads, and there is a link. */
function createTeam(): TestMemberLog {
  const world = new TestMemberLog(alice)
  world.add('admin', aliceTablet, alice, true)
  world.add('admin', adam)
  world.add('writer', wendy)
  world.add('reader', rita)
  world.add('reader', ritaTablet, rita, true)
  world.link('writer', 0, linkKeys)
  return world
}

type Case = readonly [what: string, make: (world: TestMemberLog) => RecordFields]

const CASES: readonly (readonly [...Case, Readonly<Record<'admin' | 'writer' | 'reader' | 'stranger', string>>])[] = [
  ['adds a member', () => addFields(newcomer, 'reader'), only('admin')],
  ['adds an admin', () => addFields(newcomer, 'admin'), only('admin')],
  ['changes a role', () => roleFields(wendy.id, 'reader'), only('admin')],
  ['makes a link', () => linkFields(newcomer, 'reader'), only('admin')],
  [
    'revokes the link',
    (world) => ({ type: 'revoke-link', link: linkKeys.id, rotation: world.rotation() }),
    only('admin'),
  ],
  [
    'removes another member',
    (world) => removeFields([newcomer.id], world.rotation({ without: [newcomer.id] })),
    only('admin'),
  ],
  ['rotates the key', (world) => ({ type: 'epoch', rotation: world.rotation() }), only('admin', 'writer')],
  ['gives a key again', () => rewrapFields(1, [wendy.id]), only('admin', 'writer', 'reader')],
  ['adds a device of its own as reader', () => addFields(newcomer, 'reader', true), only('reader')],
  ['adds a device of its own as writer', () => addFields(newcomer, 'writer', true), only('writer')],
  ['adds a device of its own as admin', () => addFields(newcomer, 'admin', true), only('admin')],
]

function only(...allowed: readonly string[]): Readonly<Record<'admin' | 'writer' | 'reader' | 'stranger', string>> {
  const outcomeFor = (role: string): string => (allowed.includes(role) ? 'counts' : 'not-allowed')
  return {
    admin: outcomeFor('admin'),
    writer: outcomeFor('writer'),
    reader: outcomeFor('reader'),
    stranger: 'stranger',
  }
}

describe('who may', () => {
  it.each(CASES)('[KM17] [F19] [G13] %s: as admin, writer, reader or stranger', (what, make, expected) => {
    const world = createTeam()
    if (what === 'removes another member') world.add('reader', newcomer)
    const signers = { admin: adam, writer: wendy, reader: rita, stranger }
    const outcomes = Object.entries(signers).map(([role, signer]) => [role, world.judge(signer, make(world))])
    expect(Object.fromEntries(outcomes)).toEqual(expected)
  })

  it('[KM17] a link’s keys sign nothing but a join', () => {
    const world = createTeam()
    const outcomes = CASES.filter(([what]) => !what.startsWith('removes')).map(([, make]) =>
      world.judge(linkKeys, make(world)),
    )
    expect(new Set(outcomes)).toEqual(new Set(['stranger']))
  })
})

describe('a member who was changed', () => {
  it('[KM17] may no more than now: a demoted admin adds nobody, and sponsors readers only', () => {
    const world = createTeam()
    world.must(alice, roleFields(adam.id, 'reader'))
    expect(world.judge(adam, addFields(newcomer, 'reader'))).toBe('not-allowed')
    expect(world.judge(adam, addFields(newcomer, 'admin', true))).toBe('not-allowed')
    expect(world.judge(adam, addFields(newcomer, 'reader', true))).toBe('counts')
    expect(world.judge(adam, roleFields(adam.id, 'admin'))).toBe('not-allowed')
  })

  it('[KM17] who was promoted may what they may', () => {
    const world = createTeam()
    world.must(alice, roleFields(rita.id, 'admin'))
    expect(world.judge(ritaTablet, addFields(newcomer, 'admin'))).toBe('counts')
  })

  it('[KM17] who was removed may nothing', () => {
    const world = createTeam()
    world.must(alice, removeFields([adam.id], world.rotation({ without: [adam.id] })))
    const outcomes = CASES.filter(([what]) => !what.startsWith('removes')).map(([, make]) =>
      world.judge(adam, make(world)),
    )
    expect(new Set(outcomes)).toEqual(new Set(['stranger']))
  })

  it('[KM17] who was removed may be added again, with another role and under the same name', () => {
    const world = createTeam()
    world.must(alice, removeFields([adam.id], world.rotation({ without: [adam.id] })))
    world.add('reader', adam)
    expect(world.log.members.memberOf(adam.id)).toMatchObject({ role: 'reader', since: { seq: world.log.recordSeq } })
    expect(world.judge(adam, { type: 'epoch', rotation: world.rotation() })).toBe('not-allowed')
  })
})

describe('adding', () => {
  it.each([
    ['a device that is a member’s', wendy, 'known-device'],
    ['a further device of a member', ritaTablet, 'known-device'],
    ['oneself', alice, 'known-device'],
    ['the keys of a live link', linkKeys, 'known-device'],
    ['a device that nobody knows', newcomer, 'counts'],
  ])('[KM17] [F19] %s', (_, device, reason) => {
    const world = createTeam()
    expect(world.judge(alice, addFields(device, 'writer'))).toBe(reason)
    expect(world.judge(alice, addFields(device, 'admin', true))).toBe(reason)
  })

  it.each([
    ['whose certificate another signed', { ...newcomer.certificate(), signature: wendy.certificate().signature }],
    ['with another’s box key', { ...newcomer.certificate(), boxPublic: wendy.boxPublic }],
    ['with another’s signing key', { ...newcomer.certificate(), signPublic: wendy.signPublic }],
  ])('[KM1] [KM17] [K5] a device %s', (_, certificate) => {
    const world = createTeam()
    for (const sponsored of [false, true]) {
      expect(world.judge(alice, { ...addFields(newcomer, 'admin', sponsored), certificate } as RecordFields)).toBe(
        'certificate',
      )
    }
    expect(world.judge(alice, { ...linkFields(newcomer, 'admin'), certificate } as RecordFields)).toBe('certificate')
  })

  it('[KM10] a device of one’s own belongs to the member, whichever of its devices added it', () => {
    const world = createTeam()
    world.add('admin', newcomer, aliceTablet, true)
    expect(world.log.members.memberOf(newcomer.id)?.id).toEqual(alice.id)
    expect(world.log.members.memberOf(alice.id)?.devices.map(({ id }) => id)).toEqual([
      alice.id,
      aliceTablet.id,
      newcomer.id,
    ])
  })
})

describe('roles', () => {
  it.each<[string, Device, MemberRole, string]>([
    ['a member by its first device', rita, 'writer', 'counts'],
    ['a member by a further device', ritaTablet, 'writer', 'counts'],
    ['nobody', stranger, 'writer', 'unknown-device'],
    ['a link', linkKeys, 'reader', 'unknown-device'],
    ['an admin, while another remains', adam, 'writer', 'counts'],
    ['oneself, while another admin remains', alice, 'reader', 'counts'],
    ['a member, to the role that it has', wendy, 'writer', 'counts'],
  ])('[KM17] of %s', (_, device, role, reason) => {
    expect(createTeam().judge(alice, roleFields(device.id, role))).toBe(reason)
  })

  it.each<MemberRole>(['reader', 'writer'])('[KM17] [F19] the last admin does not become a %s', (role) => {
    const world = createTeam()
    world.must(alice, roleFields(adam.id, 'writer'))
    for (const { id } of [alice, aliceTablet]) expect(world.judge(alice, roleFields(id, role))).toBe('last-admin')
    expect(world.judge(alice, roleFields(alice.id, 'admin'))).toBe('counts')
    world.must(alice, roleFields(wendy.id, 'admin'))
    expect(world.judge(alice, roleFields(alice.id, role))).toBe('counts')
  })
})

describe('removing', () => {
  const removal = (world: TestMemberLog, ...devices: readonly Device[]): RecordFields => {
    const ids = devices.map(({ id }) => id)
    return removeFields(ids, world.rotation({ without: ids }))
  }
  const leaving = (world: TestMemberLog, ...devices: readonly Device[]): RecordFields =>
    removeFields(
      devices.map(({ id }) => id),
      world.voidRotation(),
    )

  it.each<[string, readonly Device[], string]>([
    ['a member', [wendy], 'counts'],
    ['a member with all its devices', [rita, ritaTablet], 'counts'],
    ['some devices of another member', [ritaTablet], 'part-of-member'],
    ['the first device of another member', [rita], 'part-of-member'],
    ['several members', [wendy, rita, ritaTablet, adam], 'counts'],
    ['several members, one of them in part', [wendy, rita, adam], 'part-of-member'],
    ['a device of one’s own', [aliceTablet], 'counts'],
    ['a device of one’s own and another member', [aliceTablet, wendy], 'counts'],
    ['nobody', [stranger], 'unknown-device'],
    ['somebody and nobody', [wendy, stranger], 'unknown-device'],
    ['a link', [linkKeys], 'unknown-device'],
  ])('[KM17] [F19] %s', (_, devices, reason) => {
    const world = createTeam()
    expect(world.judge(alice, removal(world, ...devices))).toBe(reason)
  })

  it.each<[string, Device, readonly Device[], string]>([
    ['a writer removes itself', wendy, [wendy], 'counts'],
    ['a reader removes itself with one of two devices', rita, [rita], 'counts'],
    ['a reader removes all its devices', rita, [rita, ritaTablet], 'counts'],
    ['a reader removes its other device', rita, [ritaTablet], 'counts'],
    ['a reader removes itself and somebody else', rita, [rita, ritaTablet, wendy], 'not-allowed'],
    ['a writer removes itself and somebody else', wendy, [wendy, rita, ritaTablet], 'not-allowed'],
    ['an admin removes themself and somebody else', adam, [adam, wendy], 'counts'],
    ['an admin removes themself and a part of somebody', adam, [adam, rita], 'part-of-member'],
    ['an admin removes all admins', adam, [adam, alice, aliceTablet], 'last-admin'],
  ])('[KM17] [KM18] %s', (_, signer, devices, reason) => {
    const world = createTeam()
    expect(world.judge(signer, leaving(world, ...devices))).toBe(reason)
  })

  it('[KM17] [F19] no removal leaves a document without an admin', () => {
    const world = createTeam()
    world.must(adam, removal(world, alice, aliceTablet))
    expect(world.judge(adam, leaving(world, adam))).toBe('last-admin')
    world.add('admin', newcomer, adam, true)
    expect(world.judge(adam, leaving(world, adam))).toBe('counts')
    expect(world.judge(adam, leaving(world, adam, newcomer))).toBe('last-admin')
    world.must(adam, leaving(world, adam))
    expect(world.log.members.memberOf(newcomer.id)).toMatchObject({ id: adam.id, role: 'admin' })
    expect(world.judge(newcomer, leaving(world, newcomer))).toBe('last-admin')
  })

  it('[KM10] [KM17] a member whose first device is gone keeps its name', () => {
    const world = createTeam()
    world.must(rita, leaving(world, rita))
    expect(world.log.members.memberOf(ritaTablet.id)?.id).toEqual(rita.id)
    expect(world.log.members.memberOf(rita.id)).toBeNull()
  })
})

describe('giving keys again', () => {
  const laterLink = createTestDevice()

  it.each<[string, (world: TestMemberLog) => RecordFields, string]>([
    ['of the epoch in force', () => rewrapFields(2, [wendy.id, rita.id]), 'counts'],
    ['of an epoch that was', () => rewrapFields(1, [wendy.id]), 'counts'],
    ['of one to come', () => rewrapFields(3, [wendy.id]), 'rotation'],
    ['of the last that there can be', () => rewrapFields(0xffff_ffff, [wendy.id]), 'rotation'],
    ['with a back link', () => rewrapFields(2, [], new Uint8Array(72)), 'counts'],
    ['with a back link behind the first', () => rewrapFields(1, [wendy.id], new Uint8Array(72)), 'rotation'],
    ['to a live link', () => rewrapFields(2, [laterLink.id]), 'counts'],
    ['to a stranger', () => rewrapFields(2, [stranger.id]), 'wraps'],
    ['to a member and a stranger', () => rewrapFields(2, [wendy.id, stranger.id]), 'wraps'],
    ['to one who was removed', () => rewrapFields(2, [adam.id]), 'wraps'],
    ['to a link that is over', () => rewrapFields(2, [newcomer.id]), 'wraps'],
  ])('[KM17] %s', (_, make, reason) => {
    const world = createTeam()
    world.link('reader', 0, newcomer)
    world.must(alice, removeFields([adam.id], world.rotation({ without: [adam.id] })))
    world.link('reader', 0, laterLink)
    expect(world.judge(rita, make(world))).toBe(reason)
  })
})
