/**
 * The core of a relay with nothing around it: sockets are arrays, the clock stands still, tokens are names in a map. Nothing here
 * sleeps: {@link CoreWorld.flush} lets everything happen that can.
 *
 * @module
 */
import {
  concatBytes,
  cryptoReady,
  decodeRelayFrame,
  encodeClientFrame,
  helloInput,
  sodiumSha512,
  tokenHash,
  type Bytes,
  type ClientFrame,
  type CloseCode,
  type RelayFrame,
} from '@y-sealed/protocol'
import { randomBytes, type Device } from '@y-sealed/protocol/sealing'

import { createLocalBus } from '../../server/bus/local.ts'
import type { RelayLimits } from '../../server/core/limits.ts'
import type { Bus, Grant, HeadKey, Outbound, Permission, RoomConnection, Store } from '../../server/core/ports.ts'
import { Room } from '../../server/core/room.ts'
import { createMetrics, type MemoryMetrics } from '../../server/ops/metrics.ts'
import { createMemoryStore } from '../../server/store/memory.ts'
import { createTestDevice } from './raw-client.ts'
import type { TestDocument, TestWriter } from './room-document.ts'
import { AUDIENCE, createTestClock } from './tokens.ts'

export const ALL: readonly Permission[] = ['read', 'write', 'awareness', 'snapshot', 'members', 'create', 'delete']

type FrameOf<Type extends RelayFrame['type']> = Extract<RelayFrame, { readonly type: Type }>

/** One socket, seen from the peer's side. */
export class CorePeer implements Outbound {
  readonly device: Device
  readonly frames: RelayFrame[] = []
  readonly messages: Bytes[] = []
  /** How many of them had been sent when the core last asked that they leave at once. */
  flushed = 0
  closed: { readonly code: CloseCode; readonly reason: string } | null = null
  bufferedBytes = 0
  connection: RoomConnection | null = null
  readonly #world: CoreWorld
  readonly #token: string

  constructor(world: CoreWorld, device: Device, token: string) {
    this.#world = world
    this.device = device
    this.#token = token
  }

  send(first: Bytes, rest?: Bytes): void {
    if (this.closed !== null) return
    const frame = rest === undefined ? first : concatBytes(first, rest)
    const decoded = decodeRelayFrame(frame)
    if (!decoded.ok) throw new Error(`the core sent what is no frame: ${decoded.fault}`)
    this.messages.push(frame)
    this.frames.push(decoded.value)
  }

  flush(): void {
    this.flushed = this.messages.length
  }

  close(code: CloseCode, reason: string): void {
    this.closed ??= { code, reason }
  }

  /** Sends a frame and lets the core work. */
  async say(frame: ClientFrame | Bytes): Promise<void> {
    this.connection?.receive(frame instanceof Uint8Array ? frame : encodeClientFrame(frame))
    await this.#world.flush()
  }

  hello(changes: Partial<Extract<ClientFrame, { type: 'hello' }>> = {}): ClientFrame {
    const welcome = this.frames.find((frame) => frame.type === 'welcome') as FrameOf<'welcome'>
    const { signPublic, boxPublic } = this.device
    const signature = this.device.sign(helloInput(welcome.nonce, AUDIENCE, tokenHash(sodiumSha512, this.#token)))
    return { type: 'hello', signPublic, boxPublic, audience: AUDIENCE, signature, ...changes }
  }

  open(document: Bytes, changes: Partial<Extract<ClientFrame, { type: 'open' }>> = {}): Promise<void> {
    return this.say({
      type: 'open',
      document,
      token: this.#token,
      cursorSeq: 0,
      cursorTranscript: new Uint8Array(32),
      recordHead: new Uint8Array(32),
      ...changes,
    })
  }

  /** Takes out all frames that have come so far. */
  take(): RelayFrame[] {
    return this.frames.splice(0)
  }

  /** All frames of a type that have come and were not taken. */
  all<Type extends RelayFrame['type']>(type: Type): FrameOf<Type>[] {
    return this.frames.filter((frame): frame is FrameOf<Type> => frame.type === type)
  }

  /** Seqs of the entries that came as ENTRIES, in order. */
  get seqs(): number[] {
    return this.all('entries').flatMap((frame) => frame.envelopes.map((_, i) => frame.seq + i))
  }

  leave(): void {
    this.connection?.left()
  }
}

export interface CoreWorldOptions {
  readonly store?: Store
  /** The store writes to a disk, and is waited for. */
  readonly isOnDisk?: boolean
  readonly bus?: Bus
  readonly limits?: Partial<RelayLimits>
  readonly clock?: ReturnType<typeof createTestClock>
  readonly headKey?: HeadKey
  readonly isRevoked?: (grant: Grant) => boolean
}

export class CoreWorld {
  readonly store: Store
  readonly clock: ReturnType<typeof createTestClock>
  readonly room: Room
  readonly metrics: MemoryMetrics = createMetrics()
  readonly log: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[] = []
  readonly headKey: HeadKey
  readonly #grantsByToken = new Map<string, Grant>()
  readonly #isOnDisk: boolean

  private constructor(options: CoreWorldOptions) {
    this.store = options.store ?? createMemoryStore()
    this.#isOnDisk = options.isOnDisk ?? false
    this.clock = options.clock ?? createTestClock()
    const signer = createTestDevice()
    this.headKey = options.headKey ?? { publicKey: signer.signPublic, sign: (message) => signer.sign(message) }
    const write = (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      void this.log.push({ event, fields })
    this.room = new Room({
      store: this.store,
      bus: options.bus ?? createLocalBus(),
      auth: {
        verify: async (token) => {
          const grant = this.#grantsByToken.get(token)
          return grant === undefined ? { ok: false, reason: 'unknown' } : { ok: true, grant }
        },
        ...(options.isRevoked !== undefined && { isRevoked: options.isRevoked }),
      },
      clock: this.clock,
      log: { debug: write, info: write, warn: write, error: write },
      metrics: this.metrics,
      headKey: this.headKey,
      audiences: [AUDIENCE],
      sha512: sodiumSha512,
      random: randomBytes,
      ...(options.limits !== undefined && { limits: options.limits }),
    })
  }

  static async start(options: CoreWorldOptions = {}): Promise<CoreWorld> {
    await cryptoReady()
    const world = new CoreWorld(options)
    await world.room.start()
    return world
  }

  /** A token for a document. */
  token(document: Bytes, permissions: readonly Permission[] = ALL, changes: Partial<Grant> = {}): string {
    const token = `token-${this.#grantsByToken.size + 1}`
    this.#grantsByToken.set(token, {
      document,
      subject: 'alice',
      tokenId: token,
      issuedAtMs: this.clock.now(),
      expiresAtMs: this.clock.now() + 300_000,
      permissions: new Set(permissions),
      device: null,
      ...changes,
    })
    return token
  }

  /** A socket whose upgrade was granted for `token`; WELCOME has come. */
  connect(token: string, device: Device = createTestDevice()): CorePeer {
    const peer = new CorePeer(this, device, token)
    peer.connection = this.room.connect(peer, { token, grant: this.#grantsByToken.get(token) as Grant })
    return peer
  }

  /** A socket that has said HELLO; nothing but WELCOME has come, and that has been taken. */
  async peer(document: Bytes, permissions: readonly Permission[] = ALL, device?: Device): Promise<CorePeer> {
    const peer = this.connect(this.token(document, permissions), device)
    await peer.say(peer.hello())
    peer.take()
    return peer
  }

  /** A socket that has opened the document; the answers to that have been taken. */
  async opened(document: Bytes, permissions: readonly Permission[] = ALL, device?: Device): Promise<CorePeer> {
    const peer = await this.peer(document, permissions, device)
    await peer.open(document)
    peer.take()
    return peer
  }

  /** Lets everything happen that needs no time, but that of the disk. */
  async flush(): Promise<void> {
    for (let i = 0; i < 4; i++) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      if (this.#isOnDisk) await this.store.status([])
      this.clock.advance(0)
    }
  }

  /** Moves the clock on by steps of a tick, letting everything happen that falls due. */
  async pass(ms: number, stepMs = 250): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passed))
      await this.flush()
    }
  }
}

/** Pushes a genesis and takes the ACK. */
export async function createDocument(peer: CorePeer, writer: TestWriter): Promise<void> {
  await peer.say({ type: 'push', envelopes: [writer.genesis().envelope] })
  const [ack] = peer.take()
  if (ack?.type !== 'ack') throw new Error('the genesis was not stored')
}

/** A document with its genesis stored, its creator's socket, and a writer that goes on from there. */
export async function openCreated(
  world: CoreWorld,
  document: TestDocument,
  writerOf: (device: Device) => TestWriter,
  device: Device = createTestDevice(),
): Promise<{ readonly peer: CorePeer; readonly writer: TestWriter }> {
  const peer = await world.opened(document.id, ALL, device)
  const writer = writerOf(device)
  await createDocument(peer, writer)
  return { peer, writer }
}
