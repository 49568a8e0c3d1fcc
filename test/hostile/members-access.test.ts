/**
 * Rows G3, G10 and the members' part of D24 against a relay over TLS: tokens that do not reach so far, and members who are members no
 * more.
 */
import { cryptoReady } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import type { Permission } from '../../server/core/ports.ts'
import { createCast, pushBytes } from '../support/members/member-cast.ts'
import { expectUnharmed } from '../support/members/member-relay.ts'
import { linkFields, roleFields } from '../support/members/test-member-log.ts'
import { createTestDevice } from '../support/raw-client.ts'
import { TestWriter } from '../support/room-document.ts'
import { startStallClock } from '../support/stall-clock.ts'

await cryptoReady()

describe('T14 [G3] a token that does not say members', () => {
  it.each<{ readonly permissions: readonly Permission[] }>([
    { permissions: ['read'] },
    { permissions: ['write'] },
    { permissions: ['read', 'write', 'awareness', 'snapshot', 'create', 'delete'] },
  ])('changes nobody else’s membership, though its holder is an admin: $permissions', async ({ permissions }) => {
    const { scene, admin, reader, link } = await createCast()
    const { document } = scene
    const client = await scene.open(admin, permissions)
    for (const envelope of [
      document.add(createTestDevice(), 'reader', admin),
      document.make(admin, roleFields(reader.id, 'writer')),
      document.make(admin, linkFields(createTestDevice(), 'reader')),
      document.make(admin, { type: 'revoke-link', link: link.id, rotation: document.rotation() }),
      document.remove([reader], admin),
    ]) {
      client.sendBytes(pushBytes(envelope.bytes))
      expect([envelope.sealed[0], (await client.nextOf('nack')).code]).toEqual([envelope.sealed[0], 40300])
    }
    await expectUnharmed(scene)
  })
})

describe('T14 [G10] [AU13] whoever is removed', () => {
  it('is sent that record last, on every socket, then CLOSED, within a second', async () => {
    const { scene, writer } = await createCast()
    const { document } = scene
    const sockets = [await scene.open(writer), await scene.open(writer, ['read'])]
    for (const socket of sockets) await socket.settle()
    const removal = document.remove([writer])
    const freeMs = startStallClock()
    const seq = await scene.must(removal)
    const alice = new TestWriter(document.document(), document.creator)
    scene.alice.send({ type: 'push', envelopes: [alice.bind().envelope] })
    for (const socket of sockets) {
      expect(await socket.nextOf('entries')).toMatchObject({ seq })
      expect(await socket.next()).toMatchObject({ type: 'closed', code: 40300 })
    }
    expect(freeMs()).toBeLessThan(1_000)
    await scene.alice.nextOf('ack')
    for (const socket of sockets) {
      await socket.settle()
      expect(socket.frames.slice(-2).map(({ type }) => type)).toEqual(['closed', 'pong'])
    }
  })

  it('[D24] may not come back, with whatever token is still good', async () => {
    const { scene, writer } = await createCast()
    const { document } = scene
    const token = scene.relay.token(document.id, writer, ['read', 'write'], { sub: 'writer' })
    await scene.must(document.remove([writer]))
    await scene.hush()
    const client = await scene.relay.client({ document: document.id, device: writer, token })
    client.open(document.id)
    expect(await client.nextOf('nack')).toMatchObject({ refused: 2, code: 40300 })
    client.send({ type: 'push', envelopes: [document.writer(writer).bind().envelope] })
    expect(await client.nextOf('nack')).toMatchObject({ code: 40911 })
    await expectUnharmed(scene)
  })
})
