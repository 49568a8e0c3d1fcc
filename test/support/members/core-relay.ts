/**
 * The core of a relay with a store in memory, and sockets to it that are objects: the relay's own rules without TLS, tokens or a network.
 * Every token may do everything, so that roles alone stand between a device and the log.
 *
 * @module
 */
import { concatBytes, sodiumSha512, type Bytes } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'

import type { Socket, SocketConstructor } from '../../../client/connection/socket.ts'
import { createLocalBus } from '../../../server/bus/local.ts'
import type { Grant, Outbound, RoomConnection, Store } from '../../../server/core/ports.ts'
import { Room } from '../../../server/core/room.ts'
import { createSystemClock } from '../../../server/ops/clock.ts'
import { createMetrics } from '../../../server/ops/metrics.ts'
import { createMemoryStore } from '../../../server/store/memory.ts'
import { ALL } from '../core-world.ts'
import { createTestDevice } from '../raw-client.ts'

const UNBOUND = { perSecond: 1e9, burst: 1e9 }
/** What a relay defends itself with against crowds is no subject here. */
const LIMITS = {
  socketPushes: UNBOUND,
  socketBytes: UNBOUND,
  writerPushes: UNBOUND,
  writerBytes: UNBOUND,
  networkPushes: UNBOUND,
  networkBytes: UNBOUND,
  socketsPerNetwork: 100_000,
}

export class CoreRelay {
  readonly store: Store = createMemoryStore()
  readonly socket: SocketConstructor
  /** 32 bytes. */
  readonly headKey: Bytes
  readonly #room: Room
  readonly #sockets: CoreSocket[] = []
  /** The one document of this relay. */
  document: Bytes = new Uint8Array(16)

  private constructor() {
    const signer = createTestDevice()
    this.headKey = signer.signPublic
    const quiet = (): void => undefined
    this.#room = new Room({
      store: this.store,
      bus: createLocalBus(),
      auth: { verify: () => Promise.resolve({ ok: true, grant: this.#grant() }) },
      clock: createSystemClock(),
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      metrics: createMetrics(),
      headKey: { publicKey: signer.signPublic, sign: (message) => signer.sign(message) },
      audiences: ['wss://relay.example/sync'],
      sha512: sodiumSha512,
      random: randomBytes,
      limits: LIMITS,
    })
    const connect = (outbound: Outbound): RoomConnection =>
      this.#room.connect(outbound, { token: 'a.b.c', grant: this.#grant() })
    const sockets = this.#sockets
    this.socket = class extends CoreSocket {
      constructor() {
        super(connect)
        sockets.push(this)
      }
    }
  }

  /** Ends every socket in the middle of what it says: frames that are under way, either way, are lost. */
  cut(): void {
    for (const socket of this.#sockets.splice(0)) socket.close(1006, '')
  }

  static async start(): Promise<CoreRelay> {
    const relay = new CoreRelay()
    await relay.#room.start()
    return relay
  }

  #grant(): Grant {
    return {
      document: this.document,
      subject: `subject ${Math.trunc(performance.now() * 1_000)}`,
      tokenId: 'a',
      issuedAtMs: Date.now(),
      expiresAtMs: Date.now() + 300_000,
      permissions: new Set(ALL),
      device: null,
    }
  }
}

class CoreSocket implements Socket {
  binaryType = 'arraybuffer'
  readyState = 0
  readonly bufferedAmount = 0
  onopen: (() => void) | null = null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null
  onerror: ((event: never) => void) | null = null
  onmessage: ((event: { readonly data: unknown }) => void) | null = null
  #connection: RoomConnection | null = null

  constructor(connect: (outbound: Outbound) => RoomConnection) {
    setTimeout(() => {
      if (this.readyState !== 0) return
      this.readyState = 1
      this.onopen?.()
      this.#connection = connect({
        send: (frame, rest) => this.#deliver(rest === undefined ? frame : concatBytes(frame, rest)),
        flush: () => {},
        close: (code, reason) => this.close(code, reason),
        bufferedBytes: 0,
      })
    }, 0)
  }

  send(data: Bytes): void {
    const bytes = data.slice()
    setTimeout(() => {
      if (this.readyState === 1) this.#connection?.receive(bytes)
    }, 0)
  }

  close(code = 1000, reason = ''): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.#connection?.left()
    setTimeout(() => this.onclose?.({ code, reason }), 0)
  }

  #deliver(frame: Bytes): void {
    const { buffer } = frame.slice()
    setTimeout(() => {
      if (this.readyState === 1) this.onmessage?.({ data: buffer })
    }, 0)
  }
}
