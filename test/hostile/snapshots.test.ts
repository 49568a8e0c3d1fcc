/** Rows F17, F18, G2 and H of the security cases for snapshots, against a relay over TLS with its database on disk. */
import {
  concatBytes,
  encodePublication,
  equalBytes,
  KIND,
  MAX_CHUNK_BYTES,
  type Bytes,
  type PutSnapshotFrame,
} from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import type { RelayLimits } from '../../server/core/limits.ts'
import type { Permission, Store } from '../../server/core/ports.ts'
import { openSqliteStore } from '../../server/store/sqlite/store.ts'
import { makeStorePath } from '../contract/store-directory.ts'
import { createTestDevice, type RawClient } from '../support/raw-client.ts'
import { createRoomDocument, TestWriter, type TestDocument } from '../support/room-document.ts'
import {
  piecesOf,
  sealAttestation,
  sealPublication,
  sealSnapshot,
  type SnapshotChoices,
  type TestSnapshot,
} from '../support/snapshot-author.ts'
import { startTestRelay, type TestRelay } from '../support/test-relay.ts'

interface Scene {
  readonly relay: TestRelay
  readonly store: Store
  readonly document: TestDocument
  readonly alice: RawClient
  readonly writer: TestWriter
}

async function openAs(
  relay: TestRelay,
  document: TestDocument,
  { permissions, subject = 'alice' }: { readonly permissions?: readonly Permission[]; readonly subject?: string } = {},
): Promise<RawClient> {
  const device = createTestDevice()
  const token = relay.token(document.id, device, permissions, { sub: subject })
  const client = await relay.client({ document: document.id, device, token })
  client.open(document.id)
  await client.nextOf('opened')
  return client
}

async function start(limits: Partial<RelayLimits> = {}): Promise<Scene> {
  const store = openSqliteStore({ path: makeStorePath() })
  const relay = await startTestRelay({ store, limits: { strikes: 1_000, socketsPerSubject: 100, ...limits } })
  onTestFinished(() => store.close())
  const document = createRoomDocument()
  const alice = await openAs(relay, document)
  const writer = new TestWriter(document, alice.device)
  for (const { envelope } of [writer.genesis(), ...writer.updates(9)]) {
    alice.send({ type: 'push', envelopes: [envelope] })
    await alice.nextOf('ack')
  }
  return { relay, store, document, alice, writer }
}

async function sealHere(
  { store, document }: Scene,
  { device }: RawClient,
  choices: SnapshotChoices = {},
): Promise<TestSnapshot> {
  const [status] = await store.status([document.id])
  return sealSnapshot(document, device, (status as NonNullable<typeof status>).head, choices)
}

async function upload(client: RawClient, snapshot: TestSnapshot): Promise<void> {
  for (const piece of piecesOf(snapshot)) {
    client.send(piece)
    await client.nextOf('snapshot-taken')
  }
}

async function pieceAnswer(client: RawClient, piece: PutSnapshotFrame): Promise<unknown> {
  client.send(piece)
  for (;;) {
    const frame = await client.next()
    if (frame.type === 'nack') return frame.code
    if (frame.type === 'snapshot-taken') return `has ${frame.nextOffset}`
  }
}

const put = (snapshot: TestSnapshot): PutSnapshotFrame => piecesOf(snapshot)[0] as PutSnapshotFrame

describe('snapshots of hostile writers', () => {
  it('T14 [G2] a token to read uploads, publishes and attests nothing', async () => {
    const scene = await start()
    const reader = await openAs(scene.relay, scene.document, { permissions: ['read', 'write'] })
    const snapshot = await sealHere(scene, reader)
    expect(await pieceAnswer(reader, put(snapshot))).toBe(40300)
    for (const seal of [sealPublication, sealAttestation]) {
      reader.send({ type: 'push', envelopes: [seal(scene.document, reader.device, snapshot.body)] })
      expect(await reader.nextOf('nack')).toMatchObject({ refused: 6, code: 40300 })
    }
    expect(await scene.store.snapshots.published(scene.document.id)).toEqual([])
  })

  it('T40 [F18] pieces that are missing, doubled, out of order or of another whole change nothing', async () => {
    const scene = await start()
    const { alice } = scene
    const snapshot = await sealHere(scene, alice, { size: 180_000 })
    const [one, two, three, four] = piecesOf(snapshot)
    if (one === undefined || two === undefined || three === undefined || four === undefined) throw new Error('four')
    expect(await pieceAnswer(alice, three)).toBe('has 0')
    expect(await pieceAnswer(alice, one)).toBe('has 57344')
    expect(await pieceAnswer(alice, one)).toBe('has 57344')
    expect(await pieceAnswer(alice, four)).toBe('has 57344')
    const longer = { ...two, total: two.total + 1 }
    expect(await pieceAnswer(alice, longer)).toBe(40000)
    expect(await pieceAnswer(alice, two)).toBe('has 114688')
    alice.send({ type: 'push', envelopes: [sealPublication(scene.document, alice.device, snapshot.body)] })
    expect(await alice.nextOf('nack')).toMatchObject({ code: 40913, detail: 114_688 })
    expect(await pieceAnswer(alice, three)).toBe('has 172032')
    expect(await pieceAnswer(alice, four)).toBe(`has ${snapshot.envelope.bytes.length}`)
    alice.send({ type: 'push', envelopes: [sealPublication(scene.document, alice.device, snapshot.body)] })
    await alice.nextOf('ack')
  })

  const frames: readonly (readonly [string, (frame: Bytes) => void])[] = [
    ['a total over 64 MiB', (frame) => frame.set([0x04, 0x00, 0x00, 0xbd], 49)],
    ['a piece beyond its total', (frame) => frame.set([0, 0, 0, 9], 49)],
    ['an offset beyond its total', (frame) => frame.set([0xff, 0xff, 0xff, 0xff], 53)],
    ['a crumb', (frame) => frame.set([0, 0, 0x20, 0], 49)],
  ]
  it.each(frames)('T16 [F18] %s closes with 4400', async (_, spoil) => {
    const scene = await start()
    const { document, alice } = scene
    const bytes = new Uint8Array(61 + 200)
    bytes[0] = 0x0c
    bytes.set(document.id, 1)
    bytes.set([0, 0, 0, 200], 49)
    bytes.set([0, 0, 0, 200], 57)
    spoil(bytes)
    alice.sendBytes(bytes)
    expect((await alice.ended).code).toBe(4400)
  })

  it('T40 [F18] what is no snapshot of one’s own, of this document and epoch is refused with its first piece', async () => {
    const scene = await start()
    const { alice } = scene
    const good = put(await sealHere(scene, alice))
    const other = put(await sealHere(scene, { device: createTestDevice() } as RawClient))
    const foreign = createRoomDocument()
    const elsewhere = put(sealSnapshot(foreign, alice.device, { seq: 1, transcript: randomBytes(32) }))
    const turned = (at: number): PutSnapshotFrame => {
      const bytes = good.bytes.slice()
      bytes[at] = (bytes[at] as number) ^ 2
      return { ...good, bytes }
    }
    expect(await pieceAnswer(alice, other)).toBe(40300)
    expect(await pieceAnswer(alice, { ...elsewhere, document: scene.document.id })).toBe(40300)
    expect(await pieceAnswer(alice, { ...good, bytes: randomBytes(good.total) })).toBe(40000)
    expect(await pieceAnswer(alice, turned(1))).toBe(40000)
    expect(await pieceAnswer(alice, turned(22))).toBe(40903)
    // The sealed part, the signature, another name.
    expect(await pieceAnswer(alice, turned(300))).toBe(40000)
    expect(await pieceAnswer(alice, turned(good.total - 1))).toBe(40000)
    expect(await pieceAnswer(alice, { ...good, snapshotId: randomBytes(32) })).toBe(40000)
    expect(await pieceAnswer(alice, good)).toBe(`has ${good.total}`)
  })

  it('T40 [F17] a snapshot of what the log is not is never in force, and nothing goes for it', async () => {
    const scene = await start({ trimAgeMs: 1, trimIntervalMs: 50 })
    const { document, alice, store } = scene
    const [status] = await store.status([document.id])
    const { seq, transcript } = (status as NonNullable<typeof status>).head
    const bob = await openAs(scene.relay, document, { subject: 'bob' })
    const wrong = [
      { seq: seq + 5, transcript: randomBytes(32) },
      { seq, transcript: randomBytes(32) },
      { seq: seq - 1, transcript },
    ]
    for (const at of wrong) {
      const snapshot = sealSnapshot(document, alice.device, at)
      await upload(alice, snapshot)
      const { envelope } = new TestWriter(document, alice.device).session.sealEntry(
        KIND.publication,
        encodePublication(snapshot.body),
        document.key,
        document.start,
      )
      alice.send({ type: 'push', envelopes: [envelope] })
      expect(await alice.nextOf('nack')).toMatchObject({ code: 40905 })
      bob.send({
        type: 'push',
        envelopes: [sealAttestation(document, bob.device, { ...snapshot.body, seq, transcript })],
      })
      expect(await bob.nextOf('nack')).toMatchObject({ code: 40913 })
    }
    await new Promise((resolve) => void setTimeout(resolve, 200))
    expect(await store.status([document.id])).toMatchObject([{ base: 0, head: { seq }, snapshots: { newest: null } }])
  })

  it('T40 [F17] one member alone, with however many devices, has nothing trimmed', async () => {
    const scene = await start({ trimAgeMs: 1, trimIntervalMs: 50 })
    const { document, alice, store } = scene
    for (let i = 0; i < 3; i++) {
      const [newest] = await store.snapshots.published(document.id)
      const snapshot = await sealHere(scene, alice, { ...(newest !== undefined && { parentId: newest.id }) })
      await upload(alice, snapshot)
      alice.send({ type: 'push', envelopes: [sealPublication(document, alice.device, snapshot.body)] })
      await alice.nextOf('ack')
      alice.send({ type: 'push', envelopes: [sealAttestation(document, alice.device, snapshot.body)] })
      await alice.nextOf('ack')
    }
    await vi.waitFor(async () => expect((await store.snapshots.published(document.id)).length).toBe(3))
    await new Promise((resolve) => void setTimeout(resolve, 200))
    expect((await store.status([document.id]))[0]?.base).toBe(0)
  })

  it('T40 [H1] [F18] whoever uploads without end is told when to come again, and fills nobody else’s room', async () => {
    const scene = await start({ subjectStagedBytes: 200_000, documentStagedBytes: 300_000 })
    const { document } = scene
    const mallory = await openAs(scene.relay, document, { subject: 'mallory' })
    const codes = new Set<unknown>()
    for (let i = 0; i < 4; i++) {
      for (const piece of piecesOf(await sealHere(scene, mallory, { size: 90_000 }))) {
        codes.add(String(await pieceAnswer(mallory, piece)).slice(0, 5))
      }
    }
    expect(codes).toContain('42900')
    const bob = await openAs(scene.relay, document, { subject: 'bob' })
    await upload(bob, await sealHere(scene, bob, { size: 90_000 }))
    const carol = await openAs(scene.relay, document, { subject: 'carol' })
    const third = await sealHere(scene, carol, { size: 190_000 })
    expect(await pieceAnswer(carol, put(third))).toBe(41300)
  })

  it('T40 [H1] pieces that nobody waits for are refused, and held by nobody', async () => {
    const scene = await start()
    const mallory = await openAs(scene.relay, scene.document, { subject: 'mallory' })
    const pieces = piecesOf(await sealHere(scene, mallory, { size: 3_000_000 }))
    for (const piece of pieces) mallory.send(piece)
    await mallory.settle()
    await vi.waitFor(() => {
      const answers = mallory.frames.filter(({ type }) => type === 'nack' || type === 'snapshot-taken')
      expect(answers.length).toBe(pieces.length)
    })
    const refused = mallory.frames.filter((frame) => frame.type === 'nack')
    expect(refused.length).toBeGreaterThan(0)
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set([42900]))
  })

  it('T23 [H9] whoever asks for pages without end, and takes none, is sent no more than it may have waiting', async () => {
    const scene = await start()
    const { alice, document, relay } = scene
    const snapshot = await sealHere(scene, alice, { size: 12_000_000 })
    await upload(alice, snapshot)
    alice.send({ type: 'push', envelopes: [sealPublication(document, alice.device, snapshot.body)] })
    await alice.nextOf('ack')
    const mallory = await openAs(relay, document, { subject: 'mallory' })
    mallory.pause()
    for (let i = 0; i < 200; i++) {
      mallory.send({
        type: 'read-snapshot',
        document: document.id,
        snapshotId: snapshot.id,
        offset: i * 4 * MAX_CHUNK_BYTES,
      })
    }
    let largest = 0
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => void setTimeout(resolve, 25))
      largest = Math.max(largest, relay.relay.readFigures().largestQueueBytes)
    }
    expect(largest).toBeLessThan(1_048_576)
    // Others are served.
    const bob = await openAs(relay, document, { subject: 'bob' })
    const read: Bytes[] = []
    for (let offset = 0; offset < snapshot.envelope.bytes.length;) {
      bob.send({ type: 'read-snapshot', document: document.id, snapshotId: snapshot.id, offset })
      const end = Math.min(snapshot.envelope.bytes.length, offset + 4 * MAX_CHUNK_BYTES)
      while (offset < end) {
        const chunk = await bob.nextOf('snapshot-chunk')
        read.push(chunk.bytes)
        offset += chunk.bytes.length
      }
    }
    // Vitest compares large arrays for minutes.
    expect(equalBytes(concatBytes(...read), snapshot.envelope.bytes)).toBe(true)
  })

  it('T23 [H1] [F18] who types is acknowledged while others upload', { timeout: 60_000 }, async () => {
    const scene = await start({ subjectStagedBytes: 1e9 })
    const { alice, writer, document } = scene
    const timesOf = async (count: number): Promise<number[]> => {
      const times: number[] = []
      for (let i = 0; i < count; i++) {
        const beganAtMs = performance.now()
        alice.send({ type: 'push', envelopes: [writer.update().envelope] })
        await alice.nextOf('ack')
        times.push(performance.now() - beganAtMs)
        await new Promise((resolve) => void setTimeout(resolve, 5))
      }
      return times.toSorted((a, b) => a - b)
    }
    const middle = (times: readonly number[]): number => times[Math.floor(times.length / 2)] ?? 0
    const alone = middle(await timesOf(60))
    const uploads = ['bob', 'carol', 'dave'].map(async (subject) => {
      const client = await openAs(scene.relay, document, { subject })
      await upload(client, await sealHere(scene, client, { size: 8_000_000 }))
    })
    const beside = middle(await timesOf(60))
    await Promise.all(uploads)
    // A piece beside a push is sixteen pages more in one commit: milliseconds, whatever the machine has to do besides.
    expect(beside).toBeLessThan(alone * 5 + 25)
  })

  it('T20 [I9] nothing of a snapshot is left in the files of a document that was deleted', async () => {
    const path = makeStorePath()
    const store = openSqliteStore({ path })
    const relay = await startTestRelay({ store })
    const document = createRoomDocument()
    const alice = await openAs(relay, document)
    const writer = new TestWriter(document, alice.device)
    alice.send({ type: 'push', envelopes: [writer.genesis().envelope] })
    await alice.nextOf('ack')
    const scene = { relay, store, document, alice, writer }
    const [published, staged] = [
      await sealHere(scene, alice, { size: 90_000 }),
      await sealHere(scene, alice, { size: 90_000 }),
    ]
    await upload(alice, published)
    alice.send({ type: 'push', envelopes: [sealPublication(document, alice.device, published.body)] })
    await alice.nextOf('ack')
    await upload(alice, staged)
    const { readFileSync, existsSync } = await import('node:fs')
    const holds = (snapshot: TestSnapshot): boolean =>
      [path, `${path}-wal`]
        .filter((file) => existsSync(file))
        .some((file) => readFileSync(file).includes(Buffer.from(snapshot.envelope.bytes.subarray(60_000, 60_032))))
    expect([holds(published), holds(staged)]).toEqual([true, true])
    alice.send({ type: 'delete', document: document.id })
    await alice.nextOf('closed')
    expect([holds(published), holds(staged)]).toEqual([false, false])
    alice.terminate()
    await relay.close()
    await store.close()
  })
})
