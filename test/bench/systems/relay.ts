/**
 * The relay under load: TLS, tokens, HELLO, OPEN and PUSH as clients do them, an ACK after fsync. Entries are read where they stand.
 *
 * @module
 */
import {
  bytesToBase64url,
  concatBytes,
  decodeRelayFrame,
  encodeClientFrame,
  ENVELOPE_BYTES,
  helloInput,
  OFFSET,
  RELAY_FRAME,
  sodiumSha512,
  SUBPROTOCOL,
  tokenHash,
  toBytes,
  type Bytes,
  type OpenedFrame,
} from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { randomBytes } from 'node:crypto'

import { createRoomDocument, TestWriter, type TestDocument } from '../../support/room-document.ts'
import { makeToken } from '../../support/tokens.ts'
import { LeanSocket } from '../lean-socket.ts'
import { findFreePort, startServer, type ServerProcess } from '../server-process.ts'
import { eachInTurn, type Participant, type Room, type RoomOptions, type System } from '../system.ts'
import type { RelayLimits } from '../../../server/core/limits.ts'
import type { Workplace } from '../workplace.ts'
import { LogPosition, SealedSource } from './sealed-source.ts'

export const AUDIENCE = 'wss://relay.example/sync'
const ISSUER = 'https://app.example'
/** Longest life that a relay accepts. [AU3] */
const TOKEN_LIFE_S = 590

const ABOVE_THE_LOAD = { perSecond: 1e9, burst: 1e9 }
/** Limits are asked as ever, but lie above the load: all of it is one person's, comes from one address, and far faster than people type. */
const RAISED_LIMITS: Partial<RelayLimits> = {
  socketPushes: ABOVE_THE_LOAD,
  socketBytes: ABOVE_THE_LOAD,
  socketAwareness: ABOVE_THE_LOAD,
  socketRequests: ABOVE_THE_LOAD,
  writerPushes: ABOVE_THE_LOAD,
  writerBytes: ABOVE_THE_LOAD,
  accepts: ABOVE_THE_LOAD,
  sockets: 1e6,
  socketsPerSubject: 1e6,
  socketsPerNetwork: 1e6,
  subjectCreationsPerHour: 1e9,
  subjectBytesPerDay: 1e12,
  subjectStagedBytes: 1e12,
}

/** One document as the clients of this process share it. */
interface Shared {
  readonly options: RoomOptions
  readonly document: TestDocument
  readonly position: LogPosition
  readonly sources: SealedSource[]
}

/** Starts `y-sealed-relay serve` as it was built, with other limits where they are given; the folder keeps its data. */
export async function startRelayProcess(
  workplace: Workplace,
  data: string,
  limits: Partial<RelayLimits> = {},
): Promise<ServerProcess> {
  const { certPath, keyPath, jwksPath } = workplace
  const port = await findFreePort()
  const options = {
    data,
    host: '127.0.0.1',
    port: String(port),
    url: AUDIENCE,
    cert: certPath,
    key: keyPath,
    jwks: jwksPath,
    issuer: ISSUER,
  }
  return startServer({
    script: '../../server/dist/cli/main.js',
    environment: { Y_SEALED_LIMITS: JSON.stringify({ ...RAISED_LIMITS, ...limits }) },
    args: [
      'serve',
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
      // As the client library dials it.
      '--url',
      `wss://127.0.0.1:${port}/sync`,
    ],
    readyWhen: { text: '"event":"started"', port },
  })
}

/** A token of everything for a device in a document. */
export function makeBenchToken(
  { tokenKey }: Workplace,
  document: Bytes,
  device: Bytes,
  audience: string = AUDIENCE,
): string {
  const iat = Math.floor(Date.now() / 1000)
  return makeToken(tokenKey, {
    iss: ISSUER,
    aud: audience,
    sub: 'alice',
    jti: bytesToBase64url(toBytes(randomBytes(12))),
    iat,
    exp: iat + TOKEN_LIFE_S,
    doc: bytesToBase64url(document),
    perm: ['read', 'write', 'awareness', 'snapshot', 'members', 'create', 'delete'],
    cnf: bytesToBase64url(device),
  })
}

/** A socket of one device, several documents open on it. */
class Link {
  readonly device = new Device(createDeviceSeeds())
  readonly #workplace: Workplace
  readonly #index: number
  readonly #sharedByDocument = new Map<string, Shared>()
  readonly #waiting = new Map<number, (message: Bytes) => void>()
  #socket: LeanSocket | null = null

  constructor(workplace: Workplace, index: number) {
    this.#workplace = workplace
    this.#index = index
  }

  async connect(port: number, document: Bytes): Promise<void> {
    const token = makeBenchToken(this.#workplace, document, this.device.id)
    const welcomed = this.#next(RELAY_FRAME.welcome)
    this.#socket = await LeanSocket.open({
      port,
      path: '/sync',
      protocols: `${SUBPROTOCOL}, bearer.${token}`,
      secureContext: this.#workplace.secureContext,
      onMessage: (message) => this.#take(message),
    })
    const welcome = decodeRelayFrame((await welcomed).slice())
    if (!welcome.ok || welcome.value.type !== 'welcome') throw new Error('expected a welcome')
    const signature = this.device.sign(helloInput(welcome.value.nonce, AUDIENCE, tokenHash(sodiumSha512, token)))
    const { signPublic, boxPublic } = this.device
    this.send(encodeClientFrame({ type: 'hello', signPublic, boxPublic, audience: AUDIENCE, signature }))
  }

  send(frame: Bytes): void {
    this.#socket?.send(frame)
  }

  close(): void {
    this.#socket?.close()
  }

  /** Opens a document, and creates it when it does not exist. */
  async open(shared: Shared): Promise<Participant> {
    const { document, position, sources } = shared
    const { id } = document
    this.#sharedByDocument.set(keyOf(id, 0), shared)
    const opened = await this.#open(id)
    if (!opened.present) {
      const acknowledged = this.#next(RELAY_FRAME.ack)
      const { envelope, id: genesisId } = new TestWriter(document, this.device).genesis()
      this.send(encodeClientFrame({ type: 'push', envelopes: [envelope] }))
      await acknowledged
      position.extend(concatBytes(genesisId, envelope.signature))
    }
    const session = toBytes(randomBytes(8))
    new DataView(session.buffer, session.byteOffset).setUint32(4, this.#index)
    const { commitment } = document.key
    const source = new SealedSource({ document: id, device: this.device.id, session, commitment, seen: position })
    sources[this.#index] = source
    return { push: () => this.send(source.push()), show: () => this.send(source.show()) }
  }

  async #open(document: Bytes): Promise<OpenedFrame> {
    const answered = this.#next(RELAY_FRAME.opened)
    const token = makeBenchToken(this.#workplace, document, this.device.id)
    const nothing = new Uint8Array(32)
    this.send(
      encodeClientFrame({
        type: 'open',
        document,
        token,
        cursorSeq: 0,
        cursorTranscript: nothing,
        recordHead: nothing,
      }),
    )
    const frame = decodeRelayFrame(await answered)
    if (!frame.ok || frame.value.type !== 'opened') throw new Error('expected an opened')
    return frame.value
  }

  #next(type: number): Promise<Bytes> {
    return new Promise((resolve) => this.#waiting.set(type, resolve))
  }

  #take(message: Buffer): void {
    const type = message[0] as number
    const waiting = this.#waiting.get(type)
    if (waiting !== undefined) {
      this.#waiting.delete(type)
      waiting(toBytes(message).slice())
      return
    }
    if (type === RELAY_FRAME.entries) this.#takeEntries(message)
    else if (type === RELAY_FRAME.ack) this.#takeAck(message)
    else if (type === RELAY_FRAME.awareness) this.#takeAwareness(message)
    else if (type === RELAY_FRAME.nack || type === RELAY_FRAME.closed) {
      const frame = decodeRelayFrame(toBytes(message))
      throw new Error(`the relay refused: ${JSON.stringify(frame.ok ? frame.value : frame.fault)}`)
    }
  }

  #takeEntries(message: Buffer): void {
    const shared = this.#sharedByDocument.get(keyOf(message, 9 + OFFSET.document)) as Shared
    const first = message.readUInt32BE(5)
    let seq = first
    for (let at = 9; at < message.length; seq++) {
      const from = message.readUInt32BE(at + OFFSET.session + 4)
      const number = message.readUInt32BE(at + OFFSET.counter + 4)
      at += ENVELOPE_BYTES + message.readUInt32BE(at + OFFSET.length)
      // History, of the genesis: it is followed when it is made.
      if (seq === 1) continue
      if (this.#index === 0) this.#follow(shared, from, number)
      shared.options.onDelivered(this.#index, from, number)
    }
  }

  #takeAck(message: Buffer): void {
    const shared = this.#sharedByDocument.get(keyOf(message, 1)) as Shared
    const counter = message.readUInt32BE(29)
    const last = counter + message.readUInt16BE(33) - 1
    for (let number = counter; this.#index === 0 && number <= last; number++) this.#follow(shared, 0, number)
    shared.options.onAcknowledged?.(this.#index, last)
  }

  /** Client 0 follows the log for all: what it has seen, the others' next envelopes name. */
  #follow({ sources, position }: Shared, from: number, number: number): void {
    const { marksByCounter } = sources[from] as SealedSource
    position.extend(marksByCounter.get(number) as Bytes)
    marksByCounter.delete(number)
  }

  #takeAwareness(message: Buffer): void {
    const shared = this.#sharedByDocument.get(keyOf(message, 1 + OFFSET.document)) as Shared
    const from = message.readUInt32BE(1 + OFFSET.session + 4)
    shared.options.onShown?.(this.#index, from, message.readUInt32BE(1 + OFFSET.counter + 4))
  }
}

function keyOf(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 16))
}

/** Starts it. */
export async function startRelaySystem(workplace: Workplace): Promise<System> {
  const server = await startRelayProcess(workplace, workplace.folder('relay'))
  const links: Link[] = []

  async function openLink(group: readonly Shared[], index: number): Promise<Participant[]> {
    const link = new Link(workplace, index)
    links.push(link)
    await link.connect(server.port, (group[0] as Shared).document.id)
    const participants: Participant[] = []
    for (const shared of group) if (index < shared.options.size) participants.push(await link.open(shared))
    return participants
  }

  /** Rooms whose clients share sockets. */
  async function openGroup(rooms: readonly RoomOptions[]): Promise<readonly Room[]> {
    const group = rooms.map((options): Shared => {
      const document = createRoomDocument()
      return { options, document, position: new LogPosition(0, document.start.transcript), sources: [] }
    })
    const size = Math.max(...rooms.map((options) => options.size))
    // The first one creates the documents.
    const columns = [await openLink(group, 0)]
    const others = Array.from({ length: size - 1 })
    columns.push(...(await eachInTurn(others, (_, i) => openLink(group, i + 1))))
    return group.map(({ options }, row) => ({
      participants: columns.slice(0, options.size).map((column) => column[row] as Participant),
    }))
  }

  return {
    name: 'relay',
    pid: server.pid,
    async openRooms(rooms, roomsPerSocket = 1) {
      const groups: (readonly RoomOptions[])[] = []
      for (let from = 0; from < rooms.length; from += roomsPerSocket) {
        groups.push(rooms.slice(from, from + roomsPerSocket))
      }
      const opened = await eachInTurn(groups, openGroup, 4)
      return opened.flat()
    },
    async close() {
      for (const link of links) link.close()
      await server.stop()
    },
  }
}
