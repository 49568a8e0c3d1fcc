/** Alice, Bob and Carol share a document: what each role may, who comes and goes, and what becomes of what they write meanwhile. */
import { describe, expect, inject, it, vi } from 'vitest'

import { converge, createNewcomer, Team, type Teammate } from '../support/members/team.ts'

const relay = inject('relay')

/** Nothing that anybody was told is a fault. */
function expectPeace(...people: readonly Teammate[]): void {
  expect(people.flatMap(({ reports }) => reports)).toEqual([])
  expect(people.flatMap(({ closings }) => closings)).toEqual([])
  expect(people.flatMap(({ problems }) => problems)).toEqual([])
}

describe('what each may do', () => {
  it('[KM10] [AU6] Alice lets Bob in, and both write', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    await alice.write('Alice was here. ')
    const bob = await team.invite('writer')
    expect([bob.text, bob.peer.provider.role]).toEqual(['Alice was here. ', 'writer'])
    await bob.write('Bob too.')
    expect(await converge(alice, bob)).toBe('Alice was here. Bob too.')
    expectPeace(alice, bob)
  })

  it('[KM10] [G13] Carol reads and cannot write; promoted, she can, and what she had typed arrives', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    await alice.write('read this')
    const carol = await team.invite('reader')
    expect([carol.text, carol.peer.provider.role, carol.peer.provider.readOnly]).toEqual(['read this', 'reader', true])
    carol.type('!')
    await alice.write(' and that')
    await vi.waitFor(() => expect(carol.text).toContain(' and that'))
    expect(carol.peer.provider.unsyncedChanges).toBe(1)
    expect(alice.text).toBe('read this and that')

    await alice.setRole(carol, 'writer')
    await vi.waitFor(() => expect(alice.text).toContain('!'))
    await vi.waitFor(() => expect([carol.peer.provider.role, carol.peer.provider.readOnly]).toEqual(['writer', false]))
    await carol.peer.provider.whenSaved()
    await converge(alice, carol)
    expectPeace(alice)
  })

  it('[KM10] [G6] Bob is made a reader while he types: what was saved before stays, what comes after waits', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const bob = await team.invite('writer')
    await bob.write('saved. ')
    await alice.setRole(bob, 'reader')
    await vi.waitFor(() => expect(bob.peer.provider.readOnly).toBe(true))
    bob.type('not saved.')
    await alice.write('more. ')
    await vi.waitFor(() => expect(bob.text).toContain('more. '))
    expect([alice.text, bob.peer.provider.unsyncedChanges]).toEqual(['saved. more. ', 1])
    await alice.setRole(bob, 'writer')
    await bob.peer.provider.whenSaved()
    expect(await converge(alice, bob)).toContain('not saved.')
  })

  it('[KM10] [KM17] Bob’s tablet is Bob: it writes with his role, changes with it, and goes when he goes', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const bob = await team.invite('writer')
    const tablet = await team.pair(bob)
    await tablet.write('from the tablet')
    await converge(alice, bob, tablet)
    expect(alice.membership.members.all).toHaveLength(2)
    await alice.setRole(bob, 'reader')
    await vi.waitFor(() => expect(tablet.peer.provider.readOnly).toBe(true))
    await alice.remove(bob)
    await vi.waitFor(() => expect([bob.closings[0]?.code, tablet.closings[0]?.code]).toEqual(['REMOVED', 'REMOVED']))
    expect(alice.membership.members.all).toHaveLength(1)
  })

  it('[KM17] nobody does what their role does not allow', async () => {
    const team = await Team.start(relay)
    const [bob, carol] = [await team.invite('writer'), await team.invite('reader')]
    const { device } = await createNewcomer()
    await expect(bob.add(device, 'reader')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(bob.remove(carol)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(carol.setRole(carol, 'admin')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(carol.rotate()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await bob.rotate()
    await converge(team.alice, bob, carol)
  })
})

describe('somebody is removed', () => {
  it('[KM18] [G10] Bob is removed while he looks on: his document closes at once, and he reads nothing more', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const [bob, carol] = [await team.invite('writer'), await team.invite('writer')]
    await alice.write('for all. ')
    await converge(alice, bob, carol)
    await alice.remove(bob)
    await alice.write('not for Bob. ')
    await carol.reads('for all. not for Bob. ')
    await carol.write('Carol agrees.')
    await alice.reads('for all. not for Bob. Carol agrees.')
    await vi.waitFor(() => expect(bob.closings[0]?.code).toBe('REMOVED'))
    expect(bob.text).toBe('for all. ')
    expect(bob.membership.keyOf(2)).toBeNull()
    expectPeace(alice, carol)
  })

  it('[KM18] [K20] Bob is removed while he is offline: what he wrote there is not taken, and he is told', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const bob = await team.invite('writer')
    await bob.write('while I may. ')
    await converge(alice, bob)
    bob.goOffline()
    bob.type('written on a train')
    await alice.remove(bob)
    await alice.write('after Bob.')
    bob.peer.provider.connect()
    await vi.waitFor(() => expect(bob.closings).toHaveLength(1))
    expect(bob.closings[0]?.code).toMatch(/^(REMOVED|FORBIDDEN|NOT_A_MEMBER|TOKEN_REFUSED)$/)
    expect(bob.text).toBe('while I may. written on a train')
    expect(alice.text).toBe('while I may. after Bob.')
    const carol = await team.invite('reader')
    expect(carol.text).toBe('while I may. after Bob.')
    expectPeace(alice, carol)
  })

  it('[KM17] Bob comes back: let in again, he reads what was written without him and writes on', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const bob = await team.invite('writer')
    await bob.write('before. ')
    await alice.remove(bob)
    await vi.waitFor(() => expect(bob.closings).toHaveLength(1))
    await alice.write('between. ')
    await alice.add(bob.device, 'writer')
    const again = await team.restart(bob)
    await again.peer.provider.whenSynced()
    await again.write('after.')
    expect(await converge(alice, again)).toBe('before. between. after.')
    expectPeace(alice, again)
  })
})

describe('the key changes', () => {
  it('[KM19] Carol misses five rotations, and reads all that was written under each', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const [bob, carol] = [await team.invite('writer'), await team.invite('writer')]
    await converge(alice, bob, carol)
    carol.goOffline()
    carol.type('from Carol. ')
    for (let i = 1; i <= 5; i++) {
      await (i % 2 ? alice : bob).rotate()
      await (i % 2 ? bob : alice).write(`${i} `)
    }
    await carol.comeBack()
    await carol.peer.provider.whenSaved()
    const text = await converge(alice, bob, carol)
    expect([...text].toSorted().join('')).toBe([...'from Carol. 1 2 3 4 5 '].toSorted().join(''))
    expect([carol.epoch, carol.membership.missingEpochs]).toEqual([6, []])
    expectPeace(alice, bob, carol)
  })

  it('[KM7] [KM19] Dora comes when six keys have been in force, and reads everything', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    for (let i = 1; i <= 5; i++) {
      await alice.write(`${i} `)
      await alice.rotate()
    }
    const dora = await team.invite('reader')
    expect(dora.text).toBe('1 2 3 4 5 ')
    expect(dora.membership.missingEpochs).toEqual([])
    expectPeace(alice, dora)
  })

  it('[CL10] an edit that was under way when the key changed arrives under the new one', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const bob = await team.invite('writer')
    for (let i = 0; i < 10; i++) {
      bob.type(`b${i} `)
      const rotated = alice.rotate()
      bob.type(`c${i} `)
      alice.type(`a${i} `)
      await rotated
    }
    await Promise.all([alice.peer.provider.whenSaved(), bob.peer.provider.whenSaved()])
    const words = (await converge(alice, bob)).trim().split(' ')
    expect(new Set(words).size).toBe(30)
    expect(alice.epoch).toBe(11)
    expectPeace(alice, bob)
  })
})

describe('leaving', () => {
  it('[KM18] Carol leaves: those who stay write on by themselves under a key that she never had', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const [bob, carol] = [await team.invite('writer'), await team.invite('reader')]
    await alice.write('before. ')
    await converge(alice, bob, carol)
    await carol.leave()
    bob.type('after.')
    await bob.peer.provider.whenSaved()
    expect(await converge(alice, bob)).toBe('before. after.')
    expect([alice.epoch, carol.membership.keyOf(2), carol.text]).toEqual([2, null, 'before. '])
    expectPeace(alice, bob)
  })

  it('[KM18] Bob leaves while nobody is there: whoever comes back first writes on', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const bob = await team.invite('writer')
    await converge(alice, bob)
    alice.goOffline()
    alice.type('typed in the dark')
    await bob.leave()
    await alice.comeBack()
    await alice.peer.provider.whenSaved()
    expect([alice.text, alice.epoch]).toEqual(['typed in the dark', 2])
    const carol = await team.invite('reader')
    expect(carol.text).toBe('typed in the dark')
    expectPeace(alice, carol)
  })

  it('[KM17] the last admin is told to make somebody else one, does, and leaves', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const bob = await team.invite('writer')
    await expect(alice.leave()).rejects.toMatchObject({ code: 'LAST_ADMIN' })
    await expect(alice.setRole(alice, 'reader')).rejects.toMatchObject({ code: 'LAST_ADMIN' })
    await alice.setRole(bob, 'admin')
    await alice.leave()
    await vi.waitFor(() => expect(bob.membership.members.all).toHaveLength(1))
    await bob.write('mine now')
    const carol = await team.invite('writer', bob)
    expect(carol.text).toBe('mine now')
    expectPeace(bob, carol)
  })
})

describe('two at once', () => {
  it('[CL10] two admins let people in at the same time: both are in, and nobody noticed', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const adam = await team.invite('admin')
    const newcomers = await Promise.all(Array.from({ length: 6 }, () => createNewcomer()))
    await Promise.all(newcomers.map(({ device }, i) => (i % 2 ? alice : adam).add(device, 'writer')))
    await converge(alice, adam)
    expect(alice.membership.members.all).toHaveLength(8)
    expectPeace(alice, adam)
  })

  it('[CL10] two admins remove the same person: one record does it, and the other finds nothing to do', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const [adam, bob] = [await team.invite('admin'), await team.invite('writer')]
    await converge(alice, adam, bob)
    const results = await Promise.all([alice.remove(bob), adam.remove(bob)])
    expect(results.filter((record) => record !== null)).toHaveLength(1)
    await converge(alice, adam)
    expect(alice.epoch).toBe(2)
    expectPeace(alice, adam)
  })

  it('[CL10] two admins remove each other: one stays', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const adam = await team.invite('admin')
    await converge(alice, adam)
    const results = await Promise.allSettled([alice.remove(adam), adam.remove(alice)])
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const [winner, loser] = results[0]?.status === 'fulfilled' ? [alice, adam] : [adam, alice]
    await vi.waitFor(() => expect(loser.closings[0]?.code).toBe('REMOVED'))
    await winner.write('alone')
    expect(winner.membership.members.all).toHaveLength(1)
    expect(loser.text).toBe('')
  })

  it('[KM18] two writers who see somebody leave open one epoch, not two that disagree', async () => {
    const team = await Team.start(relay)
    const { alice } = team
    const [bob, carol, dora] = [await team.invite('writer'), await team.invite('writer'), await team.invite('reader')]
    await converge(alice, bob, carol, dora)
    await dora.leave()
    for (const person of [alice, bob, carol]) person.type('x')
    await Promise.all([alice, bob, carol].map(({ peer }) => peer.provider.whenSaved()))
    expect(await converge(alice, bob, carol)).toBe('xxx')
    expect(alice.epoch).toBe(2)
    expectPeace(alice, bob, carol)
  })
})
