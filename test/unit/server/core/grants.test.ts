import {
  cryptoReady,
  documentIdOf,
  encodeClientFrame,
  genesisHash,
  KIND,
  sodiumSha512,
  startTranscript,
  type Bytes,
  type ClientFrame,
} from '@y-sealed/protocol'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Permission } from '../../../../server/core/ports.ts'
import { ALL, CoreWorld, createDocument, type CorePeer } from '../../../support/core-world.ts'
import { fuzzRuns } from '../../../support/fuzz-runs.ts'
import { createTestDevice } from '../../../support/raw-client.ts'
import { createMembersDocument, createRoomDocument, TestWriter } from '../../../support/room-document.ts'

await cryptoReady()

async function createScene() {
  const world = await CoreWorld.start()
  const document = createRoomDocument()
  const alice = await world.opened(document.id)
  const writer = new TestWriter(document, alice.device)
  await createDocument(alice, writer)
  return { world, document, alice, writer }
}

const update = (writer: TestWriter): ClientFrame => ({ type: 'push', envelopes: [writer.update().envelope] })

describe('refresh', () => {
  it('[AU7] [D29] replaces the grant, never adds to it', async () => {
    const { world, document, alice, writer } = await createScene()
    await alice.say({ type: 'refresh', document: document.id, token: world.token(document.id, ['read', 'delete']) })
    expect(alice.take()).toMatchObject([{ type: 'refreshed', role: 'none', permissions: 1 + 64 }])
    await alice.say(update(writer))
    expect(alice.take()).toMatchObject([{ type: 'nack', code: 40300 }])
  })

  it('[D28] refuses another document, another subject, an older token or a bad one, and leaves the old grant', async () => {
    const { world, document, alice, writer } = await createScene()
    const other = createRoomDocument()
    const tokens = [
      world.token(other.id),
      world.token(document.id, ALL, { subject: 'mallory' }),
      world.token(document.id, ALL, { issuedAtMs: world.clock.now() - 1 }),
      world.token(document.id, ALL, { device: createTestDevice().id }),
      'no-token',
    ]
    for (const token of tokens) {
      await alice.say({ type: 'refresh', document: document.id, token })
      expect(alice.take()).toMatchObject([{ type: 'nack', refused: 9, code: 40100 }])
    }
    await alice.say(update(writer))
    expect(alice.take()).toMatchObject([{ type: 'ack' }])
  })

  it('[D29] does not strike out a client whose pushes were on their way when its grant shrank', async () => {
    const { world, document, alice, writer } = await createScene()
    await alice.say({ type: 'refresh', document: document.id, token: world.token(document.id, ['read']) })
    for (let i = 0; i < 64; i++) await alice.say(update(writer))
    expect(alice.all('nack')).toHaveLength(64)
    expect(alice.closed).toBeNull()
    await world.pass(11_000)
    for (let i = 0; i < 10; i++) await alice.say(update(writer))
    expect(alice.closed).toMatchObject({ code: 4529 })
  })
})

describe('strikes', () => {
  it('[FR21] ends a socket with 4529 at ten refusals within a minute', async () => {
    const { world, alice } = await createScene()
    const unknown = createRoomDocument().id
    for (let i = 0; i < 9; i++) await alice.say({ type: 'read', document: unknown, after: 0, maxBytes: 1 })
    await world.pass(60_000)
    for (let i = 0; i < 9; i++) await alice.say({ type: 'read', document: unknown, after: 0, maxBytes: 1 })
    expect(alice.closed).toBeNull()
    await alice.say({ type: 'read', document: unknown, after: 0, maxBytes: 1 })
    expect(alice.closed).toMatchObject({ code: 4529 })
  })

  it('counts no gap: pushes behind a refused one are refused with it', async () => {
    const { alice, writer } = await createScene()
    writer.update()
    for (let i = 0; i < 30; i++) await alice.say(update(writer))
    expect(alice.all('nack')).toHaveLength(30)
    expect(alice.closed).toBeNull()
  })
})

describe('genesis', () => {
  it('[KM3] [KM14] [KM15] makes a document, of either mode, and only once', async () => {
    for (const mode of ['members', 'shared-key'] as const) {
      const world = await CoreWorld.start()
      const device = createTestDevice()
      const document = mode === 'members' ? createMembersDocument(device) : createRoomDocument()
      const alice = await world.opened(document.id, ALL, device)
      const genesis = new TestWriter(document, device).genesis()
      await alice.say({ type: 'push', envelopes: [genesis.envelope] })
      expect(alice.take()).toMatchObject([{ type: 'ack', counter: 1, seq: 1 }])
      const [row] = await world.store.status([document.id])
      expect(row).toMatchObject({ mode, genesisHash: document.genesisHash, recordHead: genesis.id, epoch: 1 })
      expect(await world.store.roleOf(document.id, device.id)).toBe(mode === 'members' ? 'admin' : 'none')
      // [F11] the same again is the same ACK; another is too late.
      await alice.say({ type: 'push', envelopes: [genesis.envelope] })
      expect(alice.take()).toMatchObject([{ type: 'ack', counter: 1, seq: 1 }])
      await alice.say({ type: 'push', envelopes: [new TestWriter(document, device).genesis().envelope] })
      expect(alice.take()).toMatchObject([{ type: 'nack', code: 40908 }])
    }
  })

  it('[F19] [KM1] [KM3] refuses one that does not hold in every respect', async () => {
    const device = createTestDevice()
    const members = createMembersDocument(device)
    const room = createRoomDocument()
    const stranger = createTestDevice()
    const flip = (bytes: Bytes, at: number): Bytes => {
      const copy = bytes.slice()
      copy[at] = (copy[at] as number) ^ 1
      return copy
    }
    /** A genesis record sealed as told. */
    const make = (document: typeof room, author = device, body = document.body, seen = document.start): Bytes =>
      new TestWriter(document, author, seen).session.sealEntry(KIND.record, body, document.key, seen).envelope.bytes
    const other = createRoomDocument()
    const otherKey = { ...room, key: createRoomDocument().key }
    const cases: [string, typeof room, Bytes][] = [
      ['a signature that is wrong', room, flip(make(room), make(room).length - 1)],
      ['a signature that is zero', room, make(room).fill(0, -64)],
      ['a body that does not hash to the id', room, make({ ...other, id: room.id })],
      ['a seen that is not T_0', room, make(room, device, room.body, { seq: 0, transcript: new Uint8Array(32) })],
      ['a body that is no genesis', room, make(room, device, flip(room.body, 33))],
      ['the commitment of another key', room, make(otherKey)],
      ['a certificate of another device', members, make(members, stranger)],
    ]
    for (const [why, document, bytes] of cases) {
      const world = await CoreWorld.start()
      const author = why.startsWith('a certificate') ? stranger : device
      const peer = await world.opened(document.id, ALL, author)
      await peer.say(new Uint8Array([6, ...bytes]))
      expect([why, peer.take()]).toMatchObject([why, [{ type: 'nack', refused: 6, code: 40000 }]])
      expect(await world.store.status([document.id])).toEqual([null])
    }
  })

  it('[KM9] refuses a certificate whose own signature is wrong, though its hash is the id', async () => {
    const device = createTestDevice()
    const good = createMembersDocument(device)
    const world = await CoreWorld.start()
    const spoilt = good.body.slice()
    // The certificate's signature: type, record-prev, mode, suite, salt, two keys.
    spoilt[1 + 32 + 2 + 16 + 64] = (spoilt[1 + 32 + 2 + 16 + 64] as number) ^ 1
    const hash = genesisHash(sodiumSha512, spoilt)
    const start = { seq: 0, transcript: startTranscript(sodiumSha512, hash) }
    const document = { ...good, id: documentIdOf(hash), genesisHash: hash, body: spoilt, start }
    const peer = await world.opened(document.id, ALL, device)
    await peer.say({ type: 'push', envelopes: [new TestWriter(document, device).genesis().envelope] })
    expect(peer.take()).toMatchObject([{ type: 'nack', code: 40000 }])
  })
})

describe('delete', () => {
  it('[FR12] [G15] leaves a tombstone, tells everybody, and the id is used up', async () => {
    const { world, document, alice, writer } = await createScene()
    const bob = await world.opened(document.id, ['read'])
    await alice.say({ type: 'delete', document: document.id })
    for (const peer of [alice, bob])
      expect(peer.take()).toMatchObject([{ type: 'closed', code: 41000, retryAfterMs: 0 }])
    await alice.say(update(writer))
    expect(alice.take()).toMatchObject([{ type: 'nack', code: 40911 }])
    await alice.open(document.id)
    expect(alice.take()).toMatchObject([{ type: 'nack', refused: 2, code: 41000 }])
    const fresh = await world.peer(document.id)
    await fresh.open(document.id)
    expect(fresh.take()).toMatchObject([{ type: 'nack', refused: 2, code: 41000 }])
  })

  it('[FR12] answers what was on its way to the store with DELETED', async () => {
    const { world, document, alice } = await createScene()
    const bob = await world.opened(document.id)
    alice.connection?.receive(encodeClientFrame({ type: 'delete', document: document.id }))
    await bob.say(update(new TestWriter(document, bob.device)))
    await world.flush()
    expect(bob.frames.map((frame) => frame.type).sort()).toEqual(['closed', 'nack'])
    expect(alice.all('closed')).toHaveLength(1)
  })
})

describe('who is sent what', () => {
  it('[G12] is decided at each delivery, by the grant in force then', async () => {
    const permissions: fc.Arbitrary<Permission[]> = fc.uniqueArray(fc.constantFrom(...ALL), { minLength: 1 })
    const step = fc.record({ who: fc.nat(3), permissions, afterMs: fc.nat(4000) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { world, document, alice, writer } = await createScene()
        const long = world.clock.now() + 500_000
        await alice.say({
          type: 'refresh',
          document: document.id,
          token: world.token(document.id, ALL, { expiresAtMs: long }),
        })
        const peers: CorePeer[] = []
        const mayReadUntilMs: number[] = []
        for (let i = 0; i < 4; i++) {
          peers.push(await world.opened(document.id))
          mayReadUntilMs.push(world.clock.now() + 300_000)
        }
        for (const { who, permissions, afterMs } of steps) {
          const expiresAtMs = world.clock.now() + 3000
          const token = world.token(document.id, permissions, { expiresAtMs })
          await peers[who]?.say({ type: 'refresh', document: document.id, token })
          const isRefreshed = peers[who]?.take().some((frame) => frame.type === 'refreshed')
          if (isRefreshed === true) mayReadUntilMs[who] = permissions.includes('read') ? expiresAtMs + 5000 : 0
          world.clock.advance(afterMs)
          await world.flush()
          for (const peer of peers) peer.take()
          await alice.say(update(writer))
          const now = world.clock.now()
          expect(peers.map((peer) => peer.seqs.length > 0)).toEqual(mayReadUntilMs.map((until) => now < until))
        }
      }),
      { numRuns: fuzzRuns(30) },
    )
  })
})
