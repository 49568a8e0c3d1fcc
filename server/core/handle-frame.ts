/**
 * Which handler takes which frame, once the socket has proved its device. Rules FR2, FR3, FR13.
 *
 * @module
 */
import { CLIENT_FRAME, encodeRelayFrame, type Bytes, type ClientFrame } from '@y-sealed/protocol'

import { handleAwareness } from './awareness.ts'
import { handleDelete } from './deletion.ts'
import { handleRefresh } from './grant.ts'
import { handleOpen } from './opening.ts'
import { handlePush, handlePushPart } from './push.ts'
import { handlePutSnapshot } from './put-snapshot.ts'
import { handleRead } from './read.ts'
import { handleReadIds } from './read-ids.ts'
import { handleRestore, handleShowHead, handleShowIds } from './restore.ts'
import { handleReadSnapshot } from './snapshot-reads.ts'
import type { Socket } from './socket.ts'

/** Handles one frame; `message` is its bytes. What must wait for the store gives a promise. */
export function handleFrame(socket: Socket, frame: ClientFrame, message: Bytes): void | Promise<void> {
  if (isRequest(frame) && !admitRequest(socket, frame)) return
  switch (frame.type) {
    case 'push':
      return handlePush(socket, frame)
    case 'push-part':
      return handlePushPart(socket, frame)
    case 'awareness':
      return handleAwareness(socket, frame, message)
    case 'open':
      return handleOpen(socket, frame)
    case 'read':
      return handleRead(socket, frame)
    case 'refresh':
      return handleRefresh(socket, frame)
    case 'close':
      return handleClose(socket, frame.document)
    case 'delete':
      return handleDelete(socket, frame)
    case 'ping':
      return socket.send(encodeRelayFrame({ type: 'pong', nonce: frame.nonce }))
    case 'show-head':
      return handleShowHead(socket, frame)
    case 'show-ids':
      return handleShowIds(socket, frame)
    case 'restore':
      return handleRestore(socket, frame)
    case 'hello':
      return socket.end(4400, 'second hello')
    case 'read-ids':
      return handleReadIds(socket, frame)
    case 'read-snapshot':
      return handleReadSnapshot(socket, frame)
    case 'put-snapshot':
      return handlePutSnapshot(socket, frame)
  }
}

const NO_DOCUMENT: Bytes = new Uint8Array(16)
const REQUESTS = ['open', 'refresh', 'close', 'delete', 'ping'] as const

type RequestFrame = Extract<ClientFrame, { readonly type: (typeof REQUESTS)[number] }>

function isRequest(frame: ClientFrame): frame is RequestFrame {
  return (REQUESTS as readonly string[]).includes(frame.type)
}

/** Counts a request. One too many is refused; CLOSE alone is done all the same, since it only sets free. */
function admitRequest(socket: Socket, frame: RequestFrame): boolean {
  const now = socket.context.clock.monotonic()
  const waitMs = socket.rates.requests.waitMs(1, now)
  socket.rates.requests.take(waitMs === 0 ? 1 : 0, now)
  if (waitMs === 0) return true
  const document = frame.type === 'ping' ? NO_DOCUMENT : frame.document
  socket.refuse({ type: CLIENT_FRAME[frame.type], document }, { code: 'RATE', retryAfterMs: waitMs })
  return frame.type === 'close'
}

/** A document that is not open is no error. [FR13] */
function handleClose(socket: Socket, document: Bytes): void {
  const slot = socket.documents.find(document)
  if (slot !== null) socket.leave(slot)
}
