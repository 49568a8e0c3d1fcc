/** Members on two relays that share a store: what one has stored is in force on the other. */
import { cryptoReady } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { createLocalExchange } from '../../../../server/bus/local.ts'
import { createMemoryStore } from '../../../../server/store/memory.ts'
import { ALL, CoreWorld } from '../../../support/core-world.ts'
import { MemberWorld, namesOf } from '../../../support/members/member-world.ts'
import { linkFields, roleFields } from '../../../support/members/test-member-log.ts'
import { createTestDevice } from '../../../support/raw-client.ts'

await cryptoReady()

describe('two relays over one store', () => {
  async function createTwo() {
    const exchange = createLocalExchange()
    const store = createMemoryStore()
    const scene = await MemberWorld.start({ store, bus: exchange.join() })
    const other = await CoreWorld.start({ store, bus: exchange.join(), headKey: scene.world.headKey })
    return { scene, other }
  }

  it('[AU13] [BU1] a removal on one closes the document for the removed on the other, behind the record', async () => {
    const { scene, other } = await createTwo()
    const { document } = scene
    const bob = await scene.member('writer')
    const carol = await scene.member('writer')
    const bobs = await other.opened(document.id, ALL, bob)
    const carols = await other.opened(document.id, ALL, carol)
    await bobs.say({ type: 'awareness', envelope: document.writer(bob).awareness().envelope })
    carols.take()
    scene.alice.take()
    expect(namesOf(await scene.push(document.remove([bob])))).toEqual(['ack', 'gone'])
    await other.pass(1_000)
    expect(namesOf(bobs.take())).toEqual(['entries 4', 'closed 40300'])
    expect(namesOf(carols.take()).filter((name) => name !== 'heartbeat')).toEqual(['entries 4', 'gone'])
    // The other relay knows the new epoch.
    await carols.say({ type: 'push', envelopes: [document.writer(carol).bind().envelope] })
    expect(namesOf(carols.take()).filter((name) => name !== 'heartbeat')).toEqual(['ack'])
  })

  it('[G10] reads nothing to the removed, though this relay has not heard of the removal', async () => {
    const exchange = createLocalExchange()
    const store = createMemoryStore()
    // What this one says is lost.
    const scene = await MemberWorld.start({ store, bus: { ...exchange.join(), publish: () => {} } })
    const other = await CoreWorld.start({ store, bus: exchange.join(), headKey: scene.world.headKey })
    const { document, alice } = scene
    const bob = await scene.member('writer')
    const carol = await scene.member('reader')
    const [bobs, carols] = [await other.opened(document.id, ALL, bob), await other.opened(document.id, ALL, carol)]
    await scene.must(document.remove([bob]))
    await alice.say({ type: 'push', envelopes: [document.writer(document.creator).bind().envelope] })
    for (const peer of [bobs, carols]) {
      await peer.say({ type: 'read', document: document.id, after: 3, maxBytes: 1e6 })
    }
    expect(namesOf(bobs.take())).toEqual(['entries 4', 'closed 40300'])
    expect(namesOf(carols.take())).toEqual(['entries 4', 'entries 5', 'entries 4', 'read-done'])
  })

  it('[AU13] a change of role reaches all devices of a member on the other relay', async () => {
    const { scene, other } = await createTwo()
    const { document } = scene
    const bob = await scene.member('writer')
    const phone = createTestDevice()
    await scene.must(document.add(phone, 'writer', bob, true), await scene.socket(bob))
    const phones = await other.opened(document.id, ALL, phone)
    await scene.must(document.make(document.creator, roleFields(bob.id, 'reader')))
    await other.pass(1_000)
    expect(namesOf(phones.take())).toEqual(['entries 4', 'refreshed reader'])
  })

  it('[AU13] finds a change of which nobody told it, with all whom it concerns', async () => {
    const exchange = createLocalExchange()
    const store = createMemoryStore()
    const scene = await MemberWorld.start({ store, bus: { ...exchange.join(), publish: () => {} } })
    const limits = { sweepMs: 1_000 }
    const other = await CoreWorld.start({ store, bus: exchange.join(), headKey: scene.world.headKey, limits })
    const { document } = scene
    const bob = await scene.member('writer')
    const phone = createTestDevice()
    await scene.must(document.add(phone, 'writer', bob, true), await scene.socket(bob))
    const link = createTestDevice()
    await scene.must(document.make(document.creator, linkFields(link, 'reader')))
    const [phones, guests] = [await other.opened(document.id, ALL, phone), await other.opened(document.id, ALL, link)]
    await scene.must(document.make(document.creator, roleFields(bob.id, 'reader')))
    await scene.must(document.rotate())
    await other.pass(1_500)
    expect(namesOf(phones.take())).toEqual(['entries 5', 'entries 6', 'refreshed reader'])
    expect(namesOf(guests.take())).toEqual(['closed 40300'])
  })

  it('[AU13] does not take an older answer of the store for the newer one', async () => {
    const exchange = createLocalExchange()
    const store = createMemoryStore()
    const scene = await MemberWorld.start({ store, bus: exchange.join() })
    let hold: Promise<void> | null = null
    const slow: typeof store = {
      ...store,
      async roleOf(...of) {
        const role = await store.roleOf(...of)
        await hold
        return role
      },
    }
    const other = await CoreWorld.start({ store: slow, bus: exchange.join(), headKey: scene.world.headKey })
    const { document } = scene
    const bob = await scene.member('writer')
    const bobs = await other.opened(document.id, ALL, bob)
    let release = (): void => {}
    hold = new Promise((resolve) => (release = resolve))
    await scene.must(document.make(document.creator, roleFields(bob.id, 'reader')))
    // The other relay has asked, and waits for its answer.
    await scene.must(document.make(document.creator, roleFields(bob.id, 'admin')))
    hold = null
    release()
    await other.pass(500)
    expect(namesOf(bobs.take())).toEqual(['entries 3', 'refreshed reader', 'entries 4', 'refreshed admin'])
  })
})
