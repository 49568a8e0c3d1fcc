/** A grant that is taken back in the very turn in which its holder writes. */
import { cryptoReady, encodeClientFrame } from '@y-sealed/protocol'
import { expect, it } from 'vitest'

import { ALL, CoreWorld, createDocument } from '../../../support/core-world.ts'
import { createTestDevice } from '../../../support/raw-client.ts'
import { createRoomDocument, TestWriter } from '../../../support/room-document.ts'

await cryptoReady()

it('[G11] stores nothing that comes after a revocation, in the same turn, a thousand times', async () => {
  const revoked = new Set<string>()
  const unbound = { perSecond: 1e6, burst: 1e6 }
  const world = await CoreWorld.start({
    isRevoked: (grant) => revoked.has(grant.tokenId),
    limits: { writerPushes: unbound, socketPushes: unbound },
  })
  const document = createRoomDocument()
  const alice = await world.opened(document.id, ALL)
  await createDocument(alice, new TestWriter(document, alice.device))
  const device = createTestDevice()
  let stored = 1
  for (let round = 0; round < 1_000; round++) {
    const token = world.token(document.id, ['read', 'write'])
    const mallory = world.connect(token, device)
    await mallory.say(mallory.hello())
    await mallory.open(document.id)
    const writer = new TestWriter(document, device)
    const [before, after] = [writer.bind(), writer.update()].map(({ envelope }) =>
      encodeClientFrame({ type: 'push', envelopes: [envelope] }),
    ) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>]
    // One turn: nothing is awaited between the three.
    if (round % 2 === 0) mallory.connection?.receive(before)
    revoked.add(token)
    world.room.recheckGrants()
    mallory.connection?.receive(round % 2 === 0 ? after : before)
    await world.flush()
    if (round % 2 === 0) stored++
    mallory.leave()
  }
  expect((await world.store.status([document.id]))[0]?.head.seq).toBe(stored)
  expect(alice.closed).toBeNull()
})
