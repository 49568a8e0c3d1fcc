/**
 * The core of a relay: sockets come in as {@link Outbound}s, messages as bytes, and everything else through ports.
 *
 * @module
 */
import { bytesToHex, encodeRelayFrame, SyncError, type Bytes } from '@y-sealed/protocol'

import { AppendQueue } from './append-queue.ts'
import { Connection } from './connection.ts'
import type { Context } from './context.ts'
import { Hubs } from './hubs.ts'
import { DEFAULT_LIMITS, type RelayLimits } from './limits.ts'
import type { Outbound, RoomConnection, Upgrade } from './ports.ts'
import { createSharedRates, tickSharedRates } from './rates.ts'
import { SnapshotReads } from './snapshot-reads.ts'
import { StagingBudget } from './staged-parts.ts'
import { Trimmer } from './trimmer.ts'
import { Wheel } from './wheel.ts'

export interface RoomOptions extends Omit<
  Context,
  'limits' | 'staging' | 'rates' | 'snapshotReads' | 'keyOf' | 'labelOf'
> {
  readonly limits?: Partial<RelayLimits>
}

export class Room {
  readonly #context: Context
  readonly #hubs: Hubs
  readonly #appends: AppendQueue
  readonly #connections = new Set<Connection>()
  readonly #wheel: Wheel
  readonly #trimmer: Trimmer
  #lastId = 0

  constructor({ limits, ...ports }: RoomOptions) {
    const { sha512, log } = ports
    const complete = { ...DEFAULT_LIMITS, ...limits }
    this.#context = {
      ...ports,
      limits: complete,
      staging: new StagingBudget(complete.stagedBytes),
      rates: createSharedRates(complete, ports.clock),
      snapshotReads: new SnapshotReads(),
      keyOf: bytesToHex,
      labelOf: (id) => bytesToHex(sha512(id).subarray(0, 4)),
    }
    this.#hubs = new Hubs(this.#context)
    this.#appends = new AppendQueue(
      ports.store,
      () => this.#hubs.deliverSettled(),
      (error) => log.error('append-failed', { cause: error instanceof SyncError ? error.code : 'unknown' }),
    )
    this.#wheel = new Wheel(ports.clock, () => this.#tick())
    this.#trimmer = new Trimmer(this.#context, (document) => this.#hubs.remeasure(document))
  }

  /** Listens to the bus. To be called once, before the first connection. */
  async start(): Promise<void> {
    await this.#context.bus.start(this.#hubs)
  }

  /** Gives back the space of what snapshots stand for, as is done now and then by itself. Never rejects. [LO15] */
  trim(): Promise<void> {
    return this.#trimmer.run()
  }

  get size(): number {
    return this.#connections.size
  }

  /** Documents open on one socket or more. */
  get documents(): number {
    return this.#hubs.size
  }

  /** What waits for peers to read: all together, and for the slowest. */
  readQueues(): { readonly totalBytes: number; readonly largestBytes: number } {
    let totalBytes = 0
    let largestBytes = 0
    for (const { bufferedBytes } of this.#connections) {
      totalBytes += bufferedBytes
      largestBytes = Math.max(largestBytes, bufferedBytes)
    }
    return { totalBytes, largestBytes }
  }

  /** Asks of every grant in force whether it was revoked, and ends what rests on one that was. [D24] */
  recheckGrants(): void {
    const { auth } = this.#context
    if (auth.isRevoked === undefined) return
    const isRevoked = auth.isRevoked.bind(auth)
    for (const connection of this.#connections) connection.recheck(isRevoked)
  }

  /** Greets a socket whose upgrade has been granted. */
  connect(outbound: Outbound, upgrade: Upgrade): RoomConnection {
    const id = ++this.#lastId
    // The golden ratio spreads any run of consecutive numbers evenly.
    const stagger = (id * 0.618_033_988_749_895) % 1
    const connection = new Connection(
      id,
      { context: this.#context, hubs: this.#hubs, appends: this.#appends },
      outbound,
      upgrade,
      stagger,
    )
    this.#connections.add(connection)
    this.#context.metrics.gauge('connections', this.#connections.size)
    this.#wheel.start()
    return {
      id,
      receive: (message) => connection.receive(message),
      controlFrame: () => connection.controlFrame(),
      end: (code, reason) => connection.end(code, reason),
      left: () => {
        connection.left()
        this.#connections.delete(connection)
        this.#context.metrics.gauge('connections', this.#connections.size)
        if (this.#connections.size === 0) this.#wheel.stop()
      },
    }
  }

  #tick(): void {
    const { clock } = this.#context
    const now = clock.monotonic()
    const wall = clock.now()
    let frame: Bytes | null = null
    const heartbeat = (): Bytes => (frame ??= encodeRelayFrame({ type: 'heartbeat', timeMs: wall }))
    for (const connection of this.#connections) connection.tick(now, wall, heartbeat)
    this.#hubs.tick(now)
    this.#trimmer.tick(now)
    tickSharedRates(this.#context.rates, now)
  }

  /** Tells every client to come back later, each at its own moment. [FR4] */
  drain(retryAfterMs: number, jitterMs: number): void {
    const frame = encodeRelayFrame({ type: 'goaway', retryAfterMs, jitterMs })
    for (const connection of this.#connections) connection.send(frame)
    void this.#hubs.tellHeads()
  }

  /** Closes every connection with 1001. */
  close(): void {
    for (const connection of this.#connections) connection.end(1001, 'going away')
    this.#wheel.stop()
    this.#trimmer.stop()
  }
}
