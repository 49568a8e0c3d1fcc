/**
 * Clients of servers that know Yjs: y-websocket, and Hocuspocus, which puts the document's name before each message. Their updates are
 * single letters that each client appends after its own last one.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import * as Y from 'yjs'

import type { LeanSocket } from '../lean-socket.ts'
import { startServer } from '../server-process.ts'
import { eachInTurn, type Participant, type RoomOptions, type System } from '../system.ts'
import { openYjsWire, SYNC, type Dialect } from './yjs-wire.ts'

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
    const { socket, sync } = await openYjsWire({
      port: server.port,
      room,
      dialect,
      onSync(step, content) {
        if (step === SYNC.step2) answered()
        if (step !== SYNC.update) return
        // A server may have joined several updates to one.
        for (const [client, clock] of Y.parseUpdateMeta(content).to) {
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
    const doc = new Y.Doc()
    doc.clientID = index + 1
    sync(SYNC.step1, Y.encodeStateVector(doc))
    await synced
    const text = doc.getText('note')
    doc.on('update', (update: Uint8Array) => sync(SYNC.update, update))
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
