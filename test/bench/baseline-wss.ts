/**
 * The least that a socket server over TLS can do, and the measure of all others: a message goes to everybody else in its room, and what
 * arrived in one turn of the event loop leaves in one write a socket. No storage, no protocol, no checks.
 *
 * A message is `u8 type ‖ u32 room ‖ …`; type 1 joins the room and is echoed, every other type is passed on as it came.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer } from 'ws'

interface Settings {
  readonly cert: string
  readonly key: string
}

interface Waiting {
  readonly from: Socket
  readonly frame: Buffer
}

interface Room {
  readonly members: Set<Socket>
  waiting: Waiting[]
}

const settings = JSON.parse(process.env['BENCH_SETTINGS'] ?? '{}') as Settings
const roomsById = new Map<number, Room>()
let changed: Room[] = []

/** An unmasked binary frame (RFC 6455 §5.2) of up to 64 KiB. */
function frameOf(payload: Buffer): Buffer {
  const { length } = payload
  const header = length < 126 ? 2 : 4
  const out = Buffer.allocUnsafe(header + length)
  out[0] = 0x82
  if (length < 126) out[1] = length
  else {
    out[1] = 126
    out.writeUInt16BE(length, 2)
  }
  out.set(payload, header)
  return out
}

function flush(): void {
  const rooms = changed
  changed = []
  const bytesBySocket = new Map<Socket, Buffer[]>()
  const send = (socket: Socket, bytes: Buffer): void => {
    const queue = bytesBySocket.get(socket)
    if (queue === undefined) bytesBySocket.set(socket, [bytes])
    else queue.push(bytes)
  }
  for (const room of rooms) {
    const { waiting } = room
    room.waiting = []
    const authors = new Set(waiting.map(({ from }) => from))
    const all = Buffer.concat(waiting.map(({ frame }) => frame))
    for (const member of room.members) {
      if (!authors.has(member)) send(member, all)
      else if (authors.size > 1) {
        send(member, Buffer.concat(waiting.filter(({ from }) => from !== member).map(({ frame }) => frame)))
      }
    }
  }
  for (const [socket, queue] of bytesBySocket) {
    socket.write(queue.length === 1 ? (queue[0] as Buffer) : Buffer.concat(queue))
  }
}

function take(socket: Socket, message: Buffer): void {
  const id = message.readUInt32BE(1)
  let room = roomsById.get(id)
  if (room === undefined) roomsById.set(id, (room = { members: new Set(), waiting: [] }))
  if (message[0] === 1) {
    room.members.add(socket)
    socket.once('close', () => room.members.delete(socket))
    socket.write(frameOf(message))
    return
  }
  room.waiting.push({ from: socket, frame: frameOf(message) })
  if (room.waiting.length > 1) return
  changed.push(room)
  if (changed.length === 1) setImmediate(flush)
}

const server = createServer({ cert: readFileSync(settings.cert), key: readFileSync(settings.key) })
const webSockets = new WebSocketServer({ server, perMessageDeflate: false })
webSockets.on('connection', (webSocket, { socket }) => {
  socket.setMaxListeners(0)
  webSocket.on('message', (message: Buffer) => take(socket, message))
  webSocket.on('error', () => {})
})
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
