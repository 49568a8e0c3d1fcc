/** People of one note over a real relay: members come, change and go while others write. */
import {
  createMembership,
  createMemoryKeyStore,
  joinedMembership,
  loadDevice,
  type DownReason,
  type IntegrityReport,
  type Intent,
  type KeyStore,
  type SendProblem,
} from '@y-sealed/client'
import { equalBytes, type Bytes, type MemberRole } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { describe, expect, inject, it, vi } from 'vitest'

import { addDevice, leave, remove, rotate } from '../support/members/intents.ts'
import { join, type Peer, type PeerOptions } from '../support/peer.ts'

const relay = inject('relay')

/** A person, and what their provider told them. */
interface Somebody {
  readonly peer: Peer
  readonly keys: KeyStore
  readonly reports: IntegrityReport[]
  readonly problems: SendProblem[]
  readonly closings: DownReason[]
  readonly device: Device
}

async function listen(options: PeerOptions & { readonly keys: KeyStore }): Promise<Somebody> {
  const peer = await join({ ...options, provider: { ...options.provider, connect: false } })
  const somebody: Somebody = { peer, keys: options.keys, reports: [], problems: [], closings: [], device: peer.device }
  peer.provider.on('integrity', (report) => somebody.reports.push(report))
  peer.provider.on('problem', (problem) => somebody.problems.push(problem))
  peer.provider.on('closed', (reason) => somebody.closings.push(reason))
  peer.provider.connect()
  return somebody
}

/** Makes a note. */
async function start(): Promise<Somebody> {
  const keys = createMemoryKeyStore()
  const access = await createMembership(await loadDevice(keys), keys)
  const somebody = await listen({ relay, access, keys })
  await somebody.peer.provider.whenSynced()
  return somebody
}

/** `host` lets somebody in, who comes at once. */
async function welcome(host: Somebody, role: MemberRole): Promise<Somebody> {
  const keys = createMemoryKeyStore()
  const device = await loadDevice(keys)
  await host.peer.provider.changeMembers(addDevice(device, role))
  const { genesisHash } = host.peer.provider.membership!
  const access = await joinedMembership({ genesisHash, device, keys })
  const guest = await listen({ relay, access, keys })
  await guest.peer.provider.whenSynced()
  return guest
}

function setRole(device: Bytes, role: MemberRole): Intent {
  return (members) => (members.memberOf(device)?.role === role ? null : { type: 'role', device, role })
}

async function expectSame(text: string, ...people: readonly Somebody[]): Promise<void> {
  for (const { peer } of people) await vi.waitFor(() => expect(peer.text.toJSON()).toBe(text), 5_000)
}

function expectQuiet(...people: readonly Somebody[]): void {
  for (const { reports, problems, closings } of people) {
    expect({ reports, problems, closings }).toEqual({ reports: [], problems: [], closings: [] })
  }
}

describe('members of a note', () => {
  it('[KM10] Alice adds Bob, who reads what was written before and writes', async () => {
    const alice = await start()
    alice.peer.text.insert(0, 'hello ')
    await alice.peer.provider.whenSaved()
    const bob = await welcome(alice, 'writer')
    await expectSame('hello ', bob)
    bob.peer.text.insert(6, 'world')
    await bob.peer.provider.whenSaved()
    await expectSame('hello world', alice, bob)
    expect([alice.peer.provider.role, bob.peer.provider.role]).toEqual(['admin', 'writer'])
    expectQuiet(alice, bob)
  })

  it('[CL10] the key changes while both type, ten times, and no letter is lost or refused', async () => {
    const alice = await start()
    const bob = await welcome(alice, 'writer')
    for (let i = 0; i < 10; i++) {
      const changed = alice.peer.provider.changeMembers(rotate())
      for (const [letter, { peer }] of [
        ['a', alice],
        ['b', bob],
      ] as const) {
        for (let n = 0; n < 5; n++) peer.text.insert(0, letter)
      }
      await Promise.all([changed, new Promise((resolve) => bob.peer.provider.once('unsyncedChanges', resolve))])
      bob.peer.text.insert(0, 'b')
    }
    await Promise.all([alice.peer.provider.whenSaved(), bob.peer.provider.whenSaved()])
    await vi.waitFor(() => expect(bob.peer.text.toJSON()).toBe(alice.peer.text.toJSON()))
    const letters = [...alice.peer.text.toJSON()].toSorted().join('')
    expect(letters).toBe('a'.repeat(50) + 'b'.repeat(60))
    expect(alice.peer.provider.membership?.current?.epoch).toBe(11)
    expectQuiet(alice, bob)
  })

  it('[KM17] Bob is removed: he is told, keeps what he typed, and reads nothing more', async () => {
    const alice = await start()
    const bob = await welcome(alice, 'writer')
    bob.peer.text.insert(0, 'bob was here')
    await bob.peer.provider.whenSaved()
    const carol = await welcome(alice, 'writer')
    await alice.peer.provider.changeMembers(remove(bob.device.id))
    await vi.waitFor(() => expect(bob.closings).toMatchObject([{ code: 'REMOVED', transient: false }]))
    bob.peer.text.insert(0, 'kept: ')
    alice.peer.text.insert(0, 'after. ')
    await alice.peer.provider.whenSaved()
    await expectSame('after. bob was here', alice, carol)
    expect(bob.peer.text.toJSON()).toBe('kept: bob was here')
    expect(bob.peer.provider.unsyncedChanges).toBe(1)
    expect(bob.peer.provider.membership?.keyOf(2)).toBeNull()
    await expect(bob.peer.provider.changeMembers(rotate())).rejects.toMatchObject({ code: 'REMOVED' })
    expectQuiet(alice, carol)
  })

  it('[KM10] [AU13] a reader who is made a writer writes at once, and stops when made a reader again', async () => {
    const alice = await start()
    const bob = await welcome(alice, 'reader')
    expect([bob.peer.provider.role, bob.peer.provider.readOnly]).toEqual(['reader', true])
    const roles: string[] = []
    bob.peer.provider.on('role', (role) => roles.push(role))
    await alice.peer.provider.changeMembers(setRole(bob.device.id, 'writer'))
    await vi.waitFor(() => expect(bob.peer.provider.readOnly).toBe(false))
    bob.peer.text.insert(0, 'mine')
    await bob.peer.provider.whenSaved()
    await expectSame('mine', alice)
    await alice.peer.provider.changeMembers(setRole(bob.device.id, 'reader'))
    await vi.waitFor(() => expect(bob.peer.provider.readOnly).toBe(true))
    bob.peer.text.insert(0, 'unsent ')
    expect(bob.peer.provider.unsyncedChanges).toBe(1)
    await alice.peer.provider.changeMembers(setRole(bob.device.id, 'writer'))
    await bob.peer.provider.whenSaved()
    await expectSame('unsent mine', alice, bob)
    // Told once more when the relay knows of it: only then edits leave.
    expect(roles.filter((role, index) => role !== roles[index - 1])).toEqual(['writer', 'reader', 'writer'])
    expectQuiet(alice, bob)
  })

  it('[KM18] Bob leaves, and those who stay write on under a key that he did not choose', async () => {
    const alice = await start()
    const bob = await welcome(alice, 'writer')
    const carol = await welcome(alice, 'writer')
    await bob.peer.provider.changeMembers(leave(bob.device.id))
    await vi.waitFor(() => expect(bob.closings).toMatchObject([{ code: 'REMOVED' }]))
    carol.peer.text.insert(0, 'without Bob')
    await carol.peer.provider.whenSaved()
    await expectSame('without Bob', alice, carol)
    expect(alice.peer.provider.membership?.current?.epoch).toBe(2)
    expect(bob.peer.provider.membership?.keyOf(2)).toBeNull()
    expectQuiet(alice, carol)
  })

  it('[KM18] a writer who was away when the last other one left opens the next epoch and then writes', async () => {
    const alice = await start()
    const bob = await welcome(alice, 'admin')
    alice.peer.provider.disconnect()
    alice.peer.text.insert(0, 'written offline')
    await bob.peer.provider.changeMembers(leave(bob.device.id))
    alice.peer.provider.connect()
    await alice.peer.provider.whenSaved()
    expect(alice.peer.provider.membership?.current?.epoch).toBe(2)
    const carol = await welcome(alice, 'reader')
    await expectSame('written offline', carol)
    expectQuiet(alice, carol)
  })

  it('[CL10] two admins change the members at once: both changes are made, none is lost', async () => {
    const alice = await start()
    const bob = await welcome(alice, 'admin')
    const guests = await Promise.all([1, 2, 3, 4, 5, 6].map(async () => await loadDevice(createMemoryKeyStore())))
    const made = await Promise.all(
      guests.map((guest, i) => (i % 2 ? alice : bob).peer.provider.changeMembers(addDevice(guest, 'reader'))),
    )
    expect(made.every((record) => record !== null)).toBe(true)
    const { members } = alice.peer.provider.membership!
    expect(guests.every((guest) => members.memberOf(guest.id) !== null)).toBe(true)
    await vi.waitFor(() => {
      const [one, other] = [alice, bob].map(({ peer }) => peer.provider.membership!.recordHead)
      expect(equalBytes(one!, other!)).toBe(true)
    })
    expectQuiet(alice, bob)
  })

  it('[CL10] two admins make the same change at once: one record stands, the other finds nothing to do', async () => {
    const alice = await start()
    const bob = await welcome(alice, 'admin')
    const carol = await welcome(alice, 'reader')
    const intent = setRole(carol.device.id, 'writer')
    const made = await Promise.all([alice, bob].map(({ peer }) => peer.provider.changeMembers(intent)))
    expect(made.filter((record) => record === null)).toHaveLength(1)
    expectQuiet(alice, bob, carol)
  })

  it('[KM19] [CL10] Bob is away while the key changes five times: he gets in again, and what he typed leaves', async () => {
    const alice = await start()
    const bob = await welcome(alice, 'writer')
    bob.peer.text.insert(0, 'one ')
    await bob.peer.provider.whenSaved()
    bob.peer.provider.disconnect()
    bob.peer.text.insert(4, 'offline ')
    for (let i = 0; i < 5; i++) {
      await alice.peer.provider.changeMembers(rotate())
      alice.peer.text.insert(0, `${i}`)
    }
    await alice.peer.provider.whenSaved()
    bob.peer.provider.connect()
    await bob.peer.provider.whenSaved()
    await expectSame('43210one offline ', alice, bob)
    expect(bob.peer.provider.membership?.current?.epoch).toBe(6)
    expectQuiet(alice, bob)
  })

  it('[KM17] the last admin who would leave is told so, and nothing happens', async () => {
    const alice = await start()
    const bob = await welcome(alice, 'writer')
    await expect(alice.peer.provider.changeMembers(leave(alice.device.id))).rejects.toMatchObject({
      code: 'LAST_ADMIN',
    })
    await expect(bob.peer.provider.changeMembers(setRole(bob.device.id, 'admin'))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    alice.peer.text.insert(0, 'still here')
    await alice.peer.provider.whenSaved()
    await expectSame('still here', bob)
    expectQuiet(alice, bob)
  })

  it('[CL10] a change that is asked for offline is made when the relay is there again', async () => {
    const alice = await start()
    alice.peer.provider.disconnect()
    const guest = await loadDevice(createMemoryKeyStore())
    const changed = alice.peer.provider.changeMembers(addDevice(guest, 'reader'))
    alice.peer.provider.connect()
    expect((await changed)?.record.body.type).toBe('add')
    const pending = alice.peer.provider.changeMembers((members) => {
      expect(members.all).toHaveLength(2)
      return null
    })
    expect(await pending).toBeNull()
  })

  it('[KM6] Bob was given no usable key: he says so, and reads and writes once it is given again', async () => {
    const alice = await start()
    const bob = await welcome(alice, 'writer')
    await alice.peer.provider.changeMembers((members, tools) => {
      const rotation = tools.createRotation({ links: members.links })
      const wraps = rotation.wraps.bytes.slice()
      const at = [...rotation.wraps].findIndex(([id]) => equalBytes(id, bob.device.id)) * 96 + 16
      wraps.fill(1, at, at + 80)
      Object.assign(rotation.wraps.bytes, wraps)
      return { type: 'epoch', rotation }
    })
    alice.peer.text.insert(0, 'what Bob cannot read')
    await alice.peer.provider.whenSaved()
    await vi.waitFor(() => expect(bob.problems).toMatchObject([{ code: 'KEY_MISSING' }]))
    bob.peer.text.insert(0, 'waits. ')
    await vi.waitFor(() => expect(bob.reports.map(({ reason }) => reason)).toContain('cannot-open'))
    await alice.peer.provider.changeMembers((_members, tools) => tools.createRewrap(2, [bob.device.id]))
    await bob.peer.provider.whenSaved()
    await vi.waitFor(() => expect(bob.peer.text.toJSON()).toBe(alice.peer.text.toJSON()))
    expect([...bob.peer.text.toJSON()].toSorted()).toEqual([...'waits. what Bob cannot read'].toSorted())
    expectQuiet(alice)
  })

  it('[KM18] presence is shown again under the new key, and of who was removed no more', async () => {
    const alice = await start()
    const [bob, carol] = [await welcome(alice, 'writer'), await welcome(alice, 'writer')]
    for (const [name, { peer }] of [
      ['alice', alice],
      ['bob', bob],
      ['carol', carol],
    ] as const) {
      peer.provider.awareness.setLocalState({ name })
    }
    const seen = (): string[] =>
      [...alice.peer.provider.awareness.getStates().values()].map((state) => String(state['name']))
    await vi.waitFor(() => expect(seen().toSorted()).toEqual(['alice', 'bob', 'carol']))
    await alice.peer.provider.changeMembers(remove(bob.device.id))
    await vi.waitFor(() => expect(seen().toSorted()).toEqual(['alice', 'carol']))
    carol.peer.provider.awareness.setLocalState({ name: 'carol again' })
    await vi.waitFor(() => expect(seen().toSorted()).toEqual(['alice', 'carol again']))
    expectQuiet(alice, carol)
  })
})
