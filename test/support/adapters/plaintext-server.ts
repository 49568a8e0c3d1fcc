/**
 * A y-websocket server as people run one, on y-protocols and in clear, over TLS: what the leak scan finds canaries on. It keeps every byte.
 *
 * @module
 */
import { toBytes } from '@y-sealed/protocol'
import { createDecoder, readVarUint, readVarUint8Array } from 'lib0/decoding'
import { createEncoder, length, toUint8Array, writeVarUint } from 'lib0/encoding'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { Awareness, applyAwarenessUpdate } from 'y-protocols/awareness'
import { readSyncMessage, writeSyncStep1 } from 'y-protocols/sync'
import * as Y from 'yjs'

import type { Captured } from '../lying-relay.ts'
import type { RelayAddress } from '../peer.ts'
import { testCertificate } from '../test-relay.ts'

export interface PlaintextServer extends RelayAddress {
  readonly captured: Captured[]
}

/** One room; it ends with the test. */
export async function startPlaintextServer(): Promise<PlaintextServer> {
  const { key, cert, ca } = await testCertificate()
  const server = createServer({ key, cert })
  const sockets = new WebSocketServer({ server })
  const doc = new Y.Doc()
  const awareness = new Awareness(doc)
  const captured: Captured[] = []
  const send = (socket: WebSocket, message: Uint8Array): void => {
    captured.push({ place: 'from-relay', bytes: toBytes(message).slice() })
    socket.send(message)
  }
  sockets.on('connection', (socket, { url = '' }) => {
    captured.push({ place: 'request-head', bytes: toBytes(Buffer.from(url)) })
    const hello = createEncoder()
    writeVarUint(hello, 0)
    writeSyncStep1(hello, doc)
    send(socket, toUint8Array(hello))
    socket.on('message', (data: Buffer) => {
      const message = toBytes(data).slice()
      captured.push({ place: 'from-client', bytes: message })
      const decoder = createDecoder(message)
      if (readVarUint(decoder) === 0) {
        const answer = createEncoder()
        writeVarUint(answer, 0)
        readSyncMessage(decoder, answer, doc, socket)
        if (length(answer) > 1) send(socket, toUint8Array(answer))
      } else applyAwarenessUpdate(awareness, readVarUint8Array(decoder), socket)
      for (const other of sockets.clients) if (other !== socket) send(other, message)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    awareness.destroy()
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  return { url: `wss://localhost:${(server.address() as AddressInfo).port}/sync`, ca, captured }
}
