/**
 * A client that writes without pause to a relay that dies without warning: it keeps what it has sealed until it is acknowledged, sends the
 * rest again after each crash, and knows what it has been promised.
 *
 * @module
 */
import { bytesToHex, type Bytes } from '@y-sealed/protocol'
import type { Sealed } from '@y-sealed/protocol/sealing'

import type { CrashRelay } from './crash-relay.ts'
import { createTestDevice, type RawClient } from './raw-client.ts'
import { TestWriter, type TestDocument } from './room-document.ts'

/** Pushes on the way at once. */
const WINDOW = 16

export class CrashWriter {
  readonly #device = createTestDevice()
  readonly #document: TestDocument
  readonly #writer: TestWriter
  /** By counter, from 1 on. */
  readonly #sealed: Sealed[] = []
  readonly #acknowledged = new Map<number, number>()
  #client: RawClient | null = null
  #isTyping = false

  constructor(document: TestDocument) {
    this.#document = document
    this.#writer = new TestWriter(document, this.#device)
  }

  /** Session of its entries, in hex. */
  get session(): string {
    return bytesToHex(this.#writer.session.id)
  }

  /** Everything that it has sealed and sent at least once, by counter: the id in hex. */
  get sent(): ReadonlyMap<number, string> {
    return new Map(this.#sealed.map(({ envelope, id }) => [envelope.counter, bytesToHex(id)]))
  }

  /** What the relay has acknowledged: seq by counter. */
  get acknowledged(): ReadonlyMap<number, number> {
    return this.#acknowledged
  }

  get inFlight(): number {
    return this.#sealed.length - this.#acknowledged.size
  }

  /** Makes the document. */
  async create(relay: CrashRelay): Promise<void> {
    const client = await relay.connect(this.#document.id, this.#device)
    client.open(this.#document.id)
    await client.nextOf('opened')
    const { envelope } = new TestWriter(this.#document, this.#device).genesis()
    client.send({ type: 'push', envelopes: [envelope] })
    await client.nextOf('ack')
    client.close()
  }

  /** Sends what is not acknowledged, and goes on writing until the socket ends or {@link finish} is called. */
  async write(relay: CrashRelay): Promise<void> {
    this.#isTyping = true
    const client = await relay.connect(this.#document.id, this.#device)
    this.#client = client
    client.open(this.#document.id)
    await client.nextOf('opened')
    for (const { envelope } of this.#sealed) {
      if (!this.#acknowledged.has(envelope.counter)) client.send({ type: 'push', envelopes: [envelope] })
    }
    void this.#pump(client)
  }

  /** Writes nothing more, and resolves when all of it is acknowledged. */
  async finish(): Promise<void> {
    this.#isTyping = false
    const client = this.#client as RawClient
    while (this.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    client.close()
  }

  async #pump(client: RawClient): Promise<void> {
    for (;;) {
      while (this.#isTyping && this.inFlight < WINDOW) this.#push(client)
      const frame = await client.next().catch(() => null)
      if (frame === null) return
      if (frame.type === 'nack') throw new Error(`the relay refused ${frame.counter} with ${frame.code}`)
      if (frame.type !== 'ack' || bytesToHex(frame.session) !== this.session) continue
      for (let i = 0; i < frame.count; i++) this.#promise(frame.counter + i, frame.seq + i)
    }
  }

  #promise(counter: number, seq: number): void {
    const before = this.#acknowledged.get(counter)
    if (before !== undefined && before !== seq) throw new Error(`entry ${counter} was promised to two places`)
    this.#acknowledged.set(counter, seq)
  }

  #push(client: RawClient): void {
    const content: Bytes = new Uint8Array(40 + ((this.#sealed.length * 97) % 2_000))
    const sealed = this.#sealed.length === 0 ? this.#writer.bind() : this.#writer.update(content)
    this.#sealed.push(sealed)
    client.send({ type: 'push', envelopes: [sealed.envelope] })
  }
}
