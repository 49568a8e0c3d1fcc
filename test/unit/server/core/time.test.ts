import { cryptoReady, verifySignedHead } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { ALL, CoreWorld, createDocument } from '../../../support/core-world.ts'
import { createRoomDocument, TestWriter } from '../../../support/room-document.ts'
import { createTestClock } from '../../../support/tokens.ts'

await cryptoReady()

async function createScene() {
  const world = await CoreWorld.start()
  const document = createRoomDocument()
  const alice = await world.opened(document.id, ALL)
  const writer = new TestWriter(document, alice.device)
  await createDocument(alice, writer)
  return { world, document, alice, writer }
}

describe('time', () => {
  it('[AU7] [D27] closes a document within a second of the end of its grant, tolerance included', async () => {
    const { world, document, writer, alice } = await createScene()
    const bob = await world.opened(document.id, ['read'])
    const token = world.token(document.id, ['read'], { expiresAtMs: world.clock.now() + 10_000 })
    await bob.say({ type: 'refresh', document: document.id, token })
    bob.take()
    await world.pass(14_750)
    expect(bob.all('closed')).toEqual([])
    await world.pass(1000)
    expect(bob.all('closed')).toMatchObject([{ document: document.id, code: 40100 }])
    bob.take()
    await alice.say({ type: 'push', envelopes: [writer.update().envelope] })
    expect(bob.frames).toEqual([])
    expect(bob.closed).toBeNull()
  })

  it('[AU7] asks at each action, not at each tick alone', async () => {
    const { world, document, alice, writer } = await createScene()
    const bob = await world.opened(document.id, ['read', 'write'])
    // The wall clock jumps: no tick has come.
    world.clock.stepWall(305_000)
    await alice.say({ type: 'push', envelopes: [writer.update().envelope] })
    expect(bob.frames).toEqual([])
    expect(alice.take()).toMatchObject([
      { type: 'nack', refused: 6, code: 40100 },
      { type: 'closed', code: 40100 },
    ])
    expect(alice.closed).toBeNull()
    expect((await world.store.status([document.id]))[0]?.head.seq).toBe(1)
  })

  it('[D27] ends a socket with 4401 when its token is over and no document is left on it', async () => {
    const { world, document } = await createScene()
    const idle = await world.peer(document.id)
    const busy = await world.opened(document.id)
    const longer = world.token(document.id, ALL, { expiresAtMs: world.clock.now() + 400_000 })
    await busy.say({ type: 'refresh', document: document.id, token: longer })
    await world.pass(304_750)
    expect(idle.closed).toBeNull()
    await world.pass(500)
    expect(idle.closed).toMatchObject({ code: 4401 })
    expect(busy.closed).toBeNull()
    await world.pass(101_000)
    expect(busy.all('closed')).toMatchObject([{ code: 40100 }])
    expect(busy.closed).toMatchObject({ code: 4401 })
  })

  it('[FR11] sends heartbeats, each socket at its own moment, and one bytes for a tick', async () => {
    const world = await CoreWorld.start()
    const document = createRoomDocument()
    const peers = await Promise.all(Array.from({ length: 20 }, () => world.peer(document.id)))
    const ticks = new Map<number, number>()
    for (let tick = 0; tick < 60; tick++) {
      const before = peers.filter((peer) => peer.all('heartbeat').length > 0).length
      await world.pass(250)
      const beats = peers.filter((peer) => peer.all('heartbeat').length > 0).length - before
      if (beats > 0) ticks.set(tick, beats)
    }
    expect(peers.every((peer) => peer.all('heartbeat').length >= 1)).toBe(true)
    expect(Math.max(...ticks.values())).toBeLessThanOrEqual(2)
    for (const peer of peers) peer.take()
    await world.pass(15_000)
    for (const peer of peers) expect(peer.all('heartbeat')).toHaveLength(1)
  })

  it('[FR11] tells a changing document’s signed head at most every ten seconds, and a silent one’s never', async () => {
    const { world, document, alice, writer } = await createScene()
    const bob = await world.opened(document.id)
    for (let i = 0; i < 30; i++) {
      await alice.say({ type: 'push', envelopes: [writer.update().envelope] })
      await world.pass(1000)
    }
    const heads = bob.all('head')
    expect(heads.length).toBeGreaterThanOrEqual(2)
    expect(heads.length).toBeLessThanOrEqual(3)
    for (const { head } of heads) expect(verifySignedHead(document.id, head, world.headKey.publicKey)).toBe(true)
    await world.pass(11_000)
    const { length } = bob.all('head')
    await world.pass(60_000)
    expect(bob.all('head')).toHaveLength(length)
    expect(bob.all('head').at(-1)?.head.seq).toBe(31)
  })

  it('has one timer for all sockets, and none while nobody is there', async () => {
    const clock = createTestClock()
    let timers = 0
    const counting: typeof clock = {
      ...clock,
      after(delayMs, callback) {
        timers++
        const cancel = clock.after(delayMs, () => {
          timers--
          callback()
        })
        return () => {
          timers--
          cancel()
        }
      },
    }
    const world = await CoreWorld.start({ clock: counting })
    const document = createRoomDocument()
    const peers = await Promise.all(Array.from({ length: 9 }, () => world.opened(document.id)))
    expect(timers).toBe(1)
    await world.pass(5000)
    expect(timers).toBe(1)
    for (const peer of peers) peer.leave()
    expect(timers).toBe(0)
  })

  it('[FR4] [FR11] says goodbye on drain, and signs for what it has', async () => {
    const { world, alice } = await createScene()
    world.room.drain(1000, 4000)
    await world.flush()
    expect(alice.take()).toMatchObject([
      { type: 'goaway', retryAfterMs: 1000, jitterMs: 4000 },
      { type: 'head', head: { seq: 1 } },
    ])
    world.room.close()
    expect(alice.closed).toMatchObject({ code: 1001 })
  })
})
