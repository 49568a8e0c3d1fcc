/**
 * Rows G of the security cases against a relay over TLS: what a token allows, frame by frame. The matrix in full is in
 * test/unit/server/core/authorise.test.ts.
 */
import { KIND } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import type { Permission } from '../../server/core/ports.ts'
import { createTestDevice, type RawClient } from '../support/raw-client.ts'
import { createRoomDocument, TestWriter, type TestDocument } from '../support/room-document.ts'
import { startTestRelay, type TestRelay } from '../support/test-relay.ts'
import { startStallClock } from '../support/stall-clock.ts'

interface Scene {
  readonly relay: TestRelay
  readonly document: TestDocument
  readonly alice: RawClient
  readonly writer: TestWriter
}

async function openAs(
  relay: TestRelay,
  document: TestDocument,
  permissions?: readonly Permission[],
): Promise<RawClient> {
  const client = await relay.client({ document: document.id, ...(permissions !== undefined && { permissions }) })
  client.open(document.id)
  await client.nextOf('opened')
  return client
}

async function createScene(): Promise<Scene> {
  const relay = await startTestRelay()
  const document = createRoomDocument()
  const alice = await openAs(relay, document)
  const writer = new TestWriter(document, alice.device)
  alice.send({ type: 'push', envelopes: [writer.genesis().envelope] })
  await alice.nextOf('ack')
  return { relay, document, alice, writer }
}

describe('authorisation', () => {
  it('T14 [G1] a token for one document opens no other, and does not tell whether it exists', async () => {
    const { relay, document } = await createScene()
    const mallory = await relay.client({ document: createRoomDocument().id })
    const answers: unknown[] = []
    for (const id of [document.id, createRoomDocument().id]) {
      mallory.open(id)
      const { document: asked, ...answer } = await mallory.nextOf('nack')
      expect(asked).toEqual(id)
      answers.push(answer)
    }
    expect(answers[0]).toMatchObject({ refused: 2, code: 40100, detail: 0 })
    expect(answers[0]).toEqual(answers[1])
  })

  it('T14 [G2] a token to read pushes nothing of any kind', async () => {
    const { relay, document } = await createScene()
    const reader = await openAs(relay, document, ['read'])
    const writer = new TestWriter(document, reader.device)
    const seal = (kind: 4 | 5 | 6, length: number) =>
      writer.session.sealEntry(kind, new Uint8Array(length).fill(2), document.key, writer.seen).envelope
    const envelopes = [writer.update().envelope, writer.bind().envelope, seal(4, 99), seal(5, 144), seal(6, 73)]
    for (const envelope of envelopes) {
      reader.send({ type: 'push', envelopes: [envelope] })
      expect([envelope.kind, (await reader.nextOf('nack')).code]).toEqual([envelope.kind, 40300])
    }
    reader.send({ type: 'delete', document: document.id })
    expect(await reader.nextOf('nack')).toMatchObject({ refused: 0x0b, code: 40300 })
    expect((await relay.store.status([document.id]))[0]).toMatchObject({ deleted: false, head: { seq: 1 } })
  })

  it('T14 [G4] [G5] a reader shows itself, as its own device only', async () => {
    const { relay, document, alice } = await createScene()
    const reader = await openAs(relay, document, ['read', 'awareness'])
    const own = new TestWriter(document, reader.device).awareness().envelope
    reader.send({ type: 'awareness', envelope: own })
    expect((await alice.nextOf('awareness')).envelope.bytes).toEqual(own.bytes)
    const foreign = new TestWriter(document, createTestDevice()).awareness().envelope
    reader.send({ type: 'awareness', envelope: foreign })
    expect(await reader.nextOf('nack')).toMatchObject({ refused: 8, code: 40300 })
    await alice.settle()
    expect(alice.frames.filter(({ type }) => type === 'awareness')).toHaveLength(1)
  })

  it('T14 [G6] nothing is pushed to a document that was closed, nor after the grant has shrunk', async () => {
    const { relay, document, alice, writer } = await createScene()
    const token = relay.token(document.id, alice.device, ['read'], { sub: 'alice' })
    alice.send({ type: 'refresh', document: document.id, token })
    expect(await alice.nextOf('refreshed')).toMatchObject({ permissions: 1 })
    alice.send({ type: 'push', envelopes: [writer.update().envelope] })
    expect(await alice.nextOf('nack')).toMatchObject({ code: 40300 })
    alice.send({ type: 'close', document: document.id })
    alice.send({ type: 'push', envelopes: [writer.update().envelope] })
    expect(await alice.nextOf('nack')).toMatchObject({ code: 40911 })
    expect((await relay.store.status([document.id]))[0]?.head.seq).toBe(1)
  })

  it('T14 [G7] a document is open once on a socket; closing another is no error', async () => {
    const { document, alice } = await createScene()
    alice.open(document.id)
    expect(await alice.nextOf('nack')).toMatchObject({ refused: 2, code: 40909 })
    alice.send({ type: 'close', document: createRoomDocument().id })
    alice.send({ type: 'close', document: document.id })
    alice.send({ type: 'close', document: document.id })
    alice.open(document.id)
    expect(await alice.nextOf('opened')).toMatchObject({ present: true })
  })

  it('T14 [G12] entries go to those who may read, and to nobody else', async () => {
    const { relay, document, alice, writer } = await createScene()
    const reader = await openAs(relay, document, ['read'])
    const others = await Promise.all(
      (['write', 'awareness', 'snapshot', 'members', 'create', 'delete'] as const).map((permission) =>
        openAs(relay, document, [permission]),
      ),
    )
    alice.send({ type: 'push', envelopes: [writer.update().envelope] })
    await reader.nextOf('entries')
    for (const other of others) {
      await other.settle()
      expect(other.frames.map(({ type }) => type)).toEqual(['welcome', 'opened', 'pong'])
    }
  })

  it('T14 [G15] a deleted document stays deleted, for everybody and for ever', async () => {
    const { relay, document, alice, writer } = await createScene()
    const bob = await openAs(relay, document)
    alice.send({ type: 'delete', document: document.id })
    for (const client of [alice, bob]) expect(await client.nextOf('closed')).toMatchObject({ code: 41000 })
    alice.send({ type: 'push', envelopes: [writer.update().envelope] })
    expect(await alice.nextOf('nack')).toMatchObject({ code: 40911 })
    const fresh = await relay.client({ document: document.id })
    fresh.open(document.id)
    expect(await fresh.nextOf('nack')).toMatchObject({ refused: 2, code: 41000 })
    fresh.send({ type: 'push', envelopes: [new TestWriter(document, fresh.device).genesis().envelope] })
    expect(await fresh.nextOf('nack')).toMatchObject({ code: 40911 })
  })

  it('T14 [D27] [AU7] a grant that ends closes its document within a second, and the socket with it', async () => {
    const { relay, document } = await createScene()
    const device = createTestDevice()
    const nowS = Math.floor(Date.now() / 1000)
    const freeMs = startStallClock()
    // Good for two seconds more, by the tolerance.
    const token = relay.token(document.id, device, ['read'], { iat: nowS - 60, exp: nowS - 3 })
    const client = await relay.client({ document: document.id, device, token })
    client.open(document.id)
    await client.nextOf('opened')
    expect(await client.nextOf('closed')).toMatchObject({ code: 40100 })
    expect((await client.ended).code).toBe(4401)
    // Two seconds that it is good, one to notice, and one because tokens count whole ones.
    expect(freeMs()).toBeLessThan(4_000)
  })

  it('[KM16] no record but the genesis counts where everybody holds the same key', async () => {
    const { relay, document, alice, writer } = await createScene()
    const { envelope } = writer.session.sealEntry(KIND.record, new Uint8Array(40).fill(2), document.key, writer.seen)
    alice.send({ type: 'push', envelopes: [envelope] })
    expect(await alice.nextOf('nack')).toMatchObject({ code: 40000 })
    expect((await relay.store.status([document.id]))[0]?.head.seq).toBe(1)
  })
})
