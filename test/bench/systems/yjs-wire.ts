/**
 * The wire of servers that know Yjs: y-websocket's, and Hocuspocus', which puts the document's name before each message and asks for a token.
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

import { LeanSocket } from '../lean-socket.ts'

export type Dialect = 'y-websocket' | 'hocuspocus'

export const SYNC = { step1: 0, step2: 1, update: 2 } as const
const MESSAGE = { sync: 0, auth: 2, syncReply: 4 } as const
const AUTH_TOKEN = 0

export interface YjsWireOptions {
  readonly port: number
  readonly room: string
  readonly dialect: Dialect
  /** What a sync message carries: a state vector in step 1, else a V1 update. */
  readonly onSync: (step: number, content: Uint8Array) => void
}

export interface YjsWire {
  readonly socket: LeanSocket
  readonly sync: (step: number, content: Uint8Array) => void
}

/** Resolves when the socket is open, and the token sent. */
export async function openYjsWire({ port, room, dialect, onSync }: YjsWireOptions): Promise<YjsWire> {
  const socket = await LeanSocket.open({
    port,
    path: `/${room}`,
    onMessage(message) {
      const decoder = createDecoder(message)
      if (dialect === 'hocuspocus') readVarString(decoder)
      const type = readVarUint(decoder)
      if (type !== MESSAGE.sync && type !== MESSAGE.syncReply) return
      const step = readVarUint(decoder)
      onSync(step, readVarUint8Array(decoder))
    },
  })
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
  return {
    socket,
    sync: (step, content) =>
      send((encoder) => {
        writeVarUint(encoder, MESSAGE.sync)
        writeVarUint(encoder, step)
        writeVarUint8Array(encoder, content)
      }),
  }
}
