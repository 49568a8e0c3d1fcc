/**
 * A relay that hides a change of members from some, or shows different ones to different people: found out at the first honest message that
 * crosses, and never in time to have anything applied.
 */
import { KIND, type Envelope } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { isRecordOf, type View } from '../support/members/colluding-relay.ts'
import { allRead, opensFor, setHostileScene, toldTo, type HostileScene } from '../support/members/hostile-scene.ts'
import { until, type Teammate } from '../support/members/team.ts'

/** From here on Bob is shown a history of his own, and what the others write is not in it until it is shown. */
async function hideFromBob(scene: HostileScene): Promise<{ readonly his: View; readonly bob: Teammate }> {
  const { relay, bob, view, team } = scene
  const his = view.fork()
  const again = await team.restart(bob, { relay: relay.socketTo(() => his) })
  await again.peer.provider.whenSynced()
  return { his, bob: again }
}

describe('a relay that hides the removal of Carol from Bob', () => {
  it('T27 [K10] [LO3] is found out by the first entry that Alice writes after it, at the place where the removal was', async () => {
    const scene = await setHostileScene()
    const { alice, carol, view } = scene
    const { his, bob } = await hideFromBob(scene)
    await alice.remove(carol)
    const before = view.seq
    await alice.write('secret. ')
    for (const envelope of view.log.slice(before)) his.append(envelope)
    await until(() => bob.closings.length > 0)
    // Her entry stands in an epoch that no record which he was shown has opened: it may have been spoilt, and is asked for again first.
    expect([toldTo(bob), bob.closings.map(({ code }) => code)]).toEqual([['LOG_INVALID'], ['LOG_INVALID']])
    expect(bob.text).toBe('one. ')
  })

  it('T27 [LO3] hides it still while it shows nothing of what came after: then nothing of Bob’s reaches Alice either', async () => {
    const scene = await setHostileScene()
    const { alice, carol, view } = scene
    const { his, bob } = await hideFromBob(scene)
    const forkedAt = his.seq
    await alice.remove(carol)
    await bob.write('two. ')
    const written = his.log.slice(forkedAt)
    // What cannot be helped: he does not know, and she has the key under which he goes on.
    expect(written.every((envelope) => opensFor(carol, envelope))).toBe(true)
    // The relay carries his words to Alice: they stand in an epoch that is over.
    for (const envelope of written) view.append(envelope)
    await until(() => alice.peer.provider.head.seq === view.seq)
    expect(toldTo(alice)).toEqual(['ENTRY_REFUSED epoch', 'ENTRY_REFUSED seen'])
    expect(alice.text).toBe('one. ')
  })

  it('T27 [KM16] by leaving it out of RECORDS alone: the log shows it, and it counts from there', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view, team } = scene
    bob.peer.close()
    await alice.remove(carol)
    await alice.write('two. ')
    view.shownRecords = () => view.records.filter(({ envelope }) => !isRecordOf(envelope, 'remove'))
    const again = await team.restart(bob)
    await again.reads('one. two. ')
    expect(again.membership.members.memberOf(carol.device.id)).toBeNull()
    expect(again.reports).toEqual([])
    // Once he knows it, RECORDS without it is a relay that goes back.
    await again.membership.whenStored()
    const third = await team.restart(again)
    await until(() => third.closings.length > 0)
    expect(third.closings[0]?.code).toBe('ROLLBACK')
  })

  it('T27 [KM16] by leaving it out of the log, where RECORDS has it: the reading ends', async () => {
    const scene = await setHostileScene()
    const { relay, alice, bob, carol, view, team } = scene
    await alice.remove(carol)
    await alice.write('two. ')
    const without = view.fork(0)
    for (const envelope of view.log) if (!isRecordOf(envelope, 'remove')) without.append(envelope)
    without.shownRecords = () => view.records
    const again = await team.restart(bob, { relay: relay.socketTo(() => without) })
    await until(() => again.closings.length > 0)
    expect(again.closings[0]?.code).toBe('LOG_INVALID')
    expect(again.text).not.toContain('two')
  })
})

describe('a relay that brings out later what it had hidden', () => {
  it('T27 [KM16] [CL11] a removal, at a place that Bob has read as something else: the reading ends, and the past stays', async () => {
    const scene = await setHostileScene()
    const { alice, carol, view } = scene
    const { his, bob } = await hideFromBob(scene)
    await alice.remove(carol)
    const removal = view.log.at(-1) as Envelope
    const place = view.seq
    await bob.write('two. ')
    expect(his.seq).toBeGreaterThanOrEqual(place)
    bob.goOffline()
    his.shownRecords = () => [...his.records, { seq: place, envelope: removal }]
    bob.peer.provider.connect()
    await until(() => bob.closings.length > 0)
    expect(bob.closings[0]?.code).toBe('LOG_INVALID')
    expect(bob.membership.members.memberOf(carol.device.id)).not.toBeNull()
    expect(bob.text).toBe('one. two. ')
  })

  it('T27 [KM16] [CL11] another record than it had shown at that place: the reading ends', async () => {
    const scene = await setHostileScene()
    const { bob, view } = scene
    bob.goOffline()
    const shown = view.records
    view.shownRecords = () =>
      shown.map(({ seq, envelope }, i) => ({ seq, envelope: i === 1 ? (shown[2]?.envelope ?? envelope) : envelope }))
    bob.peer.provider.connect()
    await until(() => bob.closings.length > 0)
    expect(bob.closings[0]?.code).toBe('LOG_INVALID')
  })
})

describe('a relay that shows two removals', () => {
  it('T27 [K10] [CL11] that two admins made at once, one to each: who comes to the other history stops', async () => {
    const scene = await setHostileScene()
    const { relay, alice, bob, carol, view, team } = scene
    await alice.setRole(bob, 'admin')
    await allRead(scene)
    const { his, bob: adam } = await hideFromBob(scene)
    await alice.remove(carol)
    await adam.rotate()
    await alice.write('Alice’s. ')
    await adam.write('Bob’s. ')
    expect([alice.epoch, adam.epoch]).toEqual([2, 2])
    await adam.membership.whenStored()
    // One of the two is let cross.
    const again = await team.restart(adam, { relay: relay.socketTo(() => view) })
    await until(() => again.closings.length > 0)
    expect(again.closings[0]?.code).toBe('ROLLBACK')
    const last = view.log.filter(({ kind }) => kind === KIND.update).at(-1) as Envelope
    his.append(last)
    const third = await team.restart(again, { relay: relay.socketTo(() => his) })
    await until(() => toldTo(third).length > 0)
    expect(third.text).not.toContain('Alice’s')
  })
})
