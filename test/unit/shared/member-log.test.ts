/** What every record must be before anybody asks what it does, and what the log says of every place. */
import {
  bytesToHex,
  cryptoReady,
  documentIdOf,
  encodeRecord,
  Envelope,
  genesisHash,
  KIND,
  MemberLog,
  packWraps,
  sodiumSha512,
  type Bytes,
  type MemberRole,
  type RecordBody,
} from '@y-sealed/protocol'
import { createEpochKey, randomBytes, Room, sealBackLink, wrapKey, type Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import {
  addFields,
  removeFields,
  roleFields,
  sealBody,
  TestMemberLog,
  outcomeOf,
} from '../../support/members/test-member-log.ts'
import { createTestDevice } from '../../support/raw-client.ts'

await cryptoReady()

const alice = createTestDevice()
const bob = createTestDevice()

/** A genesis body of `creator`, with changes, signed by `signer` in the name of `device`. */
function founding(
  changes: Partial<RecordBody> = {},
  {
    signer = alice,
    device = alice.id,
    epoch = 1,
    other,
  }: { signer?: Device; device?: Bytes; epoch?: number; other?: Bytes } = {},
): { outcome: string; log: MemberLog } {
  const commitment = randomBytes(32)
  const body = encodeRecord({
    type: 'genesis',
    recordPrev: new Uint8Array(32),
    mode: 'members',
    salt: randomBytes(16),
    certificate: alice.certificate(),
    commitment,
    wrap: new Uint8Array(80),
    sealedName: new Uint8Array(0),
    ...changes,
  } as RecordBody)
  const hash = genesisHash(sodiumSha512, body)
  const document = other ?? documentIdOf(hash)
  const sign = (input: Bytes): Bytes => signer.sign(input)
  const choices = { kind: KIND.record, document, epoch, commitment, device, sign, counter: 1, session: randomBytes(8) }
  const log = new MemberLog(sodiumSha512, hash)
  return { outcome: outcomeOf(log.take(sealBody(body, choices), 1)), log }
}

describe('the genesis', () => {
  it('[KM10] [KM16] makes its device the first member, an admin', () => {
    const { outcome, log } = founding()
    expect(outcome).toBe('counts')
    expect(log.members.all).toMatchObject([{ id: alice.id, role: 'admin', devices: [{ id: alice.id }], link: null }])
    expect([log.recordSeq, log.members.holders, log.members.epoch.epoch]).toEqual([1, 1, 1])
    expect(log.recordHead.some((byte) => byte !== 0)).toBe(true)
  })

  it.each([
    ['in another epoch', founding({}, { epoch: 2 }), 'epoch'],
    ['in the name of another device', founding({}, { device: bob.id }), 'certificate'],
    ['signed by another key', founding({}, { signer: bob }), 'signature'],
    [
      'with a certificate that its key did not sign',
      founding({ certificate: { ...alice.certificate(), signature: bob.certificate().signature } }),
      'certificate',
    ],
    ['in the envelope of another document', founding({}, { other: randomBytes(16) }), 'malformed'],
  ])('[KM16] [F19] does not count %s', (_, { outcome, log }, reason) => {
    expect(outcome).toBe(reason)
    expect([log.recordSeq, log.members.all.length]).toEqual([0, 0])
  })

  it('[KM3] [K19] does not count where another document was asked for', () => {
    const [ours, other] = [new TestMemberLog(alice, false), new TestMemberLog(alice)]
    expect(ours.take(other.genesis, 1)).toBe('malformed')
    // Nor with the right 16 bytes on its envelope.
    const { session } = other.genesis
    const { commitment } = other.log.members.epoch
    const sign = (input: Bytes): Bytes => alice.sign(input)
    const choices = { kind: KIND.record, document: ours.document, epoch: 1, device: alice.id, counter: 1 }
    const disguised = sealBody(other.genesis.sealed, { ...choices, commitment, session, sign })
    expect(ours.take(disguised, 1)).toBe('malformed')
    expect(ours.take(ours.genesis, 1)).toBe('counts')
  })

  it('[KM16] of a room is no genesis of members', () => {
    const room = new Room(randomBytes(32), new TextEncoder().encode('notes'))
    const { commitment } = room.epochKey
    const fields = { type: 'genesis', mode: 'shared-key', commitment, roomPublic: room.publicKey } as const
    const body = encodeRecord({ recordPrev: new Uint8Array(32), ...fields })
    const hash = genesisHash(sodiumSha512, body)
    const sign = (input: Bytes): Bytes => alice.sign(input)
    const [document, device, session] = [documentIdOf(hash), alice.id, randomBytes(8)]
    const envelope = sealBody(body, {
      kind: KIND.record,
      document,
      epoch: 1,
      commitment,
      device,
      sign,
      counter: 1,
      session,
    })
    expect(outcomeOf(new MemberLog(sodiumSha512, hash).judge(envelope))).toBe('malformed')
  })

  it('[KM16] counts once', () => {
    const world = new TestMemberLog(alice)
    expect(world.take(world.genesis)).toBe('stale')
    expect(world.log.members.all).toHaveLength(1)
  })

  it('[KM16] stands before everything else', () => {
    const begun = new TestMemberLog(alice)
    const first = new TestMemberLog(alice, false)
    const record = begun.make(alice, addFields(bob, 'writer'))
    expect(outcomeOf(first.log.judge(record))).toBe('malformed')
  })
})

describe('every record', () => {
  const add = addFields(bob, 'writer')
  const world = new TestMemberLog(alice)
  const elsewhere = new TestMemberLog(alice)

  it.each([
    ['of its author, upon the head, in the epoch in force', {}, 'counts'],
    ['of another document', { document: elsewhere.document }, 'malformed'],
    ['upon no record', { recordPrev: new Uint8Array(32) }, 'stale'],
    ['upon a record of another document', { recordPrev: elsewhere.log.recordHead }, 'stale'],
    [
      'upon a head that is right in 31 bytes',
      { recordPrev: world.log.recordHead.with(31, world.log.recordHead[31]! ^ 1) },
      'stale',
    ],
    ['in an epoch to come', { epoch: 2 }, 'epoch'],
    ['in the last epoch there can be', { epoch: 0xffff_ffff }, 'epoch'],
    ['under the commitment of another key', { commitment: randomBytes(32) }, 'signature'],
    ['signed by nobody', { sign: () => new Uint8Array(64) }, 'signature'],
    ['signed by another key', { signer: bob }, 'signature'],
    ['of a stranger', { device: bob.id, signer: bob }, 'stranger'],
    ['of a stranger in a member’s name', { device: alice.id, signer: bob }, 'signature'],
  ])('[KM16] [F10] [F19] %s', (_, changes, reason) => {
    expect(world.judge(alice, add, changes)).toBe(reason)
  })

  it('[KM16] of another kind is no record', () => {
    const { bytes } = world.make(alice, add)
    const envelope = new Envelope(bytes.with(1, KIND.publication))
    expect(outcomeOf(world.log.judge(envelope))).toBe('malformed')
  })

  it('[KM16] counts in whatever session it stands, and by whatever its author had seen', () => {
    expect(world.judge(alice, add, { session: randomBytes(8), counter: 77 })).toBe('counts')
  })

  it('[KM16] is not taken by being judged', () => {
    const before = world.log.recordHead
    expect(world.judge(alice, add)).toBe('counts')
    expect(world.log.recordHead).toEqual(before)
    expect(world.log.members.all).toHaveLength(1)
  })

  it('[KM16] that does not count changes nothing, and the record head stays', () => {
    const log = new TestMemberLog(alice)
    const before = log.log.recordHead
    expect(log.do(alice, add, { signer: bob })).toBe('signature')
    expect([log.log.recordHead, log.log.recordSeq]).toEqual([before, 1])
    expect(log.do(alice, add)).toBe('counts')
  })

  it('[KM16] [F16] counts once: a replay stands upon a head that has gone on', () => {
    const log = new TestMemberLog(alice)
    const record = log.make(alice, add)
    expect([log.take(record), log.take(record)]).toEqual(['counts', 'stale'])
    log.must(alice, removeFields([bob.id], log.rotation({ without: [bob.id] })))
    expect(log.take(record)).toBe('stale')
    expect(log.log.members.memberOf(bob.id)).toBeNull()
  })

  it('[KM16] [K4] bent in any one bit of its body or signature, does not count', () => {
    const log = new TestMemberLog(alice)
    const { bytes } = log.make(alice, roleFields(alice.id, 'admin'))
    for (let at = 124; at < bytes.length; at++) {
      const envelope = new Envelope(bytes.with(at, bytes[at]! ^ 1))
      expect(outcomeOf(log.log.judge(envelope))).not.toBe('counts')
    }
  })

  it('[KM9] whose body is none does not count', () => {
    const { epoch, commitment } = world.log.members.epoch
    const choices = {
      kind: KIND.record,
      document: world.document,
      epoch,
      commitment,
      device: alice.id,
      counter: 1,
      session: randomBytes(8),
    }
    const sign = (input: Bytes): Bytes => alice.sign(input)
    for (const body of [Uint8Array.of(0), Uint8Array.of(2), new Uint8Array(33).fill(11)]) {
      expect(outcomeOf(world.log.judge(sealBody(body, { ...choices, sign })))).toBe('malformed')
    }
  })

  it('[KM17] [LO14] that gives up what was lost counts from an admin alone, and introduces nobody', () => {
    const head = { seq: 1, transcript: new Uint8Array(32), signature: new Uint8Array(64) }
    const restart = { type: 'restart', lostHead: head, keptHead: head, introduction: null } as const
    expect(world.judge(bob, restart)).toBe('stranger')
    expect(world.judge(alice, { ...restart, introduction: bob.certificate() })).toBe('malformed')
    expect(world.judge(alice, restart)).toBe('counts')
  })
})

describe('what held at a place', () => {
  it('[KM16] [K20] a device may what its role was just before the place, and a record changes what comes after it', () => {
    const world = new TestMemberLog(alice)
    const { members } = world.log
    const at = (seq: number, fields: Parameters<TestMemberLog['make']>[1]): void => {
      expect(world.take(world.make(alice, fields), seq)).toBe('counts')
    }
    at(10, addFields(bob, 'reader'))
    at(20, roleFields(bob.id, 'writer'))
    at(30, removeFields([bob.id], world.rotation({ without: [bob.id] })))
    at(40, addFields(bob, 'admin'))
    const roles = [1, 10, 11, 20, 21, 30, 31, 40, 41, 1_000].map((seq) => members.roleAt(bob.id, seq))
    expect(roles).toEqual(['none', 'none', 'reader', 'reader', 'writer', 'writer', 'none', 'none', 'admin', 'admin'])
    expect([members.roleAt(alice.id, 1), members.roleAt(alice.id, 2)]).toEqual(['none', 'admin'])
    expect(members.roleAt(createTestDevice().id, 50)).toBe('none')
  })

  it('[KM16] a role is that of all devices of the member, from one place on', () => {
    const world = new TestMemberLog(alice)
    world.add('reader', bob)
    const tablet = world.add('reader', createTestDevice(), bob, true)
    world.must(alice, roleFields(tablet.id, 'writer'))
    const seq = world.log.recordSeq
    for (const { id } of [bob, tablet]) {
      expect([world.log.members.roleAt(id, seq), world.log.members.roleAt(id, seq + 1)]).toEqual(['reader', 'writer'])
    }
    expect(world.log.members.memberOf(tablet.id)).toMatchObject({ id: bob.id, role: 'writer' })
  })

  it('[KM11] [KM16] the epoch at a place is the one opened before it', () => {
    const world = new TestMemberLog(alice)
    world.take(world.make(alice, { type: 'epoch', rotation: world.rotation() }), 7)
    const { members } = world.log
    expect([1, 2, 7, 8].map((seq) => members.epochAt(seq)?.epoch ?? null)).toEqual([null, 1, 1, 2])
    expect(members.epochs.map(({ openedAt }) => openedAt)).toEqual([1, 7])
  })

  it('[KM16] the keys of a device that was removed stay known, since what it wrote stays', () => {
    const world = new TestMemberLog(alice)
    world.add('writer', bob)
    world.must(alice, removeFields([bob.id], world.rotation({ without: [bob.id] })))
    expect(world.log.members.certificateOf(bob.id)?.signPublic).toEqual(bob.signPublic)
    expect(world.log.members.certificateOf(createTestDevice().id)).toBeNull()
  })

  it('[KM8] [KM10] each device, link and member remembers its record, its author and under which epoch its name was sealed', () => {
    const world = new TestMemberLog(alice)
    world.must(alice, { type: 'epoch', rotation: world.rotation() })
    const link = world.link('reader')
    world.must(bob, world.join(link, bob))
    const [, member] = world.log.members.all
    expect(member).toMatchObject({
      link: link.id,
      since: { seq: world.log.recordSeq, author: bob.id },
      devices: [{ name: { epoch: 2 } }],
    })
    expect(world.log.members.link(link.id)).toMatchObject({ used: 1, since: { author: alice.id }, name: { epoch: 2 } })
  })

  it.each<MemberRole>(['reader', 'writer', 'admin'])('[KM10] a member who is added as %s is one', (role) => {
    const world = new TestMemberLog(alice)
    const device = world.add(role)
    expect(world.log.members.memberOf(device.id)?.role).toBe(role)
    expect(bytesToHex(world.log.members.all[1]!.id)).toBe(bytesToHex(device.id))
  })
})

describe('the keys of a record', () => {
  it('[KM6] [KM7] [KM16] are none of the judge’s business: real ones count as made-up ones do', () => {
    const world = new TestMemberLog(alice)
    const [first, second] = [createEpochKey(1), createEpochKey(2)]
    const rotation = {
      epoch: 2,
      commitment: second.commitment,
      backLink: sealBackLink(first, second, world.document),
      wraps: packWraps([[alice.id, wrapKey(second, alice.boxPublic)]]),
    }
    expect(world.do(alice, { type: 'epoch', rotation })).toBe('counts')
    expect(world.log.members.epoch.commitment).toEqual(second.commitment)
  })
})
