/**
 * Clients of `baseline-wss.ts`. Their messages are as long as the relay's for the same keystroke.
 *
 * @module
 */
import { LeanSocket } from '../lean-socket.ts'
import { startServer } from '../server-process.ts'
import { eachInTurn, type Room, type RoomOptions, type System } from '../system.ts'
import type { Workplace } from '../workplace.ts'
import { KEYSTROKE_ENVELOPE_BYTES } from './sealed-source.ts'

const JOIN = 1
const UPDATE = 2
const PRESENCE = 3
/** `u8 type ‖ u32 room ‖ u32 from ‖ u32 number`. */
const HEAD_BYTES = 13

/** Starts it. */
export async function startBare({ certPath, keyPath, secureContext }: Workplace): Promise<System> {
  const server = await startServer({ script: 'baseline-wss.ts', settings: { cert: certPath, key: keyPath } })
  const sockets: LeanSocket[] = []
  let lastRoom = 0

  /** One socket that plays the client of number `index` in several rooms. */
  async function openLink(roomsById: ReadonlyMap<number, RoomOptions>, index: number): Promise<LeanSocket> {
    let joins = roomsById.size
    let allJoined: () => void = () => {}
    const joined = new Promise<void>((resolve) => (allJoined = resolve))
    const socket = await LeanSocket.open({
      port: server.port,
      path: '/',
      secureContext,
      onMessage(message) {
        if (message[0] === JOIN) {
          if (--joins === 0) allJoined()
          return
        }
        const room = roomsById.get(message.readUInt32BE(1)) as RoomOptions
        const tell = message[0] === UPDATE ? room.onDelivered : room.onShown
        tell?.(index, message.readUInt32BE(5), message.readUInt32BE(9))
      },
    })
    sockets.push(socket)
    for (const id of roomsById.keys()) socket.send(messageOf(JOIN, id, 0, 0))
    await joined
    return socket
  }

  return {
    name: 'bare wss',
    pid: server.pid,
    async openRooms(rooms, roomsPerSocket = 1) {
      const ids = rooms.map(() => ++lastRoom)
      const opened: Room[] = []
      for (let from = 0; from < rooms.length; from += roomsPerSocket) {
        const group = rooms.slice(from, from + roomsPerSocket)
        const roomsById = new Map(group.map((room, i) => [ids[from + i] as number, room]))
        const size = Math.max(...group.map((room) => room.size))
        const links = await eachInTurn(Array.from({ length: size }), (_, index) => openLink(roomsById, index))
        for (const [id, room] of roomsById) {
          opened.push({
            participants: Array.from({ length: room.size }, (_, index) => {
              const link = links[index] as LeanSocket
              let updates = 0
              let shown = 0
              return {
                push: () => link.send(messageOf(UPDATE, id, index, ++updates)),
                show: () => link.send(messageOf(PRESENCE, id, index, ++shown)),
              }
            }),
          })
        }
      }
      return opened
    },
    async close() {
      for (const socket of sockets) socket.close()
      await server.stop()
    },
  }
}

function messageOf(type: number, room: number, from: number, number: number): Buffer {
  const message = Buffer.alloc(type === JOIN ? HEAD_BYTES : KEYSTROKE_ENVELOPE_BYTES + 1)
  message[0] = type
  message.writeUInt32BE(room, 1)
  message.writeUInt32BE(from, 5)
  message.writeUInt32BE(number, 9)
  return message
}
