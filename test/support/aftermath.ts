/**
 * What must be true after every attack on a relay, whatever it was: (a) the process serves others, (b) nothing was stored, (c) nothing was
 * relayed to somebody who listens, (d) the log has clean lines of it, (e) sockets, descriptors, queues and memory are back where they
 * were.
 *
 * @module
 */
import { bytesToHex, type Bytes, type RelayFrame } from '@y-sealed/protocol'
import { readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, vi } from 'vitest'

import type { RawClient } from './raw-client.ts'
import { createRoomDocument, TestWriter, type TestDocument } from './room-document.ts'
import type { TestRelay } from './test-relay.ts'

/** A document that exists, and somebody who listens to it. */
export interface Scene {
  readonly relay: TestRelay
  readonly document: TestDocument
  /** Whose writing the document holds; goes on from its genesis. */
  readonly writer: TestWriter
  readonly writerClient: RawClient
  /** Asserts (a) to (e). `tokens`: what must not stand in the log. */
  expectUnharmed(tokens?: readonly string[]): Promise<void>
}

export async function createScene(relay: TestRelay): Promise<Scene> {
  const document = createRoomDocument()
  const changes = { sub: 'honest' }
  const connect = async (permissions: readonly ('read' | 'write' | 'create' | 'awareness')[]): Promise<RawClient> => {
    const client = await relay.client({
      document: document.id,
      token: relay.token(document.id, null, permissions, changes),
    })
    client.open(document.id)
    await client.nextOf('opened')
    return client
  }
  const writerClient = await connect(['read', 'write', 'create', 'awareness'])
  const writer = new TestWriter(document, writerClient.device)
  writerClient.send({ type: 'push', envelopes: [writer.genesis().envelope] })
  await writerClient.nextOf('ack')
  const witness = await connect(['read'])
  await witness.settle()
  const seen = witness.frames.length
  const descriptors = countDescriptors()
  const { sockets } = relay.relay.readFigures()
  const lines = relay.log.length
  const memory = measureMemory()
  return {
    relay,
    document,
    writer,
    writerClient,
    async expectUnharmed(tokens = []) {
      await witness.settle()
      const news = witness.frames.slice(seen).filter((frame) => !isRoutine(frame))
      expect(news).toEqual([])
      expect(await headSeq(relay, document.id)).toBe(1)
      await vi.waitFor(() => expect(relay.relay.readFigures()).toMatchObject({ sockets, queuedBytes: 0 }), 5_000)
      await vi.waitFor(() => expect(countDescriptors()).toBeLessThanOrEqual(descriptors), 5_000)
      await vi.waitFor(() => expectMemoryBack(memory), 5_000)
      const text = JSON.stringify(relay.log.slice(lines))
      expect(relay.log.length).toBeGreaterThan(lines)
      for (const secret of [...tokens, bytesToHex(document.id)]) expect(text).not.toContain(secret)
      expect(relay.log.filter(({ level }) => level === 'error')).toEqual([])
    },
  }
}

/** What comes whoever attacks: signs of life, and the signed head of what stood there before. [FR11] */
function isRoutine(frame: RelayFrame): boolean {
  if (frame.type === 'head') return frame.head.seq === 1
  return frame.type === 'heartbeat' || frame.type === 'pong'
}

async function headSeq(relay: TestRelay, document: Bytes): Promise<number> {
  return (await relay.store.status([document]))[0]?.head.seq ?? 0
}

/** Open descriptors of this process, where the system shows them; peers and relay are in one. */
function countDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What a test keeps of its own: frames that came, lines of log. The largest has eight. */
const HELD_BYTES = 16 * 1024 ** 2
/** What the allocator does not give back: after a flood of sixty thousand pings some thirty were seen. */
const RESIDENT_BYTES = 64 * 1024 ** 2

interface Memory {
  /** Heap and buffers, once nothing unreachable is left. */
  readonly heldBytes: number
  /** What the process has of the system. */
  readonly residentBytes: number
}

function measureMemory(): Memory {
  collectGarbage()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heldBytes: heapUsed + external, residentBytes: rss }
}

function expectMemoryBack(before: Memory): void {
  const { heldBytes, residentBytes } = measureMemory()
  expect(heldBytes, 'bytes held').toBeLessThan(before.heldBytes + HELD_BYTES)
  expect(residentBytes, 'resident bytes').toBeLessThan(before.residentBytes + RESIDENT_BYTES)
}
