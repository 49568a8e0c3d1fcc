/** A peer that reads slowly: live delivery stops, it reads by itself, and live delivery goes on without a hole. */
import { cryptoReady, KIND } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { ALL, CoreWorld, createDocument } from '../../../support/core-world.ts'
import { createRoomDocument, TestWriter } from '../../../support/room-document.ts'

await cryptoReady()

async function createScene() {
  const world = await CoreWorld.start({ limits: { liveQueueBytes: 1_000 } })
  const document = createRoomDocument()
  const alice = await world.opened(document.id, ALL)
  const bob = await world.opened(document.id, ALL)
  const writer = new TestWriter(document, alice.device)
  await createDocument(alice, writer)
  bob.take()
  const type = async (count = 1): Promise<void> => {
    for (const { envelope } of writer.updates(count)) await alice.say({ type: 'push', envelopes: [envelope] })
  }
  const read = (after: number): Promise<void> =>
    bob.say({ type: 'read', document: document.id, after, maxBytes: 262_144 })
  return { world, document, alice, bob, writer, type, read }
}

describe('a slow reader', () => {
  it('[FR14] [H5] is told once where live delivery stopped, and is sent nothing live from then on', async () => {
    const { document, alice, bob, writer, type } = await createScene()
    await type(2)
    expect(bob.seqs).toEqual([2, 3])
    bob.take()
    bob.bufferedBytes = 1_001
    await type(3)
    await alice.say({ type: 'awareness', envelope: writer.awareness().envelope })
    expect(bob.take()).toEqual([{ type: 'lagged', document: document.id, through: 3 }])
    // The writer is not held up.
    expect(alice.all('ack')).toHaveLength(5)
    expect(bob.closed).toBeNull()
  })

  it('[FR14] is sent everything after the READ that reached the head, and nothing twice', async () => {
    const { bob, type, read } = await createScene()
    bob.bufferedBytes = 1_001
    await type(3)
    bob.bufferedBytes = 0
    await type(1)
    // What waited has gone, but nobody has asked for the rest yet.
    expect(bob.frames.map((frame) => frame.type)).toEqual(['lagged'])
    bob.take()
    await read(1)
    expect(bob.seqs).toEqual([2, 3, 4, 5])
    expect(bob.all('read-done')).toMatchObject([{ through: 5, headSeq: 5 }])
    bob.take()
    await type(2)
    expect(bob.seqs).toEqual([6, 7])
  })

  it('[FR14] stays behind until a READ has reached the head', async () => {
    const { document, bob, type } = await createScene()
    bob.bufferedBytes = 1_001
    await type(4)
    bob.bufferedBytes = 0
    bob.take()
    await bob.say({ type: 'read', document: document.id, after: 1, maxBytes: 1 })
    expect(bob.all('read-done')).toMatchObject([{ through: 2, headSeq: 5 }])
    await type(1)
    expect(bob.seqs).toEqual([2])
    await bob.say({ type: 'read', document: document.id, after: 1_000_000, maxBytes: 1 })
    bob.take()
    await type(1)
    // Whoever claims to have read what there is not is not spared what comes.
    expect(bob.seqs).toEqual([7])
  })

  it('[FR14] gets its own ACKs, and others what it writes', async () => {
    const { document, alice, bob, type, writer } = await createScene()
    bob.bufferedBytes = 1_001
    await type(1)
    alice.take()
    bob.take()
    const own = new TestWriter(document, bob.device, writer.seen)
    await bob.say({ type: 'push', envelopes: [own.bind().envelope] })
    expect(bob.take()).toMatchObject([{ type: 'ack', seq: 3 }])
    expect(alice.seqs).toEqual([3])
  })

  it('[FR7] [H5] is not given pages on top of pages that it does not take', async () => {
    const { bob, read } = await createScene()
    bob.bufferedBytes = 1_001
    for (let i = 0; i < 20; i++) await read(0)
    expect(new Set(bob.all('nack').map((nack) => nack.code))).toEqual(new Set([42900]))
    expect(bob.seqs).toEqual([])
    expect(bob.closed).toBeNull()
  })

  it('[FR14] begins again when it lags again, and each document by itself', async () => {
    const { world, document, bob, type, read } = await createScene()
    for (const through of [1, 3, 5]) {
      bob.bufferedBytes = 1_001
      await type(2)
      expect(bob.all('lagged')).toEqual([{ type: 'lagged', document: document.id, through }])
      bob.bufferedBytes = 0
      await read(through)
      bob.take()
    }
    const other = createRoomDocument()
    const carol = await world.opened(other.id, ALL)
    const token = world.token(other.id, ALL)
    await bob.open(other.id, { token })
    bob.take()
    bob.bufferedBytes = 1_001
    await type(1)
    bob.bufferedBytes = 0
    await carol.say({ type: 'push', envelopes: [new TestWriter(other, carol.device).genesis().envelope] })
    expect(bob.all('lagged')).toMatchObject([{ document: document.id }])
    expect(bob.all('entries').map((frame) => frame.envelopes[0]?.kind)).toEqual([KIND.record])
  })
})
