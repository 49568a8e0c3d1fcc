/**
 * What a relay holds in its memory of a large document that it takes in and hands out: a few pages, whatever the size. Client and relay share
 * this process, so the client keeps nothing of what comes. SQLite's own cache is bounded by its settings and stands outside of what is counted.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MAX_CHUNK_BYTES, type Bytes, type RelayFrame } from '@y-sealed/protocol'
import { expect, it, onTestFinished } from 'vitest'

import type { SnapshotStore } from '../../server/core/snapshot-ports.ts'
import { openSqliteStore } from '../../server/store/sqlite/store.ts'
import { makeStorePath } from '../contract/store-directory.ts'
import { createTestDevice, type RawClient } from '../support/raw-client.ts'
import { createRoomDocument, TestWriter, type TestDocument } from '../support/room-document.ts'
import { piecesOf, sealPublication, sealSnapshot } from '../support/snapshot-author.ts'
import { startTestRelay, type TestRelay } from '../support/test-relay.ts'

const MIB = 1 << 20
const isLong = process.env['Y_SEALED_LONG_TESTS'] === '1'
const DOCUMENT_BYTES = (isLong ? 32 : 16) * MIB
const LOG_BYTES = 8 * MIB
/** Rows and pages on their way, of all that are there: far less than a document. */
const HELD_BYTES = 4 * MIB
const PAGE_BYTES = 4 * MAX_CHUNK_BYTES
/** Looked at after so many steps: collecting the garbage takes longer than a step. */
const STEPS_A_LOOK = 8
const ABOVE_THE_LOAD = { perSecond: 1e9, burst: 1e9 }

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** The most that is held while somebody does not take what they asked for, besides what was held when it began. */
class HeldBytes {
  largest = 0
  #steps = 0
  readonly #before: number

  private constructor(before: number) {
    this.#before = before
  }

  static async begin(): Promise<HeldBytes> {
    return new HeldBytes(await readHeld())
  }

  async step(): Promise<void> {
    if (this.#steps++ % STEPS_A_LOOK !== 0) return
    const held = (await readHeld()) - this.#before
    this.largest = Math.max(this.largest, held)
  }
}

/** Buffers outside of the heap are given back in a turn of their own, after that in which they were collected. */
async function readHeld(): Promise<number> {
  for (let turn = 0; turn < 2; turn++) {
    collectGarbage()
    await new Promise((resolve) => void setTimeout(resolve, 10))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** A relay on disk, and the largest buffer out of which its store handed over a piece of a snapshot. */
async function startRelay(): Promise<{ readonly relay: TestRelay; readonly largestRead: () => number }> {
  const onDisk = openSqliteStore({ path: makeStorePath() })
  onTestFinished(() => onDisk.close())
  let largest = 0
  const read: SnapshotStore['read'] = async (...place) => {
    const row = await onDisk.snapshots.read(...place)
    largest = Math.max(largest, row?.bytes.buffer.byteLength ?? 0)
    return row
  }
  const relay = await startTestRelay({
    store: { ...onDisk, snapshots: { ...onDisk.snapshots, read } },
    limits: {
      readsInFlight: 1_000,
      writerPushes: ABOVE_THE_LOAD,
      writerBytes: ABOVE_THE_LOAD,
      socketPushes: ABOVE_THE_LOAD,
      socketBytes: ABOVE_THE_LOAD,
      socketRequests: ABOVE_THE_LOAD,
    },
  })
  return { relay, largestRead: () => largest }
}

async function openDocument(relay: TestRelay, { id }: TestDocument): Promise<RawClient> {
  const client = await relay.client({ document: id, device: createTestDevice() })
  client.open(id)
  await client.nextOf('opened')
  return client
}

/** Resolves once a frame has come that `isLast`; nothing is kept of any. */
function takeUntil(client: RawClient, isLast: (frame: RelayFrame) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    void client.ended.then(({ reason }) => reject(new Error(`the socket ended: ${reason}`)))
    client.take = (frame) => {
      if (frame.type === 'nack') reject(new Error(`refused: ${frame.code}`))
      if (isLast(frame)) resolve()
      return true
    }
  })
}

async function readSnapshot(client: RawClient, document: Bytes, snapshotId: Bytes, total: number): Promise<number> {
  const held = await HeldBytes.begin()
  for (let from = 0; from < total; from += PAGE_BYTES) {
    let left = Math.min(PAGE_BYTES, total - from)
    const page = takeUntil(client, (frame) => {
      if (frame.type === 'snapshot-chunk') left -= frame.bytes.length
      return left <= 0
    })
    client.pause()
    client.send({ type: 'read-snapshot', document, snapshotId, offset: from })
    await held.step()
    client.resume()
    await page
  }
  return held.largest
}

it('[FR17] [FR18] [H9] takes in and hands out a large document without holding it', { timeout: 180_000 }, async () => {
  const { relay, largestRead } = await startRelay()
  const document = createRoomDocument()
  const alice = await openDocument(relay, document)
  const writer = new TestWriter(document, alice.device)
  for (const { envelope } of [writer.genesis(), ...writer.updates(3)]) {
    alice.send({ type: 'push', envelopes: [envelope] })
    await alice.nextOf('ack')
  }
  const [status] = await relay.store.status([document.id])
  const { head } = status as NonNullable<typeof status>
  const snapshot = sealSnapshot(document, alice.device, head, { size: DOCUMENT_BYTES })
  const pieces = piecesOf(snapshot)
  const taken = await HeldBytes.begin()
  for (const piece of pieces) {
    const answered = takeUntil(alice, ({ type }) => type === 'snapshot-taken')
    alice.send(piece)
    await answered
    await taken.step()
  }
  alice.take = null
  expect(taken.largest).toBeLessThan(HELD_BYTES)
  alice.send({ type: 'push', envelopes: [sealPublication(document, alice.device, snapshot.body)] })
  await alice.nextOf('ack')

  // One who asks for all of it and takes none, and one who reads a page, and after a while the next.
  const { length: total } = snapshot.envelope.bytes
  const sleeper = await openDocument(relay, document)
  sleeper.pause()
  for (let offset = 0; offset < total; offset += PAGE_BYTES) {
    sleeper.send({ type: 'read-snapshot', document: document.id, snapshotId: snapshot.id, offset })
  }
  const bob = await openDocument(relay, document)
  expect(await readSnapshot(bob, document.id, snapshot.id, total)).toBeLessThan(HELD_BYTES)
  expect(largestRead()).toBeLessThan(2 * MAX_CHUNK_BYTES)
  sleeper.terminate()
})

it('[FR7] [FR14] [H9] hands out a long log without holding it', { timeout: 180_000 }, async () => {
  const { relay } = await startRelay()
  const document = createRoomDocument()
  const alice = await openDocument(relay, document)
  const writer = new TestWriter(document, alice.device)
  alice.send({ type: 'push', envelopes: [writer.genesis().envelope] })
  await alice.nextOf('ack')
  alice.take = ({ type }) => type !== 'ack'
  for (let sent = 0; sent < LOG_BYTES;) {
    const { envelope } = writer.update(new Uint8Array(30_000))
    alice.send({ type: 'push', envelopes: [envelope] })
    await alice.nextOf('ack')
    sent += envelope.bytes.length
  }
  alice.close()
  const bob = await openDocument(relay, document)
  const held = await HeldBytes.begin()
  const at = { through: 0, headSeq: 1 }
  while (at.through < at.headSeq) {
    const page = takeUntil(bob, (frame) => {
      if (frame.type !== 'read-done') return false
      at.through = frame.through
      at.headSeq = frame.headSeq
      return true
    })
    bob.pause()
    bob.send({ type: 'read', document: document.id, after: at.through, maxBytes: 1e9 })
    await held.step()
    bob.resume()
    await page
  }
  expect(held.largest).toBeLessThan(HELD_BYTES)
})
