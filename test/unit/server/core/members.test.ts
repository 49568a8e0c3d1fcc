/** Records on their way into the log: what is stored, what is refused and why, and what they do to those who listen. */
import { cryptoReady, encodeClientFrame } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { createMemoryStore } from '../../../../server/store/memory.ts'
import { ALL, CoreWorld } from '../../../support/core-world.ts'
import { MemberWorld, namesOf } from '../../../support/members/member-world.ts'
import { addFields, linkFields, rewrapFields, roleFields } from '../../../support/members/test-member-log.ts'
import { createTestDevice } from '../../../support/raw-client.ts'

await cryptoReady()

const reasonsIn = (scene: MemberWorld): unknown[] =>
  scene.world.log.filter(({ event }) => event === 'record-refused').map(({ fields }) => fields['reason'])

describe('a record that counts', () => {
  it('[KM9] [KM16] of every type is stored, and what it says is so', async () => {
    const scene = await MemberWorld.start()
    const { document, world } = scene
    const { creator, log } = document
    const bob = await scene.member('writer')
    const phone = createTestDevice()
    const bobs = await scene.socket(bob)
    await scene.must(document.add(phone, 'writer', bob, true), bobs)
    await scene.must(document.make(creator, roleFields(phone.id, 'reader')))
    for (const device of [bob, phone]) expect(await world.store.roleOf(document.id, device.id)).toBe('reader')
    const [one, two] = [createTestDevice(), createTestDevice()]
    for (const link of [one, two]) await scene.must(document.make(creator, linkFields(link, 'reader')))
    expect(await world.store.linkOf(document.id, one.id)).toEqual({ expiresAt: 0 })
    const rotation = document.rotation({ links: [two.id] })
    await scene.must(document.make(creator, { type: 'revoke-link', link: one.id, rotation }))
    expect(await world.store.linkOf(document.id, one.id)).toBeNull()
    expect(await world.store.linkOf(document.id, two.id)).toEqual({ expiresAt: 0 })
    await scene.must(document.rotate())
    expect(await world.store.linkOf(document.id, two.id)).toBeNull()
    await scene.must(document.make(bob, rewrapFields(2, [creator.id])), bobs)
    await scene.must(document.remove([bob, phone]))
    expect(await world.store.roleOf(document.id, phone.id)).toBe('none')
    const [status] = await world.store.status([document.id])
    expect(status).toMatchObject({ epoch: 4, recordHead: log.log.recordHead, recordSeq: log.log.recordSeq })
    expect(await world.store.commitments(document.id)).toEqual(document.keys.map((key) => [key.epoch, key.commitment]))
    expect(reasonsIn(scene)).toEqual([])
  })

  it('[KM16] is judged by the records that are stored, when nothing of them is remembered', async () => {
    const store = createMemoryStore()
    const scene = await MemberWorld.start({ store })
    const bob = await scene.member('writer')
    const { document } = scene
    await scene.must(document.rotate())
    const later = await CoreWorld.start({ store })
    const peer = await later.opened(document.id, ALL, bob)
    await peer.say({ type: 'push', envelopes: [document.add(createTestDevice(), 'reader', bob)] })
    expect(namesOf(peer.take())).toEqual(['nack 40300'])
    const again = document.make(bob, { type: 'epoch', rotation: document.rotation({ epoch: 2 }) })
    await peer.say({ type: 'push', envelopes: [again] })
    expect(namesOf(peer.take())).toEqual(['nack 40000'])
    await peer.say({ type: 'push', envelopes: [document.rotate(bob)] })
    expect(namesOf(peer.take())).toEqual(['ack'])
  })

  it('[LO7] is acknowledged again when it is sent again, whatever it would be worth now', async () => {
    const scene = await MemberWorld.start()
    const { document, alice } = scene
    const add = document.add(createTestDevice(), 'writer')
    await scene.must(add)
    await scene.must(document.rotate())
    await alice.say({ type: 'push', envelopes: [add] })
    expect(alice.take()).toMatchObject([{ type: 'ack', seq: 2, counter: 1, session: add.session }])
    // Another record under its counter is none of it.
    const other = document.make(document.creator, addFields(createTestDevice(), 'writer'), { session: add.session })
    await alice.say({ type: 'push', envelopes: [other] })
    expect(namesOf(alice.take())).toEqual(['nack 40901'])
    expect(await scene.headSeq()).toBe(3)
  })

  it('[KM16] of two upon one head is stored alone; the other is told where the head is', async () => {
    const scene = await MemberWorld.start()
    const { document } = scene
    const bob = await scene.member('admin')
    const bobs = await scene.socket(bob)
    const [one, two] = [document.add(createTestDevice(), 'reader'), document.rotate(bob)]
    await Promise.all([
      scene.alice.say({ type: 'push', envelopes: [one] }),
      bobs.say({ type: 'push', envelopes: [two] }),
    ])
    const answers = [...scene.alice.take(), ...bobs.take()]
    expect(namesOf(answers.filter(({ type }) => type !== 'entries')).sort()).toEqual(['ack', 'nack 40904'])
    expect(answers.find(({ type }) => type === 'nack')).toMatchObject({ detail: 3 })
    expect(await scene.headSeq()).toBe(3)
    expect(reasonsIn(scene)).toEqual(['stale'])
  })

  it('[KM16] is not stored behind one that nobody judged, though it names it as the one before', async () => {
    const scene = await MemberWorld.start()
    const { document, alice } = scene
    const first = document.add(createTestDevice(), 'writer')
    document.log.take(first, 2)
    // Upon a record that is on its way; of somebody who may not.
    const second = document.make(createTestDevice(), addFields(createTestDevice(), 'admin'), {
      device: document.creator.id,
    })
    // One turn: the second comes before the first is stored.
    alice.connection?.receive(encodeClientFrame({ type: 'push', envelopes: [first] }))
    await alice.say({ type: 'push', envelopes: [second] })
    expect(namesOf(alice.take()).sort()).toEqual(['ack', 'nack 40904'])
    expect(await scene.headSeq()).toBe(2)
  })
})

describe('[AU13] a change of role', () => {
  it('is told to every socket that it concerns, behind its record, and is in force there at once', async () => {
    const scene = await MemberWorld.start()
    const { document } = scene
    const bob = await scene.member('writer')
    const [one, two] = [await scene.socket(bob), await scene.socket(bob, ['read', 'write'])]
    await scene.must(document.make(document.creator, roleFields(bob.id, 'reader')))
    expect(namesOf(one.take())).toEqual(['entries 3', 'refreshed reader'])
    expect(two.take()).toMatchObject([{ type: 'entries' }, { type: 'refreshed', role: 'reader', permissions: 3 }])
    await one.say({ type: 'push', envelopes: [document.writer(bob).update().envelope] })
    expect(namesOf(one.take())).toEqual(['nack 40300'])
    await scene.must(document.make(document.creator, roleFields(bob.id, 'admin')))
    expect(namesOf(one.take())).toEqual(['entries 4', 'refreshed admin'])
    await one.say({ type: 'push', envelopes: [document.writer(bob).update().envelope] })
    expect(namesOf(one.take())).toEqual(['ack'])
    // Nobody else hears of it.
    expect(namesOf(scene.alice.take())).toEqual(['entries 5'])
  })

  it('tells whoever gives up a role themselves, behind the ACK', async () => {
    const scene = await MemberWorld.start()
    const { document } = scene
    await scene.member('admin')
    const { creator } = document
    expect(namesOf(await scene.push(document.make(creator, roleFields(creator.id, 'reader'))))).toEqual([
      'ack',
      'refreshed reader',
    ])
  })
})

describe('[AU13] [G10] a removal', () => {
  it('is the last that the removed are sent, on every socket, and CLOSED follows', async () => {
    const scene = await MemberWorld.start()
    const { document, alice } = scene
    const bob = await scene.member('writer')
    const carol = await scene.member('reader')
    const sockets = [await scene.socket(bob), await scene.socket(bob, ['read'])]
    const other = await scene.socket(carol)
    alice.take()
    const writer = document.writer(document.creator)
    const removal = document.remove([bob])
    // In one turn: what follows the removal is stored in the same commit.
    alice.connection?.receive(encodeClientFrame({ type: 'push', envelopes: [writer.update().envelope] }))
    expect(namesOf(await scene.push(removal))).toEqual(['ack', 'ack'])
    await alice.say({ type: 'push', envelopes: [document.writer(document.creator).update().envelope] })
    for (const socket of sockets) expect(namesOf(socket.take())).toEqual(['entries 4', 'entries 5', 'closed 40300'])
    expect(namesOf(other.take())).toEqual(['entries 4', 'entries 5', 'entries 6'])
    // What they ask for now is of a document that is not open, and opening it is for members.
    const [socket] = sockets
    await socket?.say({ type: 'read', document: document.id, after: 0, maxBytes: 1e6 })
    await socket?.say({ type: 'push', envelopes: [document.writer(bob).update().envelope] })
    await socket?.open(document.id)
    expect(namesOf(socket?.take() ?? [])).toEqual(['nack 40911', 'nack 40911', 'nack 40300'])
  })

  it('takes their presence with it, for those who stay and those who come', async () => {
    const scene = await MemberWorld.start()
    const { document, alice } = scene
    const bob = await scene.member('writer')
    const bobs = await scene.socket(bob)
    await bobs.say({ type: 'awareness', envelope: document.writer(bob).awareness().envelope })
    expect(namesOf(alice.take())).toEqual(['awareness'])
    expect(namesOf(await scene.push(document.remove([bob])))).toEqual(['ack', 'gone'])
    const later = await scene.world.peer(document.id, ALL, document.creator)
    await later.open(document.id)
    expect(later.all('awareness')).toEqual([])
  })

  it('[KM18] of oneself is acknowledged, then CLOSED; the epoch is closed to all but records', async () => {
    const scene = await MemberWorld.start()
    const { document, alice } = scene
    const bob = await scene.member('writer')
    const bobs = await scene.socket(bob)
    const carol = await scene.member('writer')
    const carols = await scene.socket(carol)
    bobs.take()
    expect(namesOf(await scene.push(document.leave(bob), bobs))).toEqual(['ack', 'closed 40300'])
    expect((await scene.world.store.status([document.id]))[0]).toMatchObject({ epoch: 1, isEpochClosed: true })
    carols.take()
    const writer = document.writer(carol)
    for (const envelope of [writer.bind().envelope, writer.update().envelope]) {
      await carols.say({ type: 'push', envelopes: [envelope] })
    }
    const [first, second] = carols.take()
    const leaving = document.log.taken.at(-1)
    expect(first).toMatchObject({ type: 'nack', code: 40903, detail: 2 })
    // With the record that closed it, once.
    expect(first?.type === 'nack' && first.attachment.subarray(8)).toEqual(leaving?.envelope.bytes)
    expect(second).toMatchObject({ type: 'nack', code: 40900 })
    await carols.say({ type: 'awareness', envelope: writer.awareness().envelope })
    expect(carols.take()).toMatchObject([{ type: 'nack', refused: 8, code: 40903, detail: 2 }])
    const ahead = document.make(carol, addFields(createTestDevice(), 'writer', true), { epoch: 2 })
    await carols.say({ type: 'push', envelopes: [ahead] })
    expect(carols.take()).toMatchObject([{ type: 'nack', code: 40903, detail: 1 }])
    // Records go on, and the first rotation opens the next.
    await scene.must(document.add(createTestDevice(), 'reader'))
    carols.take()
    await carols.say({ type: 'awareness', envelope: writer.awareness().envelope })
    expect(namesOf(carols.take())).toEqual(['nack 40903'])
    await scene.must(document.rotate(carol), carols)
    await carols.say({ type: 'push', envelopes: [document.writer(carol).bind().envelope] })
    expect(namesOf(carols.take())).toEqual(['ack'])
    expect(namesOf(alice.take())).toEqual(['entries 6', 'entries 7'])
  })

  it('answers an OPEN that was under way with FORBIDDEN', async () => {
    const store = createMemoryStore()
    let hold: Promise<void> | null = null
    const slow = {
      ...store,
      readRecords: async (...all: Parameters<typeof store.readRecords>) => {
        const records = await store.readRecords(...all)
        if (all[2] > 0) await hold
        return records
      },
    }
    const scene = await MemberWorld.start({ store: slow })
    const bob = await scene.member('writer')
    const bobs = await scene.world.peer(scene.document.id, ALL, bob)
    let release = (): void => {}
    const removal = scene.document.remove([bob])
    await scene.alice.say({ type: 'ping', nonce: 1 })
    scene.alice.take()
    hold = new Promise((resolve) => (release = resolve))
    await bobs.open(scene.document.id)
    expect(bobs.frames).toEqual([])
    scene.alice.connection?.receive(encodeClientFrame({ type: 'push', envelopes: [removal] }))
    hold = null
    await scene.world.flush()
    release()
    await scene.world.flush()
    expect(await store.roleOf(scene.document.id, bob.id)).toBe('none')
    expect(namesOf(bobs.take())).toEqual(['nack 40300'])
  })

  it('is not overlooked by an OPEN that was told of the role before it', async () => {
    const store = createMemoryStore()
    let hold: Promise<void> | null = null
    const slow: typeof store = {
      ...store,
      async roleOf(...of) {
        const role = await store.roleOf(...of)
        await hold
        return role
      },
    }
    const scene = await MemberWorld.start({ store: slow })
    const bob = await scene.member('writer')
    const bobs = await scene.world.peer(scene.document.id, ALL, bob)
    let release = (): void => {}
    hold = new Promise((resolve) => (release = resolve))
    await bobs.open(scene.document.id)
    await scene.must(scene.document.remove([bob]))
    hold = null
    release()
    await scene.world.flush()
    expect(namesOf(bobs.take())).toEqual(['nack 40300'])
  })

  it('needs `members` of whoever removes others, and nothing of whoever leaves', async () => {
    const scene = await MemberWorld.start()
    const { document } = scene
    const bob = await scene.member('writer')
    const carol = await scene.member('admin')
    const carols = await scene.socket(carol, ['read', 'write'])
    expect(namesOf(await scene.push(document.remove([bob], carol), carols))).toEqual(['nack 40300'])
    expect(reasonsIn(scene)).toEqual(['permission'])
    expect(namesOf(await scene.push(document.leave(carol), carols))).toEqual(['ack', 'closed 40300'])
  })
})

it('[KM16] removes whoever has filled the document, when it takes nothing else any more', async () => {
  for (const limits of [{ documentBytes: 3_000 }, { documentEntries: 4 }]) {
    const scene = await MemberWorld.start({ limits })
    const { document } = scene
    const bob = await scene.member('writer')
    const bobs = await scene.socket(bob)
    const writer = document.writer(bob)
    for (const { envelope } of [writer.bind(), ...writer.updates(20)]) {
      await bobs.say({ type: 'push', envelopes: [envelope] })
    }
    expect(namesOf(bobs.take())).toContain('nack 41300')
    await scene.must(document.remove([bob]))
    expect(namesOf(bobs.take())).toContain('closed 40300')
  }
})
