/**
 * Clients of servers that know Yjs: y-websocket, and Hocuspocus, which puts the document's name before each message. Their updates are
 * single letters that each client appends after its own last one.
 *
 * @module
 */
import { createDecoder, readVarString, readVarUint, readVarUint8Array } from 'lib0/decoding'
import {
  createEncoder,
  toUint8Array,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
  type Encoder,
} from 'lib0/encoding'
import { randomUUID } from 'node:crypto'
import * as Y from 'yjs'

import { LeanSocket } from '../lean-socket.ts'
import { startServer } from '../server-process.ts'
import { eachInTurn, type Participant, type RoomOptions, type System } from '../system.ts'

type Dialect = 'y-websocket' | 'hocuspocus'

const MESSAGE = { sync: 0, auth: 2, syncReply: 4 } as const
const SYNC = { step1: 0, step2: 1, update: 2 } as const
const AUTH_TOKEN = 0

export interface YjsSystemOptions {
  readonly name: string
  readonly dialect: Dialect
  readonly script: string
  readonly node: string
  /** Where it keeps its data. */
  readonly folder?: string
}

/** Starts one. Sockets are not shared between rooms: y-websocket has no such thing. */
export async function startYjsSystem({ name, dialect, script, node, folder }: YjsSystemOptions): Promise<System> {
  const server = await startServer({ script, node, settings: folder === undefined ? {} : { folder } })
  const sockets: LeanSocket[] = []

  async function join(room: string, options: RoomOptions, index: number): Promise<Participant> {
    let answered: () => void = () => {}
    const synced = new Promise<void>((resolve) => (answered = resolve))
    /** By client id, the clock up to which updates were told of. */
    const clocks = new Map<number, number>()
    const socket = await LeanSocket.open({
      port: server.port,
      path: `/${room}`,
      onMessage(message) {
        const decoder = createDecoder(message)
        if (dialect === 'hocuspocus') readVarString(decoder)
        const type = readVarUint(decoder)
        if (type !== MESSAGE.sync && type !== MESSAGE.syncReply) return
        const step = readVarUint(decoder)
        if (step === SYNC.step2) answered()
        if (step !== SYNC.update) return
        // A server may have joined several updates to one.
        for (const [client, clock] of Y.parseUpdateMeta(readVarUint8Array(decoder)).to) {
          const from = client - 1
          if (from === index) continue
          for (let number = (clocks.get(client) ?? 0) + 1; number <= clock; number++) {
            options.onDelivered(index, from, number)
          }
          clocks.set(client, clock)
        }
      },
    })
    sockets.push(socket)
    const send = (write: (encoder: Encoder) => void): void => {
      const encoder = createEncoder()
      if (dialect === 'hocuspocus') writeVarString(encoder, room)
      write(encoder)
      socket.send(toUint8Array(encoder))
    }
    if (dialect === 'hocuspocus') {
      send((encoder) => {
        writeVarUint(encoder, MESSAGE.auth)
        writeVarUint(encoder, AUTH_TOKEN)
        writeVarString(encoder, 'token')
      })
    }
    const doc = new Y.Doc()
    doc.clientID = index + 1
    send((encoder) => {
      writeVarUint(encoder, MESSAGE.sync)
      writeVarUint(encoder, SYNC.step1)
      writeVarUint8Array(encoder, Y.encodeStateVector(doc))
    })
    await synced
    const text = doc.getText('note')
    doc.on('update', (update: Uint8Array) =>
      send((encoder) => {
        writeVarUint(encoder, MESSAGE.sync)
        writeVarUint(encoder, SYNC.update)
        writeVarUint8Array(encoder, update)
      }),
    )
    return { push: () => text.insert(text.length, 'x') }
  }

  return {
    name,
    pid: server.pid,
    openRooms: (rooms) =>
      eachInTurn(
        rooms,
        async (options) => {
          const room = randomUUID()
          return {
            participants: await eachInTurn(Array.from({ length: options.size }), (_, i) => join(room, options, i)),
          }
        },
        8,
      ),
    async close() {
      for (const socket of sockets) socket.close()
      await server.stop()
    },
  }
}
