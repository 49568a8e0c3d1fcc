import { cryptoReady, encodePart, KIND, type ClientFrame, type Envelope } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import type { RelayLimits } from '../../../../server/core/limits.ts'
import { CoreWorld, createDocument, type CorePeer } from '../../../support/core-world.ts'
import { createRoomDocument, TestWriter } from '../../../support/room-document.ts'

await cryptoReady()

interface Scene {
  readonly world: CoreWorld
  readonly alice: CorePeer
  readonly bob: CorePeer
  readonly writer: TestWriter
}

async function createScene(limits: Partial<RelayLimits> = {}): Promise<Scene> {
  const world = await CoreWorld.start({ limits })
  const document = createRoomDocument()
  const alice = await world.opened(document.id)
  const writer = new TestWriter(document, alice.device)
  await createDocument(alice, writer)
  const bob = await world.opened(document.id)
  alice.take()
  bob.take()
  return { world, alice, bob, writer }
}

/** The parts of one update, sealed in order. */
function sealParts(writer: TestWriter, count: number): Envelope[] {
  return Array.from({ length: count }, (_, index) => {
    const content = encodePart({ index, count, totalBytes: count * 100, bytes: new Uint8Array(100).fill(index) })
    return writer.session.sealEntry(KIND.part, content, writer.document.key, writer.seen).envelope
  })
}

const frame = (parts: readonly Envelope[], index: number): ClientFrame => ({
  type: 'push-part',
  index,
  count: parts.length,
  envelope: parts[index] as Envelope,
})

describe('parts of one update', () => {
  it('[LO9] are answered once, at the last, and stand at consecutive seqs', async () => {
    const { alice, bob, writer } = await createScene()
    const parts = sealParts(writer, 3)
    await alice.say(frame(parts, 0))
    await alice.say(frame(parts, 1))
    expect(alice.frames).toEqual([])
    expect(bob.frames).toEqual([])
    await alice.say(frame(parts, 2))
    expect(alice.take()).toMatchObject([{ type: 'ack', counter: parts[0]?.counter, count: 3, seq: 2 }])
    expect(bob.seqs).toEqual([2, 3, 4])
  })

  it('[LO9] are stored whole or not at all: one that is missing stores none', async () => {
    const { world, alice, writer } = await createScene()
    const parts = sealParts(writer, 3)
    await alice.say(frame(parts, 0))
    await alice.say(frame(parts, 2))
    expect(alice.take()).toMatchObject([{ type: 'nack', code: 40900, detail: (parts[1] as Envelope).counter }])
    const [row] = await world.store.status([writer.document.id])
    expect(row?.head.seq).toBe(1)
  })

  it('[LO9] may be begun anew, and sent twice', async () => {
    const { alice, writer } = await createScene()
    const parts = sealParts(writer, 2)
    await alice.say(frame(parts, 0))
    for (let round = 0; round < 2; round++) {
      await alice.say(frame(parts, 0))
      await alice.say(frame(parts, 1))
      expect(alice.take()).toMatchObject([{ type: 'ack', count: 2, seq: 2 }])
    }
  })

  it('[LO9] that are too large together are refused once, and the rest of them is swallowed', async () => {
    const { alice, writer } = await createScene({ groupBytes: 900 })
    const parts = sealParts(writer, 6)
    for (let index = 0; index < 6; index++) await alice.say(frame(parts, index))
    expect(alice.take()).toMatchObject([{ type: 'nack', code: 41300, detail: 900, counter: parts[0]?.counter }])
    expect(alice.closed).toBeNull()
  })

  it('[LO9] share the room of the relay, which comes back when a socket leaves or a group is given up', async () => {
    const { world, alice, bob, writer } = await createScene({ stagedBytes: 900, groupIdleMs: 60_000 })
    const bobs = new TestWriter(writer.document, bob.device, writer.seen)
    const [ours, theirs] = [sealParts(writer, 3), sealParts(bobs, 3)]
    await alice.say(frame(ours, 0))
    await alice.say(frame(ours, 1))
    await bob.say(frame(theirs, 0))
    expect(bob.take()).toMatchObject([{ type: 'nack', code: 42900 }])
    alice.leave()
    await world.flush()
    bob.take()
    await bob.say(frame(theirs, 0))
    await bob.say(frame(theirs, 1))
    expect(bob.take()).toEqual([])

    const carol = await world.opened(writer.document.id)
    const carols = sealParts(new TestWriter(writer.document, carol.device, writer.seen), 3)
    carol.take()
    await carol.say(frame(carols, 0))
    expect(carol.take()).toMatchObject([{ type: 'nack', code: 42900 }])
    for (let second = 0; second < 62; second++) await world.pass(1_000)
    carol.take()
    await carol.say(frame(carols, 0))
    expect(carol.take().filter(({ type }) => type === 'nack')).toEqual([])
  })

  it('[AU6] need the permission to write, as any edit does', async () => {
    const { world, writer } = await createScene()
    const reader = await world.opened(writer.document.id, ['read'])
    const parts = sealParts(new TestWriter(writer.document, reader.device, writer.seen), 2)
    reader.take()
    await reader.say(frame(parts, 0))
    expect(reader.take()).toMatchObject([{ type: 'nack', code: 40300 }])
  })
})
