import { cryptoReady, KIND, Writer, type Bytes } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { createLocalExchange } from '../../../../server/bus/local.ts'
import type { AppendUnit, Bus, Store } from '../../../../server/core/ports.ts'
import { createMemoryStore } from '../../../../server/store/memory.ts'
import { ALL, CoreWorld, createDocument, type CorePeer } from '../../../support/core-world.ts'
import { createTestDevice } from '../../../support/raw-client.ts'
import {
  createMembersDocument,
  createRoomDocument,
  TestWriter,
  type TestDocument,
} from '../../../support/room-document.ts'
import { createTestClock } from '../../../support/tokens.ts'

await cryptoReady()

interface Scene {
  readonly world: CoreWorld
  readonly document: TestDocument
  readonly alice: CorePeer
  readonly writer: TestWriter
}

/** A document that Alice has made and has open. */
async function createScene(options: Parameters<typeof CoreWorld.start>[0] = {}): Promise<Scene> {
  const world = await CoreWorld.start(options)
  const document = createRoomDocument()
  const alice = await world.opened(document.id)
  const writer = new TestWriter(document, alice.device)
  await createDocument(alice, writer)
  return { world, document, alice, writer }
}

const push = (writer: TestWriter, count = 1) =>
  ({ type: 'push', envelopes: writer.updates(count).map(({ envelope }) => envelope) }) as const

/** A gate that a store waits at. */
function createGate(): { open: () => void; readonly passed: Promise<void> } {
  let open = (): void => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, passed }
}

/** A store that stores at once and, from `hold` on, says so when its gate is opened. */
function createHeldStore() {
  const gate = createGate()
  const memory = createMemoryStore()
  let isHeld = false
  const store: Store = {
    ...memory,
    async append(units) {
      const results = await memory.append(units)
      if (isHeld) await gate.passed
      return results
    },
  }
  return { store, gate, hold: () => void (isHeld = true) }
}

describe('live delivery', () => {
  it('[FR8] gives everybody else the same bytes, and the author an ACK', async () => {
    const { world, document, alice, writer } = await createScene()
    const others = [await world.opened(document.id), await world.opened(document.id), await world.opened(document.id)]
    await alice.say(push(writer, 3))
    expect(alice.take()).toMatchObject([{ type: 'ack', counter: 2, count: 3, seq: 2 }])
    for (const other of others) expect(other.frames).toMatchObject([{ type: 'entries', seq: 2 }])
    // Not equal bytes: the very same array, built once.
    expect(new Set(others.map((other) => other.messages.at(-1))).size).toBe(1)
  })

  it('[FR8] [H1] lets ACKs and ENTRIES leave before what has arrived during the commit is looked at', async () => {
    const { store, hold, gate } = createHeldStore()
    const { world, document, alice, writer } = await createScene({ store })
    const bob = await world.opened(document.id)
    hold()
    await alice.say(push(writer))
    gate.open()
    // Sockets are read in the next turn of the loop at the earliest.
    await new Promise((resolve) => setImmediate(resolve))
    for (const peer of [alice, bob]) expect(peer.flushed).toBe(peer.messages.length)
    expect(alice.frames.at(-1)?.type).toBe('ack')
    expect(bob.frames.at(-1)?.type).toBe('entries')
  })

  it('[FR8] sends ACKs and the others’ ENTRIES of one document in the order of their seqs', async () => {
    const { store, hold, gate } = createHeldStore()
    const { world, document, alice, writer } = await createScene({ store })
    const bob = await world.opened(document.id)
    const bobs = new TestWriter(document, bob.device)
    hold()
    await alice.say(push(writer))
    await bob.say(push(bobs, 2))
    await alice.say(push(writer))
    await bob.say(push(bobs))
    gate.open()
    await world.flush()
    const show = (peer: CorePeer): unknown[] =>
      peer.take().map((frame) => {
        if (frame.type === 'ack') return ['ack', frame.seq, frame.count]
        return frame.type === 'entries' ? ['entries', frame.seq, frame.envelopes.length] : frame.type
      })
    expect(show(alice)).toEqual([
      ['ack', 2, 1],
      ['entries', 3, 2],
      ['ack', 5, 1],
      ['entries', 6, 1],
    ])
    expect(show(bob)).toEqual([
      ['entries', 2, 1],
      ['ack', 3, 2],
      ['entries', 5, 1],
      ['ack', 6, 1],
    ])
  })

  it('[FR5] loses and repeats nothing that is appended between subscribing and reading', async () => {
    const gate = createGate()
    const memory = createMemoryStore()
    let isSlow = false
    const store: Store = {
      ...memory,
      async read(...args) {
        const entries = await memory.read(...args)
        if (isSlow) await gate.passed
        return entries
      },
      async status(ids) {
        const rows = await memory.status(ids)
        return rows
      },
    }
    const { world, document, alice, writer } = await createScene({ store })
    await alice.say(push(writer, 2))
    const bob = await world.peer(document.id)
    isSlow = true
    await bob.open(document.id)
    expect(bob.frames).toEqual([])
    await alice.say(push(writer, 2))
    await alice.say(push(writer))
    expect(bob.frames).toEqual([])
    gate.open()
    await world.flush()
    expect(bob.all('opened')).toMatchObject([{ head: { seq: 3 }, through: 3 }])
    expect(bob.seqs).toEqual([1, 2, 3, 4, 5, 6])
    await alice.say(push(writer))
    expect(bob.seqs).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it('[FR5] repeats nothing when the store reads further than the row said', async () => {
    const gate = createGate()
    const memory = createMemoryStore()
    let isSlow = false
    const store: Store = {
      ...memory,
      async read(...args) {
        if (isSlow) await gate.passed
        return memory.read(...args)
      },
    }
    const { world, document, alice, writer } = await createScene({ store })
    const bob = await world.peer(document.id)
    isSlow = true
    await bob.open(document.id)
    await alice.say(push(writer, 3))
    gate.open()
    await world.flush()
    expect(bob.all('opened')).toMatchObject([{ head: { seq: 1 }, through: 1 }])
    expect(bob.seqs).toEqual([1, 2, 3, 4])
  })

  it('[FR5] repeats nothing when the row is ahead of what has been delivered', async () => {
    for (const isDeliveredMeanwhile of [true, false]) {
      const memory = createMemoryStore()
      const [appended, read] = [createGate(), createGate()]
      let isHeld = false
      const store: Store = {
        ...memory,
        async append(units) {
          const results = await memory.append(units)
          if (isHeld) await appended.passed
          return results
        },
        async read(...args) {
          const entries = await memory.read(...args)
          if (isHeld && isDeliveredMeanwhile) await read.passed
          return entries
        },
      }
      const { world, document, alice, writer } = await createScene({ store })
      const bob = await world.peer(document.id)
      isHeld = true
      // Stored, but not yet delivered: the row says 3 while the hub is at 1.
      await alice.say(push(writer, 2))
      await bob.open(document.id)
      await alice.say(push(writer))
      appended.open()
      await world.flush()
      read.open()
      await world.flush()
      expect(bob.all('opened')).toMatchObject([{ head: { seq: 3 } }])
      expect(bob.seqs).toEqual([1, 2, 3, 4])
    }
  })

  it('[FR5] begins an OPEN again when more came in than it may hold', async () => {
    const gate = createGate()
    const memory = createMemoryStore()
    let isSlow = false
    const store: Store = {
      ...memory,
      async read(...args) {
        const entries = await memory.read(...args)
        if (isSlow) await gate.passed
        return entries
      },
    }
    const { world, document, alice, writer } = await createScene({ store, limits: { heldBytes: 600 } })
    const bob = await world.peer(document.id)
    isSlow = true
    await bob.open(document.id)
    await alice.say(push(writer, 5))
    gate.open()
    await world.flush()
    expect(bob.all('opened')).toMatchObject([{ head: { seq: 6 }, through: 6 }])
    expect(bob.seqs).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('[FR9] relays nothing and acknowledges nothing before the commit', async () => {
    const gate = createGate()
    const memory = createMemoryStore()
    let isHeld = false
    const store: Store = {
      ...memory,
      async append(units) {
        if (isHeld) await gate.passed
        return memory.append(units)
      },
    }
    const { world, document, alice, writer } = await createScene({ store })
    const bob = await world.opened(document.id)
    isHeld = true
    await alice.say(push(writer))
    expect([alice.frames, bob.frames]).toEqual([[], []])
    gate.open()
    await world.flush()
    expect([alice.frames.length, bob.frames.length]).toEqual([1, 1])
  })

  it('[FR20] answers UNAVAILABLE when the store fails, relays nothing, and takes the same push again', async () => {
    const memory = createMemoryStore()
    let isBroken = false
    const store: Store = {
      ...memory,
      append: (units) => (isBroken ? Promise.reject(new Error('disk full')) : memory.append(units)),
    }
    const { world, document, alice, writer } = await createScene({ store })
    const bob = await world.opened(document.id)
    isBroken = true
    const frame = push(writer)
    await alice.say(frame)
    expect(alice.take()).toMatchObject([{ type: 'nack', refused: 6, counter: 2, code: 50300, retryAfterMs: 1000 }])
    await world.pass(1000)
    expect(bob.frames).toEqual([])
    isBroken = false
    await alice.say(frame)
    expect(alice.take()).toMatchObject([{ type: 'ack', counter: 2, seq: 2 }])
    expect(bob.seqs).toEqual([2])
  })

  it('[BU2] finds what was stored by an append whose outcome was unknown', async () => {
    const memory = createMemoryStore()
    let isCut = false
    const store: Store = {
      ...memory,
      async append(units) {
        const results = await memory.append(units)
        if (isCut) throw new Error('connection lost')
        return results
      },
    }
    const { world, document, alice, writer } = await createScene({ store })
    const bob = await world.opened(document.id)
    isCut = true
    const frame = push(writer)
    await alice.say(frame)
    expect(alice.take()).toMatchObject([{ type: 'nack', code: 50300 }])
    isCut = false
    await world.pass(250, 15)
    expect(bob.seqs).toEqual([2])
    await alice.say(frame)
    expect(alice.all('ack')).toMatchObject([{ counter: 2, seq: 2 }])
    expect(bob.seqs).toEqual([2])
  })

  it('[FR9] hands pushes that arrive together to the store together', async () => {
    const memory = createMemoryStore()
    const sizes: number[] = []
    const store: Store = {
      ...memory,
      append: (units: readonly AppendUnit[]) => {
        sizes.push(units.length)
        return memory.append(units)
      },
    }
    const { world, alice, writer } = await createScene({ store })
    sizes.length = 0
    for (let i = 0; i < 10; i++) void alice.say(push(writer))
    await world.flush()
    expect(sizes).toEqual([10])
    expect(alice.all('ack').map(({ seq }) => seq)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  it('[FR9] refuses more pushes in flight than it allows', async () => {
    const gate = createGate()
    const memory = createMemoryStore()
    let isHeld = false
    const store: Store = {
      ...memory,
      async append(units) {
        if (isHeld) await gate.passed
        return memory.append(units)
      },
    }
    const { world, alice, writer } = await createScene({ store })
    isHeld = true
    for (let i = 0; i < 65; i++) await alice.say(push(writer))
    expect(alice.frames).toMatchObject([{ type: 'nack', code: 42900, counter: 66 }])
    gate.open()
    await world.flush()
    expect(alice.all('ack')).toHaveLength(64)
  })

  it('[FR9] acknowledges what was committed although the socket closed the document meanwhile', async () => {
    const { world, document, alice, writer } = await createScene()
    const bob = await world.opened(document.id)
    alice.connection?.receive(new Uint8Array([0x0a, ...document.id]))
    void alice.say(push(writer))
    await world.flush()
    expect(alice.take()).toMatchObject([{ type: 'nack', code: 40911 }])
    await alice.open(document.id)
    alice.take()
    void alice.say(push(new TestWriter(document, alice.device)))
    alice.connection?.receive(new Uint8Array([0x0a, ...document.id]))
    await world.flush()
    expect(alice.take()).toMatchObject([{ type: 'ack', seq: 2 }])
    expect(bob.seqs).toEqual([2])
  })
})

describe('two relays on one store', () => {
  interface Pair {
    readonly here: CoreWorld
    readonly there: CoreWorld
    /** A member of the bus that says what it likes. */
    readonly noise: Bus
  }

  /** `drops` decides which messages the bus loses. */
  async function createPair(drops: (message: Bytes) => boolean = () => false): Promise<Pair> {
    const exchange = createLocalExchange()
    const store = createMemoryStore()
    const clock = createTestClock()
    const lossy = (bus: Bus): Bus => ({
      ...bus,
      publish: (document, message) => (drops(message) ? undefined : bus.publish(document, message)),
    })
    const here = await CoreWorld.start({ store, clock, bus: lossy(exchange.join()) })
    const there = await CoreWorld.start({ store, clock, bus: lossy(exchange.join()) })
    return { here, there, noise: exchange.join() }
  }

  async function createPairScene(drops?: (message: Bytes) => boolean) {
    const pair = await createPair(drops)
    const document = createRoomDocument()
    const alice = await pair.here.opened(document.id)
    const bob = await pair.there.opened(document.id)
    const writer = new TestWriter(document, alice.device)
    return { ...pair, document, alice, bob, writer }
  }

  it('[BU1] [BU3] carries entries, presence and their end from one to the other', async () => {
    const { here, alice, bob, writer } = await createPairScene()
    await createDocument(alice, writer)
    await here.pass(30, 15)
    expect(bob.seqs).toEqual([1])
    await alice.say(push(writer, 2))
    expect(bob.seqs).toEqual([1, 2, 3])
    const shown = writer.awareness().envelope
    await alice.say({ type: 'awareness', envelope: shown })
    expect(bob.all('awareness')).toMatchObject([{ envelope: { bytes: shown.bytes } }])
    alice.leave()
    await here.flush()
    expect(bob.all('gone')).toHaveLength(1)
  })

  it('[BU2] heals a gap from the store within 15 ms', async () => {
    let lost = 0
    const { here, alice, bob, writer } = await createPairScene((message) => message[0] === 1 && ++lost === 2)
    await createDocument(alice, writer)
    await here.pass(30, 15)
    await alice.say(push(writer))
    expect(bob.seqs).toEqual([1])
    await alice.say(push(writer))
    expect(bob.seqs).toEqual([1])
    await here.pass(15, 15)
    expect(bob.seqs).toEqual([1, 2, 3])
  })

  it('[BU2] finds the last message when it is lost, by the sweep', async () => {
    let isDeaf = false
    const { here, alice, bob, writer } = await createPairScene(() => isDeaf)
    await createDocument(alice, writer)
    await here.pass(30, 15)
    isDeaf = true
    await alice.say(push(writer))
    await here.pass(1000)
    expect(bob.seqs).toEqual([1])
    await here.pass(4500)
    expect(bob.seqs).toEqual([1, 2])
  })

  it('[BU2] ignores what is repeated, out of order, malformed or of another document', async () => {
    const messages: Bytes[] = []
    const { here, noise, document, alice, bob, writer } = await createPairScene((message) => {
      messages.push(message)
      return false
    })
    await createDocument(alice, writer)
    await here.pass(30, 15)
    await alice.say(push(writer))
    const other = createRoomDocument()
    const stranger = new TestWriter(other, createTestDevice()).update().envelope
    const foreign = new Writer().u8(1).u64(3).raw(stranger.bytes).finish()
    for (const message of [...messages, foreign, new Uint8Array(0), new Uint8Array([1, 2]), new Uint8Array([9])]) {
      noise.publish(document.id, message)
    }
    await here.pass(30, 15)
    expect(bob.seqs).toEqual([1, 2])
  })

  it('[FR8] [KM10] knows the roles of those who waited before it delivers to them', async () => {
    const { here, there } = await createPair(() => true)
    const creator = createTestDevice()
    const document = createMembersDocument(creator)
    const waiting = await there.opened(document.id, ALL, creator)
    const alice = await here.opened(document.id, ALL, creator)
    await createDocument(alice, new TestWriter(document, creator))
    // Nothing came by the bus: it is another OPEN that finds the document.
    await there.opened(document.id, ALL)
    await there.pass(30, 15)
    expect(waiting.seqs).toEqual([1])
  })

  it('[FR12] ends a document on every relay', async () => {
    const { here, document, alice, bob, writer } = await createPairScene()
    await createDocument(alice, writer)
    await here.pass(30, 15)
    await alice.say({ type: 'delete', document: document.id })
    await here.pass(30, 15)
    for (const peer of [alice, bob]) expect(peer.all('closed')).toMatchObject([{ code: 41000 }])
  })

  it('[LO6] lets go of a document whose log has lost what was delivered', async () => {
    const memory = createMemoryStore()
    let isBack = false
    const store: Store = {
      ...memory,
      async status(ids) {
        const rows = await memory.status(ids)
        if (!isBack) return rows
        return rows.map((row) => (row === null ? null : { ...row, head: { ...row.head, seq: row.head.seq - 1 } }))
      },
    }
    const world = await CoreWorld.start({ store, bus: createLocalExchange().join() })
    const document = createRoomDocument()
    const alice = await world.opened(document.id, ALL)
    const writer = new TestWriter(document, alice.device)
    await createDocument(alice, writer)
    await alice.say(push(writer))
    isBack = true
    await world.pass(5500)
    expect(alice.all('closed')).toMatchObject([{ code: 50300, retryAfterMs: 1000 }])
  })
})

describe('bind and update', () => {
  it('[FR3] takes them in one push, under one ACK', async () => {
    const { alice, writer } = await createScene()
    const envelopes = [writer.bind(7).envelope, ...writer.updates(2).map(({ envelope }) => envelope)]
    expect(envelopes.map(({ kind }) => kind)).toEqual([KIND.bind, KIND.update, KIND.update])
    await alice.say({ type: 'push', envelopes })
    expect(alice.take()).toMatchObject([{ type: 'ack', counter: 2, count: 3, seq: 2 }])
  })
})
