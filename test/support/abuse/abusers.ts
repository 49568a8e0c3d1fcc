/**
 * Ten ways to be a nuisance to a relay. Each is a round that is played again and again, however it was refused the time before, and says
 * how the relay is meant to refuse it. Rows of SECURITY, sections E and H.
 *
 * @module
 */
import { CLIENT_FRAME, concatBytes, type Bytes } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { Agent, request } from 'node:https'

import { createRoomDocument, TestWriter } from '../room-document.ts'
import { createTestDevice } from '../raw-client.ts'
import { AttackSocket } from './attack-socket.ts'
import type { Ground } from './ground.ts'

/** One round; ends when the relay has refused it, or there is nothing more to do. */
export type Round = () => Promise<void>

export interface Abuser {
  readonly name: string
  /** Rows of SECURITY. */
  readonly rows: string
  /** Each of these outcomes must be met. */
  readonly refusedBy: readonly string[]
  /** Rounds at the same time, and the pause after each. */
  readonly lanes: number
  readonly pauseMs: number
  /** Makes ready, before the clock runs. */
  readonly prepare: (ground: Ground) => Promise<Round>
}

const PUSHES = 600
const STATES = 600
const READS = 64
const DOCUMENTS = 40
const TOKEN_REQUESTS = 16
const REQUEST_PAUSE_MS = 20
/** History for those who read, or do not: 48 updates of 40 KiB. */
const HISTORY = { updates: 48, bytes: 40_000 } as const
const NO_TOKEN = `${'e'.repeat(40)}.${'f'.repeat(200)}.${'A'.repeat(86)}`

/** WebSocket frames (RFC 6455 §5.2) that do not come to their end, each the beginning of what the relay would have to wait for. */
const UNFINISHED: readonly Bytes[] = [
  // Half a header; a header and no payload; the first of two fragments, and never the second.
  Uint8Array.of(0x82),
  Uint8Array.of(0x82, 0x80 | 100, 0, 0, 0, 0),
  Uint8Array.of(0x02, 0x80 | 1, 0, 0, 0, 0, 7),
]

/** What no client sends, and how it ends: RSV bits, no mask, a length of 2^40, text, a message too large, a frame of no type. */
const BAD_FRAMES: readonly ((socket: AttackSocket) => void)[] = [
  (socket) => socket.write(Uint8Array.of(0xc2, 0x80, 0, 0, 0, 0)),
  (socket) => socket.write(Uint8Array.of(0x82, 0x01, 0)),
  (socket) => socket.write(Uint8Array.of(0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
  (socket) => socket.sendMessage('text'),
  (socket) => socket.sendMessage(new Uint8Array(1_000_000)),
  (socket) => socket.sendMessage(concatBytes(Uint8Array.of(0xee), randomBytes(2_000))),
]

export const ABUSERS: readonly Abuser[] = [
  {
    name: 'push flood',
    rows: 'H1',
    refusedBy: ['NACK RATE', '4529'],
    lanes: 1,
    pauseMs: 100,
    async prepare(ground) {
      const document = await ground.createDocument()
      return async () => {
        const writer = new TestWriter(document, ground.device)
        const envelopes = writer.updates(PUSHES).map(({ envelope }) => envelope)
        const socket = await ground.enterDocument(document.id)
        for (const envelope of envelopes) socket?.send({ type: 'push', envelopes: [envelope] })
        await socket?.ended
      }
    },
  },
  {
    name: 'slow and half frames',
    rows: 'E12 H2 H3',
    refusedBy: ['4508'],
    lanes: 8,
    pauseMs: 100,
    async prepare(ground) {
      const document = await ground.createDocument()
      let rounds = 0
      return async () => {
        const kind = rounds++ % (UNFINISHED.length + 1)
        const socket = await AttackSocket.open(ground, ground.token(document.id))
        const begun = UNFINISHED[kind]
        // The fourth kind never says HELLO.
        if (begun !== undefined && (await socket?.hello())) socket?.write(begun)
        await socket?.ended
      }
    },
  },
  {
    name: 'never reads',
    rows: 'H5',
    refusedBy: ['cut off'],
    lanes: 2,
    pauseMs: 100,
    async prepare(ground) {
      const document = await ground.createDocument(HISTORY.updates, HISTORY.bytes)
      return async () => {
        const socket = await ground.enterDocument(document.id)
        if (socket === null) return
        socket.stopReading()
        const timer = setInterval(() => askForAll(socket, document.id), REQUEST_PAUSE_MS)
        await socket.ended
        clearInterval(timer)
      }
    },
  },
  {
    name: 'forged proofs and foreign envelopes',
    rows: 'H10',
    // With time 4403 too: see `forgeries.test.ts`. How soon is a matter of how busy the machine is.
    refusedBy: ['4401', 'NACK FORBIDDEN', 'NACK BAD_ENVELOPE', '4529'],
    lanes: 2,
    pauseMs: 50,
    async prepare(ground) {
      const document = await ground.createDocument()
      const foreign = new TestWriter(document, createTestDevice()).updates(20)
      let rounds = 0
      return async () => {
        const kind = rounds++ % 3
        if (kind === 0) {
          const socket = await AttackSocket.open(ground, ground.token(document.id))
          await socket?.hello(true)
          await socket?.ended
          return
        }
        const other = createRoomDocument()
        const socket = await ground.enterDocument(kind === 1 ? document.id : other.id)
        if (kind === 1) for (const { envelope } of foreign) socket?.send({ type: 'push', envelopes: [envelope] })
        else for (let i = 0; i < 4; i++) socket?.sendMessage(forgedGenesis(other, ground))
        await socket?.ended
      }
    },
  },
  {
    name: 'many documents',
    rows: 'H6 H11',
    refusedBy: ['NACK RATE', '4529'],
    lanes: 1,
    pauseMs: 100,
    async prepare(ground) {
      const first = await ground.createDocument()
      return async () => {
        const documents = Array.from({ length: DOCUMENTS }, () => createRoomDocument())
        const socket = await ground.enterDocument(first.id)
        for (const { id } of documents) socket?.sendOpen(id, ground.token(id))
        for (const document of documents) {
          const { envelope } = new TestWriter(document, ground.device).genesis()
          socket?.send({ type: 'push', envelopes: [envelope] })
        }
        await socket?.ended
      }
    },
  },
  {
    name: 'token noise',
    rows: 'C17 D',
    refusedBy: ['HTTP 401', 'POST 400', 'POST 429', 'POST reset'],
    lanes: 4,
    pauseMs: 10,
    prepare(ground) {
      const agent = new Agent({ keepAlive: true, ca: ground.target.ca, localAddress: ground.localAddress })
      return Promise.resolve(async () => {
        await AttackSocket.open(ground, NO_TOKEN)
        await Promise.all(Array.from({ length: TOKEN_REQUESTS }, () => askForToken(ground, agent)))
      })
    },
  },
  {
    name: 'reconnect storm',
    rows: 'H7 H8',
    refusedBy: ['HTTP 429'],
    lanes: 4,
    pauseMs: 10,
    async prepare(ground) {
      const document = await ground.createDocument()
      return async () => (await AttackSocket.open(ground, ground.token(document.id)))?.terminate()
    },
  },
  {
    name: 'awareness flood',
    rows: 'H1',
    refusedBy: ['NACK RATE', '4529'],
    lanes: 1,
    pauseMs: 100,
    async prepare(ground) {
      const document = await ground.createDocument()
      const writer = new TestWriter(document, ground.device)
      const envelopes = Array.from({ length: STATES }, () => writer.awareness().envelope)
      return async () => {
        const socket = await ground.enterDocument(document.id)
        for (const envelope of envelopes) socket?.send({ type: 'awareness', envelope })
        await socket?.ended
      }
    },
  },
  {
    name: 'malformed and oversize frames',
    rows: 'E1 E2 E8 E9 F1',
    refusedBy: ['1002', '1003', '1009', '4400'],
    lanes: 2,
    pauseMs: 50,
    async prepare(ground) {
      const document = await ground.createDocument()
      let rounds = 0
      return async () => {
        const spoil = BAD_FRAMES[rounds++ % BAD_FRAMES.length]
        const socket = await ground.enterDocument(document.id)
        if (socket !== null) spoil?.(socket)
        await socket?.ended
      }
    },
  },
  {
    name: 'READ flood',
    rows: 'H9',
    refusedBy: ['NACK RATE', '4529'],
    lanes: 2,
    pauseMs: 100,
    async prepare(ground) {
      const document = await ground.createDocument(HISTORY.updates, HISTORY.bytes)
      return async () => {
        const socket = await ground.enterDocument(document.id)
        for (let i = 0; i < READS; i++) if (socket !== null) askForAll(socket, document.id)
        await socket?.ended
      }
    },
  },
]

function askForAll(socket: AttackSocket, document: Bytes): void {
  socket.send({ type: 'read', document, after: 0, maxBytes: 1_048_576 })
}

/** A PUSH of a genesis whose signature is another's. */
function forgedGenesis(document: ReturnType<typeof createRoomDocument>, ground: Ground): Bytes {
  const { bytes } = new TestWriter(document, ground.device).genesis().envelope
  const forged = bytes.slice()
  forged[forged.length - 1] = (forged.at(-1) as number) ^ 1
  return concatBytes(Uint8Array.of(CLIENT_FRAME.push), forged)
}

function askForToken(ground: Ground, agent: Agent): Promise<void> {
  const url = new URL('/token', ground.target.url.replace(/^wss:/, 'https:'))
  return new Promise((resolve) => {
    const asked = request(url, { agent, method: 'POST', headers: { 'content-type': 'application/json' } })
    asked.on('response', (response) => {
      ground.note(`POST ${response.statusCode}`)
      response.resume().on('close', resolve)
    })
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') ground.note('POST reset')
      resolve()
    })
    asked.end('{"nonce":"noise"}')
  })
}
