import { cryptoReady, verifySignedHead, type Bytes } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import type { Store } from '../../../../server/core/ports.ts'
import { createMemoryStore } from '../../../../server/store/memory.ts'
import { ALL, CoreWorld, createDocument, type CorePeer } from '../../../support/core-world.ts'
import { createTestDevice } from '../../../support/raw-client.ts'
import {
  createMembersDocument,
  createRoomDocument,
  TestWriter,
  type TestDocument,
} from '../../../support/room-document.ts'

await cryptoReady()

async function createLog(count: number, options: Parameters<typeof CoreWorld.start>[0] = {}) {
  const world = await CoreWorld.start(options)
  const document = createRoomDocument()
  const alice = await world.opened(document.id)
  const writer = new TestWriter(document, alice.device)
  await createDocument(alice, writer)
  for (let i = 0; i < count; i++) await alice.say({ type: 'push', envelopes: [writer.update().envelope] })
  alice.take()
  return { world, document, alice, writer }
}

async function openAt(
  world: CoreWorld,
  document: TestDocument,
  cursorSeq: number,
  cursorTranscript: Bytes,
): Promise<CorePeer> {
  const peer = await world.peer(document.id)
  await peer.open(document.id, { cursorSeq, cursorTranscript })
  return peer
}

const kinds = (peer: CorePeer): string[] => peer.frames.map((frame) => frame.type)

describe('open', () => {
  it('[FR5] answers with a signed head, the records and the entries after the cursor, and says how far', async () => {
    const { world, document } = await createLog(3)
    const [row] = await world.store.status([document.id])
    const bob = await world.peer(document.id)
    await bob.open(document.id)
    expect(kinds(bob)).toEqual(['opened', 'records', 'entries'])
    const [opened] = bob.all('opened')
    expect(opened).toMatchObject({ present: true, role: 'none', permissions: 127, oldestSeq: 1, through: 4 })
    expect(opened?.head).toMatchObject({ seq: 4, transcript: row?.head.transcript })
    expect(opened !== undefined && verifySignedHead(document.id, opened.head, world.headKey.publicKey)).toBe(true)
    expect(bob.all('records')).toMatchObject([{ more: false, records: [{ seq: 1 }] }])
    expect(bob.seqs).toEqual([1, 2, 3, 4])
  })

  it('[FR6] goes on from a cursor in the log, and of one that is not tells the records alone', async () => {
    const { world, document } = await createLog(3)
    const [row] = await world.store.status([document.id])
    const at2 = (await world.store.transcriptAt(document.id, 2)) as Bytes
    const goesOn = await openAt(world, document, 2, at2)
    expect(goesOn.all('opened')).toMatchObject([{ through: 4 }])
    expect(goesOn.seqs).toEqual([3, 4])
    const atHead = await openAt(world, document, 4, row?.head.transcript as Bytes)
    expect(atHead.all('opened')).toMatchObject([{ through: 4 }])
    expect(atHead.seqs).toEqual([])
    const fresh = await openAt(world, document, 0, document.start.transcript)
    expect(fresh.seqs).toEqual([1, 2, 3, 4])
    for (const [seq, transcript] of [
      [5, at2],
      [2, row?.head.transcript as Bytes],
      [0, at2],
      [2 ** 53 - 1, at2],
    ] as const) {
      const lost = await openAt(world, document, seq, transcript)
      expect(lost.frames).toMatchObject([
        { type: 'opened', head: { seq: 4 }, through: 0 },
        { type: 'records', more: false, records: [{ seq: 1 }] },
      ])
    }
  })

  it('[FR5] leaves the records out that the client has', async () => {
    const { world, document } = await createLog(0)
    const [row] = await world.store.status([document.id])
    const bob = await world.peer(document.id)
    await bob.open(document.id, { recordHead: row?.recordHead as Bytes })
    expect(bob.all('records')).toMatchObject([{ more: false, records: [] }])
  })

  it('[FR5] [FR7] sends inline what fits a page, and the rest to whoever asks', async () => {
    const { world, document, alice, writer } = await createLog(9, { limits: { pageBytes: 800 } })
    const bob = await world.peer(document.id)
    await bob.open(document.id)
    const [opened] = bob.all('opened')
    expect(opened).toMatchObject({ head: { seq: 10 } })
    const through = opened?.through ?? 0
    expect(through).toBeLessThan(10)
    expect(bob.seqs.at(-1)).toBe(through)
    // What is appended meanwhile comes live; what lies between is the client's to read.
    await alice.say({ type: 'push', envelopes: [writer.update().envelope] })
    expect(bob.take().at(-1)).toMatchObject({ type: 'entries', seq: 11 })
    let after = through
    while (after < 10) {
      await bob.say({ type: 'read', document: document.id, after, maxBytes: 1 })
      expect(bob.take()).toMatchObject([
        { type: 'entries', seq: after + 1 },
        { type: 'read-done', through: after + 1, headSeq: 11 },
      ])
      after += 1
    }
    await bob.say({ type: 'read', document: document.id, after: 11, maxBytes: 1000 })
    expect(bob.take()).toMatchObject([{ type: 'read-done', through: 11, headSeq: 11 }])
  })

  it('[FR5] says that a document does not exist to those who may create it, and refuses the others', async () => {
    const world = await CoreWorld.start()
    const document = createRoomDocument()
    const maker = await world.peer(document.id, ['create', 'write'])
    await maker.open(document.id)
    expect(maker.frames).toMatchObject([{ type: 'opened', present: false, head: { seq: 0 }, through: 0, oldestSeq: 0 }])
    const other = await world.peer(document.id, ['read', 'write'])
    await other.open(document.id)
    expect(other.frames).toMatchObject([{ type: 'nack', refused: 2, code: 40400 }])
  })

  it('[FR8] [KM10] tells those who waited for it when a document comes into being, and only those who may know', async () => {
    const world = await CoreWorld.start()
    const creator = createTestDevice()
    const document = createMembersDocument(creator)
    const alice = await world.opened(document.id, ALL, creator)
    const second = await world.opened(document.id, ALL, creator)
    const stranger = await world.opened(document.id, ALL)
    await createDocument(alice, new TestWriter(document, creator))
    expect(second.seqs).toEqual([1])
    expect(stranger.frames).toEqual([])
  })

  it('[FR6] gives those who may only create no entries and no records', async () => {
    const { world, document } = await createLog(2)
    const maker = await world.peer(document.id, ['create'])
    await maker.open(document.id)
    expect(maker.frames).toMatchObject([{ type: 'opened', present: true, head: { seq: 3 }, through: 0 }])
  })

  it('[G7] [FR13] refuses a document twice, closes an unknown one in silence, and opens sixteen', async () => {
    const { world, document, alice } = await createLog(0)
    await alice.open(document.id)
    expect(alice.take()).toMatchObject([{ type: 'nack', refused: 2, code: 40909 }])
    await alice.say({ type: 'close', document: createRoomDocument().id })
    expect(alice.take()).toEqual([])
    for (let i = 2; i <= 17; i++) {
      const { id } = createRoomDocument()
      await alice.open(id, { token: world.token(id) })
    }
    expect(alice.all('opened')).toHaveLength(15)
    expect(alice.all('nack')).toMatchObject([{ refused: 2, code: 42900, retryAfterMs: 1000 }])
    await alice.say({ type: 'close', document: document.id })
    alice.take()
    await alice.open(document.id)
    expect(kinds(alice)).toEqual(['opened', 'records', 'entries'])
  })

  it('[FR13] says nothing more of a document that was closed while it was being opened', async () => {
    const memory = createMemoryStore()
    let release = (): void => {}
    let isSlow = false
    const store: Store = {
      ...memory,
      async status(ids) {
        if (isSlow) await new Promise<void>((resolve) => (release = resolve))
        return memory.status(ids)
      },
    }
    const { world, document, alice, writer } = await createLog(1, { store })
    const bob = await world.peer(document.id)
    isSlow = true
    await bob.open(document.id)
    await bob.say({ type: 'close', document: document.id })
    isSlow = false
    release()
    await world.flush()
    await alice.say({ type: 'push', envelopes: [writer.update().envelope] })
    expect(bob.frames).toEqual([])
    await bob.open(document.id)
    expect(bob.seqs).toEqual([1, 2, 3])
  })

  it('[FR13] opens nothing that was closed while its token was being judged', async () => {
    const { world, document, alice, writer } = await createLog(0)
    const bob = await world.peer(document.id)
    void bob.open(document.id)
    await bob.say({ type: 'close', document: document.id })
    await alice.say({ type: 'push', envelopes: [writer.update().envelope] })
    expect(bob.frames).toEqual([])
    await bob.open(document.id)
    expect(bob.seqs).toEqual([1, 2])
  })

  it('[FR20] answers UNAVAILABLE when the store fails, and opens later', async () => {
    const memory = createMemoryStore()
    let isBroken = false
    const store: Store = {
      ...memory,
      status: (ids) => (isBroken ? Promise.reject(new Error('disk')) : memory.status(ids)),
    }
    const { world, document } = await createLog(1, { store })
    const other = createRoomDocument()
    const bob = await world.peer(document.id)
    isBroken = true
    await bob.open(document.id)
    await bob.open(other.id, { token: world.token(other.id) })
    const refused = { type: 'nack', refused: 2, code: 50300, retryAfterMs: 1000 }
    expect(bob.take()).toMatchObject([refused, refused])
    isBroken = false
    await bob.open(document.id)
    await bob.open(other.id, { token: world.token(other.id) })
    expect(bob.all('opened')).toHaveLength(2)
  })
})
