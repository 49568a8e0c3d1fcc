/**
 * A plain Yjs client of somebody else's server, with what it receives counted: opens a document and says when all of it is there. Plaintext.
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
import * as Y from 'yjs'

import { LeanSocket } from '../lean-socket.ts'
import { sleep } from '../figures.ts'

export type Dialect = 'y-websocket' | 'hocuspocus'

const MESSAGE = { sync: 0, auth: 2, syncReply: 4 } as const
const SYNC = { step1: 0, step2: 1, update: 2 } as const
const AUTH_TOKEN = 0
const PATIENCE_MS = 20_000

export interface YjsClient {
  readonly doc: Y.Doc
  readonly text: Y.Text
  bytesReceived(): number
  /** Resolves when the text is that; a server may say that all is there before it has read its own store. */
  whenText(content: string): Promise<void>
  /** Resolves when the server has taken in what was typed: it answers one more question then. */
  settle(): Promise<void>
  close(): void
}

/** Resolves once the server's whole content is in the Doc. */
export async function openYjsClient(port: number, room: string, dialect: Dialect): Promise<YjsClient> {
  const doc = new Y.Doc()
  let answered: () => void = () => undefined
  const socket = await LeanSocket.open({
    port,
    path: `/${room}`,
    onMessage(message) {
      const decoder = createDecoder(message)
      if (dialect === 'hocuspocus') readVarString(decoder)
      const type = readVarUint(decoder)
      if (type !== MESSAGE.sync && type !== MESSAGE.syncReply) return
      const step = readVarUint(decoder)
      if (step === SYNC.step1) return
      Y.applyUpdate(doc, readVarUint8Array(decoder), 'server')
      if (step === SYNC.step2) answered()
    },
  })
  const send = (write: (encoder: Encoder) => void): void => {
    const encoder = createEncoder()
    if (dialect === 'hocuspocus') writeVarString(encoder, room)
    write(encoder)
    socket.send(toUint8Array(encoder))
  }
  const sync = (step: number, content: Uint8Array): void =>
    send((encoder) => {
      writeVarUint(encoder, MESSAGE.sync)
      writeVarUint(encoder, step)
      writeVarUint8Array(encoder, content)
    })
  const ask = async (): Promise<void> => {
    const answer = new Promise<void>((resolve) => (answered = resolve))
    sync(SYNC.step1, Y.encodeStateVector(doc))
    await answer
  }
  if (dialect === 'hocuspocus') {
    send((encoder) => {
      writeVarUint(encoder, MESSAGE.auth)
      writeVarUint(encoder, AUTH_TOKEN)
      writeVarString(encoder, 'token')
    })
  }
  await ask()
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== 'server') sync(SYNC.update, update)
  })
  return {
    doc,
    text: doc.getText('note'),
    bytesReceived: () => socket.bytesReceived,
    whenText: async (content) => {
      const text = doc.getText('note')
      const deadline = performance.now() + PATIENCE_MS
      while (text.length !== content.length || text.toJSON() !== content) {
        if (performance.now() > deadline) throw new Error('the text that was opened is another')
        await sleep(1)
      }
    },
    settle: async () => {
      await ask()
      await sleep(0)
    },
    close: () => socket.close(),
  }
}
