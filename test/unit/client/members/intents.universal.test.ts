import {
  createMemoryKeyStore,
  createMembership,
  RecordTools,
  sealRecord,
  type Intent,
  type Membership,
} from '@y-sealed/client'
import {
  cryptoReady,
  equalBytes,
  sodiumSha512,
  startTranscript,
  type Envelope,
  type RecordFields,
} from '@y-sealed/protocol'
import { createDeviceSeeds, Device, randomBytes } from '@y-sealed/protocol/sealing'
import { beforeEach, describe, expect, it } from 'vitest'

import { sealGenesis } from '../../../../client/document/seal-genesis.ts'
import { linkDevice } from '../../../../client/links/link-device.ts'
import { giveKeyAgain, rotateKey } from '../../../../client/members/intents/change-key.ts'
import { changeRole } from '../../../../client/members/intents/change-role.ts'
import { addMember, addOwnDevice } from '../../../../client/members/intents/let-in.ts'
import { makeLink, revokeLink } from '../../../../client/members/intents/link.ts'
import { leaveDocument, removeMember, removeOwnDevice } from '../../../../client/members/intents/remove-devices.ts'
import { joinedMembership } from '../../../../client/members/open-membership.ts'

const createDevice = (): Device => new Device(createDeviceSeeds())

/** A document as everybody sees it who takes every record; relays do no more than number them. */
class World {
  readonly #memberships: Membership[] = []
  #seq = 0

  constructor(founder: Membership) {
    this.#memberships.push(founder)
    this.#store(founder, founder.device, null)
  }

  /** Another device, with the records so far still to come. */
  async open(device: Device): Promise<Membership> {
    const founder = this.#memberships[0] as Membership
    const records = Array.from({ length: this.#seq }, (_, i) => ({
      seq: i + 1,
      envelope: (founder.recordAt(i + 1) as NonNullable<ReturnType<Membership['recordAt']>>).envelope,
    }))
    const { genesisHash } = founder
    const membership = await joinedMembership({ genesisHash, device, keys: createMemoryKeyStore(), records })
    this.#memberships.push(membership)
    return membership
  }

  /** Asks as the author of records does; true when a record came of it. */
  do(by: Membership, intent: Intent): boolean {
    const fields = ask(by, intent)
    if (fields !== null) this.#store(by, by.device, fields)
    return fields !== null
  }

  #store(by: Membership, device: Device, fields: RecordFields | null): void {
    const seen = { seq: 0, transcript: startTranscript(sodiumSha512, by.genesisHash) }
    const { envelope } =
      fields === null ? { envelope: sealGenesis(by, device) as Envelope } : sealRecord(by, device, fields, seen)
    this.#seq += 1
    for (const membership of this.#memberships) {
      const [refused] = membership.takeRecords([{ seq: this.#seq, envelope }], this.#seq - 1)
      if (refused !== undefined) throw new Error(`the record does not count: ${refused.reason}`)
    }
  }
}

function ask(by: Membership, intent: Intent): RecordFields | null {
  return intent(by.members, new RecordTools(by, Date.now()))
}

let alice: Membership
let world: World

beforeEach(async () => {
  await cryptoReady()
  alice = await createMembership(createDevice(), createMemoryKeyStore())
  world = new World(alice)
})

/** Lets somebody in. */
async function letIn(role: 'reader' | 'writer' | 'admin'): Promise<Membership> {
  const device = createDevice()
  expect(world.do(alice, addMember(device.certificate(), role, 'Bob'))).toBe(true)
  return await world.open(device)
}

const over = (code: string): unknown => expect.objectContaining({ code })

describe('an intent that is asked once more', () => {
  it('[CL10] finds a device let in, and nothing to do', () => {
    const laptop = createDevice()
    const intent = addOwnDevice(laptop.certificate(), 'laptop')
    expect(world.do(alice, intent)).toBe(true)
    expect(world.do(alice, intent)).toBe(false)
    const [member] = alice.members.all
    expect(member?.devices).toHaveLength(2)
    expect(alice.nameOf(member?.devices[1]?.name ?? { sealed: new Uint8Array(0), epoch: 1 }, laptop.id)).toBe('laptop')
  })

  it('[CL10] finds a member let in, with that role or with another', async () => {
    const bob = await letIn('writer')
    expect(ask(alice, addMember(bob.device.certificate(), 'writer', 'Bob'))).toBeNull()
    expect(() => ask(alice, addMember(bob.device.certificate(), 'reader', 'Bob'))).toThrow(over('ALREADY_A_MEMBER'))
    expect(ask(alice, addOwnDevice(bob.device.certificate(), ''))).toBeNull()
  })

  it('[CL10] finds a role given, and a member gone', async () => {
    const bob = await letIn('reader')
    const intent = changeRole(bob.device.id, 'writer')
    expect([world.do(alice, intent), world.do(alice, intent)]).toEqual([true, false])
    expect(bob.role).toBe('writer')
    world.do(alice, removeMember(bob.device.id))
    expect(() => ask(alice, intent)).toThrow(over('UNKNOWN_MEMBER'))
    expect(ask(alice, removeMember(bob.device.id))).toBeNull()
  })

  it('[CL10] finds a link made, though it is over by now, and one that is over', () => {
    const link = linkDevice(randomBytes(32))
    const intent = makeLink(link, { role: 'writer', expiresAt: 0, uses: 0, name: 'team' })
    expect(world.do(alice, intent)).toBe(true)
    expect(ask(alice, intent)).toBeNull()
    const revoke = revokeLink(link.id)
    expect([world.do(alice, revoke), world.do(alice, revoke)]).toEqual([true, false])
    expect(ask(alice, intent)).toBeNull()
    expect(alice.members.epoch.epoch).toBe(2)
  })

  it('[CL10] finds the key changed by somebody else', async () => {
    const bob = await letIn('writer')
    const intent = rotateKey()
    expect(ask(alice, intent)).toMatchObject({ type: 'epoch', rotation: { epoch: 2 } })
    expect(world.do(bob, rotateKey())).toBe(true)
    expect(ask(alice, intent)).toBeNull()
    expect(ask(alice, rotateKey())).toMatchObject({ rotation: { epoch: 3 } })
  })
})

describe('links', () => {
  it('[KM17] stay good when the key changes or another link ends, unless they have expired', () => {
    const nowS = Math.floor(Date.now() / 1_000)
    const links = [0, nowS + 600, nowS - 1].map((expiresAt) => {
      const link = linkDevice(randomBytes(32))
      world.do(alice, makeLink(link, { role: 'reader', expiresAt, uses: 0, name: '' }))
      return link
    })
    const isLive = (): readonly boolean[] => links.map(({ id }) => alice.members.link(id) !== null)
    world.do(alice, rotateKey())
    expect(isLive()).toEqual([true, true, false])
    world.do(alice, revokeLink(links[0]?.id ?? new Uint8Array(16)))
    expect(isLive()).toEqual([false, true, false])
  })
})

describe('the last admin', () => {
  it('[KM17] is told so before anything is sent, when they leave, step down, or remove their only device', async () => {
    await letIn('writer')
    for (const intent of [leaveDocument(), changeRole(alice.device.id, 'reader'), removeOwnDevice(alice.device.id)]) {
      expect(() => ask(alice, intent)).toThrow(over('LAST_ADMIN'))
    }
    expect(() => ask(alice, removeMember(alice.device.id))).toThrow(/somebody else an admin first, or delete/)
  })

  it('[KM17] may remove one of two devices, and leaves once there is another admin', async () => {
    const laptop = createDevice()
    world.do(alice, addOwnDevice(laptop.certificate(), 'laptop'))
    expect(world.do(alice, removeOwnDevice(laptop.id))).toBe(true)
    const bob = await letIn('admin')
    expect(world.do(alice, leaveDocument())).toBe(true)
    expect(bob.members.all.map(({ id }) => equalBytes(id, bob.device.id))).toEqual([true])
  })
})

describe('removing', () => {
  it('[KM17] takes all devices of a person, changes the key and ends every link', async () => {
    const bob = await letIn('writer')
    const second = createDevice()
    world.do(bob, addOwnDevice(second.certificate(), ''))
    const tablet = await world.open(second)
    world.do(alice, makeLink(linkDevice(randomBytes(32)), { role: 'reader', expiresAt: 0, uses: 0, name: '' }))
    expect(() => ask(alice, removeOwnDevice(second.id))).toThrow(over('NOT_OWN_DEVICE'))
    world.do(alice, removeMember(bob.device.id))
    expect([bob.isRemoved, tablet.isRemoved]).toEqual([true, true])
    expect([alice.epochKey?.epoch, bob.keyOf(2), tablet.keyOf(2)]).toEqual([2, null, null])
    expect(alice.members.links).toEqual([])
  })

  it('[KM18] closes the epoch where who goes, or who only reads, removes', async () => {
    const bob = await letIn('reader')
    const second = createDevice()
    world.do(bob, addOwnDevice(second.certificate(), ''))
    expect(ask(bob, removeOwnDevice(second.id))).toMatchObject({ rotation: { epoch: 1 } })
    world.do(bob, removeOwnDevice(second.id))
    expect(alice.isClosed).toBe(true)
    world.do(alice, rotateKey())
    expect(alice.isClosed).toBe(false)
    world.do(bob, leaveDocument())
    expect([alice.isClosed, bob.isRemoved]).toEqual([true, true])
    expect(ask(bob, leaveDocument())).toBeNull()
  })
})

describe('giving a key again', () => {
  it('[KM6] brings it to the devices and links that are there, and to nobody else', async () => {
    const bob = await letIn('reader')
    const stranger = createDevice()
    const fields = ask(alice, giveKeyAgain(1, [bob.device.id, stranger.id]))
    if (fields?.type !== 'rewrap') throw new Error('no rewrap')
    expect([fields.wraps.has(bob.device.id), fields.wraps.has(stranger.id)]).toEqual([true, false])
    expect(world.do(bob, giveKeyAgain(1, [alice.device.id]))).toBe(true)
    expect(ask(alice, giveKeyAgain(2, [bob.device.id]))).toBeNull()
  })
})
