/** What a socket, a person and a network may do in a second, and what is said to who does more. */
import { cryptoReady, KIND, type Bytes } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { DEFAULT_LIMITS, type RelayLimits } from '../../../../server/core/limits.ts'
import type { Store } from '../../../../server/core/ports.ts'
import { createMemoryStore } from '../../../../server/store/memory.ts'
import { ALL, CoreWorld, createDocument, type CorePeer } from '../../../support/core-world.ts'
import { createRoomDocument, TestWriter } from '../../../support/room-document.ts'

await cryptoReady()

async function createScene(limits: Partial<RelayLimits> = {}, store?: Store) {
  const world = await CoreWorld.start({ limits, ...(store !== undefined && { store }) })
  const document = createRoomDocument()
  const alice = await world.opened(document.id, ALL)
  const bob = await world.opened(document.id, ALL)
  const writer = new TestWriter(document, alice.device)
  await createDocument(alice, writer)
  bob.take()
  return { world, document, alice, bob, writer }
}

const slow = { perSecond: 10, burst: 5 }

async function headSeq(world: CoreWorld, document: Bytes): Promise<number> {
  return (await world.store.status([document]))[0]?.head.seq ?? 0
}

const pushOf = (envelope: ReturnType<TestWriter['update']>): Parameters<CorePeer['say']>[0] => ({
  type: 'push',
  envelopes: [envelope.envelope],
})

describe('pushes', () => {
  it('[FR15] [H1] acknowledges a burst, refuses the rest with the time to wait, and takes the same pushes after it', async () => {
    const { world, document, alice, bob, writer } = await createScene({ socketPushes: slow })
    const updates = writer.updates(8)
    for (const update of updates) await alice.say(pushOf(update))
    // The genesis was the first of five.
    expect(alice.all('ack').map((ack) => ack.seq)).toEqual([2, 3, 4, 5])
    const nacks = alice.all('nack')
    expect(nacks.map((nack) => nack.counter)).toEqual([6, 7, 8, 9])
    expect(nacks.every((nack) => nack.code === 42900 && nack.retryAfterMs === 250)).toBe(true)
    alice.take()
    await world.pass(500)
    for (const update of updates.slice(4)) await alice.say(pushOf(update))
    expect(alice.all('ack').map((ack) => ack.seq)).toEqual([6, 7, 8, 9])
    expect(bob.seqs).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
    expect(await headSeq(world, document.id)).toBe(9)
    expect(alice.closed).toBeNull()
  })

  it('[FR15] [H1] lets nothing pass while a wait lasts, so that no gap comes of it', async () => {
    const { alice, writer, world } = await createScene({ socketPushes: { perSecond: 100, burst: 1 } })
    const [first, second] = writer.updates(2) as [ReturnType<TestWriter['update']>, ReturnType<TestWriter['update']>]
    await alice.say(pushOf(first))
    await world.pass(100, 100)
    // The bucket has filled again, but what comes now was on its way.
    await alice.say(pushOf(second))
    expect(alice.all('nack').map(({ code, retryAfterMs }) => [code, retryAfterMs])).toEqual([
      [42900, 250],
      [42900, 150],
    ])
  })

  it('[FR15] [H1] forgives one window that was on its way, and ends a socket that goes on with 4529', async () => {
    const { alice, writer } = await createScene({ socketPushes: slow })
    const { pushesInFlight, strikes } = DEFAULT_LIMITS
    // The genesis was the first of five; the refusal that begins the wait is none of the window.
    for (const update of writer.updates(4 + 1 + pushesInFlight)) await alice.say(pushOf(update))
    expect(alice.closed).toBeNull()
    for (const update of writer.updates(strikes - 1)) await alice.say(pushOf(update))
    expect(alice.closed).toBeNull()
    await alice.say(pushOf(writer.update()))
    expect(alice.closed).toMatchObject({ code: 4529 })
  })

  it('[H1] asks as much of one person in one document, whatever the number of sockets', async () => {
    const { world, document, alice, writer } = await createScene({ writerPushes: slow })
    for (const update of writer.updates(4)) await alice.say(pushOf(update))
    const second = await world.opened(document.id, ALL)
    await second.say(pushOf(new TestWriter(document, second.device, writer.seen).bind()))
    expect(second.all('nack')).toMatchObject([{ code: 42900 }])
    // Somebody else has a bucket of their own.
    const token = world.token(document.id, ALL, { subject: 'carol' })
    const carol = world.connect(token)
    await carol.say(carol.hello())
    await carol.open(document.id)
    await carol.say(pushOf(new TestWriter(document, carol.device, writer.seen).bind()))
    expect(carol.all('ack')).toHaveLength(1)
  })

  it('[H1] counts bytes too, and lets a large group of parts pass as one', async () => {
    const { alice, writer, document } = await createScene({ socketBytes: { perSecond: 1_000, burst: 300_000 } })
    const parts = Array.from({ length: 3 }, () =>
      writer.session.sealEntry(KIND.part, randomBytes(40_000), document.key, writer.seen),
    )
    for (const [index, { envelope }] of parts.entries()) {
      await alice.say({ type: 'push-part', index, count: 3, envelope })
    }
    expect(alice.all('ack')).toMatchObject([{ count: 3 }])
    alice.take()
    // Four more at their largest: 197 KB are asked for before the first is taken, and the others are swallowed with it.
    for (let index = 0; index < 4; index++) {
      const { envelope } = writer.session.sealEntry(KIND.part, randomBytes(40_000), document.key, writer.seen)
      await alice.say({ type: 'push-part', index, count: 4, envelope })
    }
    const [nack, ...others] = alice.all('nack')
    expect([nack?.code, others.length, alice.all('ack').length]).toEqual([42900, 0, 0])
    expect(nack?.retryAfterMs).toBeGreaterThan(10_000)
  })

  it('[F11] [H1] gives back the price of what the log held already, but not without end', async () => {
    const { world, alice, writer } = await createScene({ socketPushes: slow })
    const update = writer.update()
    await alice.say(pushOf(update))
    for (let i = 0; i < 5; i++) await alice.say(pushOf(update))
    expect(alice.all('ack')).toHaveLength(6)
    for (let i = 0; i < 5; i++) await alice.say(pushOf(update))
    expect(alice.all('nack')).not.toEqual([])
    await world.pass(1_000)
    alice.take()
    await alice.say(pushOf(writer.update()))
    expect(alice.all('ack')).toHaveLength(1)
  })

  it('[H16] gives back the price of what the store failed to take', async () => {
    const memory = createMemoryStore()
    let isBroken = false
    const store: Store = {
      ...memory,
      append: async (units) => (isBroken ? Promise.reject(new Error('disk full')) : memory.append(units)),
    }
    const { alice, writer } = await createScene({ socketPushes: slow }, store)
    const update = writer.update()
    isBroken = true
    for (let i = 0; i < 20; i++) await alice.say(pushOf(update))
    expect(new Set(alice.all('nack').map((nack) => nack.code))).toEqual(new Set([50300]))
    isBroken = false
    await alice.say(pushOf(update))
    expect(alice.all('ack')).toHaveLength(1)
  })
})

describe('other frames', () => {
  it('[FR10] counts presence apart, and refuses what is too much of it', async () => {
    const { alice, bob, writer } = await createScene({ socketAwareness: slow, socketPushes: slow })
    for (let i = 0; i < 8; i++) await alice.say({ type: 'awareness', envelope: writer.awareness().envelope })
    expect(bob.all('awareness')).toHaveLength(5)
    expect(alice.all('nack').map((nack) => nack.code)).toEqual([42900, 42900, 42900])
    await alice.say(pushOf(writer.update()))
    expect(alice.all('ack')).toHaveLength(1)
  })

  it('[H6] refuses requests without end, creates nothing for them, and closes all the same', async () => {
    const { world, alice, document } = await createScene({ socketRequests: slow })
    for (let i = 0; i < 4; i++) await alice.say({ type: 'ping', nonce: i })
    await alice.say({ type: 'ping', nonce: 9 })
    expect(alice.all('nack')).toMatchObject([{ refused: 0x0e, code: 42900 }])
    alice.take()
    await alice.say({ type: 'close', document: document.id })
    await alice.say({ type: 'push', envelopes: [new TestWriter(document, alice.device).update().envelope] })
    expect(alice.all('nack').map((nack) => nack.code)).toEqual([42900, 40911])
    for (let i = 0; i < 10_000; i++) alice.connection?.receive(new Uint8Array([0x0e, 0, 0, 0, 0]))
    await world.flush()
    expect(alice.closed).toMatchObject({ code: 4529 })
  })
})

describe('quotas', () => {
  it('[H11] lets one person make so many documents an hour', async () => {
    const world = await CoreWorld.start({ limits: { subjectCreationsPerHour: 3 } })
    const made: string[] = []
    for (let i = 0; i < 5; i++) {
      const document = createRoomDocument()
      const peer = await world.opened(document.id, ALL)
      await peer.say({ type: 'push', envelopes: [new TestWriter(document, peer.device).genesis().envelope] })
      made.push(peer.all('nack')[0]?.retryAfterMs === 1_200_000 ? 'waits' : (peer.frames[0]?.type ?? ''))
    }
    expect(made).toEqual(['ack', 'ack', 'ack', 'waits', 'waits'])
  })

  it('[H11] takes no more than a document may hold, says how much is left, and remembers after a restart', async () => {
    const { world, document, alice, writer } = await createScene({ documentBytes: 1_500 })
    for (const update of writer.updates(8)) await alice.say(pushOf(update))
    const acks = alice.all('ack').length
    expect(acks).toBeGreaterThan(1)
    const nacks = alice.all('nack')
    expect(nacks.map((nack) => nack.code)).toEqual(nacks.map(() => 41300))
    expect(nacks).toHaveLength(8 - acks)
    expect(nacks[0]?.detail).toBeLessThan(272)
    expect(alice.closed).toBeNull()
    const again = await CoreWorld.start({ limits: { documentBytes: 1_500 }, store: world.store })
    const bob = await again.opened(document.id, ALL)
    await bob.say(pushOf(new TestWriter(document, bob.device).bind()))
    expect(bob.all('nack')).toMatchObject([{ code: 41300 }])
  })

  it('[H11] counts entries of a document too', async () => {
    const { alice, writer } = await createScene({ documentEntries: 3 })
    for (const update of writer.updates(4)) await alice.say(pushOf(update))
    expect(alice.frames.map((frame) => (frame.type === 'nack' ? frame.code : frame.type))).toEqual([
      'ack',
      'ack',
      41300,
      41300,
    ])
  })
})
