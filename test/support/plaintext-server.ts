/**
 * A y-websocket server as everybody runs them: it reads along, and keeps what it was sent, and each document, in files. What a search for secrets finds there it
 * must not find at the relay.
 *
 * @module
 */
import { createDecoder, readVarUint, readVarUint8Array } from 'lib0/decoding'
import { createEncoder, length, toUint8Array, writeVarUint, writeVarUint8Array } from 'lib0/encoding'
import { once } from 'node:events'
import { appendFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import { WebSocketServer, type WebSocket } from 'ws'
import * as Y from 'yjs'

const SYNC = 0
const AWARENESS = 1

export interface PlaintextServer {
  /** What `y-websocket` takes as its server. */
  readonly url: string
  close(): void
}

interface Room {
  readonly doc: Y.Doc
  readonly sockets: Set<WebSocket>
}

/** Listens on a free port of this machine; keeps every message in `folder`. */
export async function startPlaintextServer(folder: string): Promise<PlaintextServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const roomsByPath = new Map<string, Room>()
  const keep = (path: string, { doc }: Room): void =>
    writeFileSync(join(folder, `document${path.replaceAll('/', '-')}`), Y.encodeStateAsUpdate(doc))
  server.on('connection', (socket, { url = '/' }) => {
    const [path = '/'] = url.split('?')
    const room = roomsByPath.get(path) ?? createRoom((made) => keep(path, made))
    roomsByPath.set(path, room)
    room.sockets.add(socket)
    socket.on('close', () => room.sockets.delete(socket))
    socket.on('message', (data: Buffer) => {
      appendFileSync(join(folder, 'messages'), data)
      receive(room, socket, new Uint8Array(data))
    })
    send(socket, (encoder) => writeSyncStep1(encoder, room.doc))
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}`,
    close: () => {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}

function createRoom(onChange: (room: Room) => void): Room {
  const room: Room = { doc: new Y.Doc(), sockets: new Set() }
  room.doc.on('update', (update, origin) => {
    onChange(room)
    for (const socket of room.sockets) if (socket !== origin) send(socket, (encoder) => writeUpdate(encoder, update))
  })
  return room
}

function receive(room: Room, socket: WebSocket, message: Uint8Array): void {
  const decoder = createDecoder(message)
  const type = readVarUint(decoder)
  if (type === SYNC) {
    const encoder = createEncoder()
    writeVarUint(encoder, SYNC)
    readSyncMessage(decoder, encoder, room.doc, socket)
    if (length(encoder) > 1) socket.send(toUint8Array(encoder))
  } else if (type === AWARENESS) {
    const encoder = createEncoder()
    writeVarUint(encoder, AWARENESS)
    writeVarUint8Array(encoder, readVarUint8Array(decoder))
    for (const other of room.sockets) if (other !== socket) other.send(toUint8Array(encoder))
  }
}

function send(socket: WebSocket, write: (encoder: ReturnType<typeof createEncoder>) => void): void {
  const encoder = createEncoder()
  writeVarUint(encoder, SYNC)
  write(encoder)
  socket.send(toUint8Array(encoder))
}
