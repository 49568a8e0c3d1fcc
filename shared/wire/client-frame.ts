/**
 * Everything that a client says to a relay, read whole in one place. Rules FR1, FR3.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { KIND } from '../envelope/kind.ts'
import { documentIdOf } from '../members/genesis.ts'
import { MAX_MESSAGE_TO_RELAY, MAX_PLAIN_MESSAGE_TO_RELAY } from '../limits.ts'
import { unreachable } from '../unreachable.ts'
import { decodeAwareness, encodeAwareness, type AwarenessFrame } from './awareness-frames.ts'
import {
  decodeHello,
  decodePing,
  encodeHello,
  encodePing,
  type HelloFrame,
  type PingFrame,
} from './connection-frames.ts'
import {
  decodeClose,
  decodeDelete,
  decodeOpen,
  decodeRefresh,
  encodeClose,
  encodeDelete,
  encodeOpen,
  encodeRefresh,
  type CloseFrame,
  type DeleteFrame,
  type OpenFrame,
  type RefreshFrame,
} from './document-frames.ts'
import type { DecodeResult } from './fault.ts'
import { CLIENT_FRAME } from './frame-type.ts'
import {
  decodePush,
  decodePushPart,
  encodePush,
  encodePushPart,
  type PushFrame,
  type PushPartFrame,
} from './push-frames.ts'
import {
  decodeRead,
  decodeReadIds,
  encodeRead,
  encodeReadIds,
  type ReadFrame,
  type ReadIdsFrame,
} from './read-frames.ts'
import { Reader } from './reader.ts'
import {
  decodeRestore,
  decodeShowHead,
  decodeShowIds,
  encodeRestore,
  encodeShowHead,
  encodeShowIds,
  type RestoreFrame,
  type ShowHeadFrame,
  type ShowIdsFrame,
} from './restore-frames.ts'
import {
  decodePutSnapshot,
  decodeReadSnapshot,
  encodePutSnapshot,
  encodeReadSnapshot,
  type PutSnapshotFrame,
  type ReadSnapshotFrame,
} from './snapshot-frames.ts'

/** A frame from a client. [FR3] */
export type ClientFrame =
  | HelloFrame
  | OpenFrame
  | ReadFrame
  | ReadIdsFrame
  | ReadSnapshotFrame
  | PushFrame
  | PushPartFrame
  | AwarenessFrame
  | RefreshFrame
  | CloseFrame
  | DeleteFrame
  | PutSnapshotFrame
  | RestoreFrame
  | ShowHeadFrame
  | ShowIdsFrame
  | PingFrame

function decodeBody(type: number, reader: Reader): ClientFrame | null {
  switch (type) {
    case CLIENT_FRAME.hello:
      return decodeHello(reader)
    case CLIENT_FRAME.open:
      return decodeOpen(reader)
    case CLIENT_FRAME.read:
      return decodeRead(reader)
    case CLIENT_FRAME['read-ids']:
      return decodeReadIds(reader)
    case CLIENT_FRAME['read-snapshot']:
      return decodeReadSnapshot(reader)
    case CLIENT_FRAME.push:
      return decodePush(reader)
    case CLIENT_FRAME['push-part']:
      return decodePushPart(reader)
    case CLIENT_FRAME.awareness:
      return decodeAwareness(reader)
    case CLIENT_FRAME.refresh:
      return decodeRefresh(reader)
    case CLIENT_FRAME.close:
      return decodeClose(reader)
    case CLIENT_FRAME.delete:
      return decodeDelete(reader)
    case CLIENT_FRAME['put-snapshot']:
      return decodePutSnapshot(reader)
    case CLIENT_FRAME.restore:
      return decodeRestore(reader)
    case CLIENT_FRAME['show-head']:
      return decodeShowHead(reader)
    case CLIENT_FRAME['show-ids']:
      return decodeShowIds(reader)
    case CLIENT_FRAME.ping:
      return decodePing(reader)
    default:
      reader.fail('type')
      return null
  }
}

/** True for a frame whose only envelope is a record: it alone may be longer than 65 536 bytes. [FR1] */
function isLoneRecord(frame: ClientFrame): boolean {
  if (frame.type !== 'push' && frame.type !== 'restore') return false
  return frame.envelopes.length === 1 && frame.envelopes[0]?.kind === KIND.record
}

function isTooLong(length: number, frame: ClientFrame): boolean {
  return length > (isLoneRecord(frame) ? MAX_MESSAGE_TO_RELAY : MAX_PLAIN_MESSAGE_TO_RELAY)
}

/** Reads one message from a client. Never throws; byte fields of the frame are views of `bytes`. [WI3] */
export function decodeClientFrame(bytes: Bytes): DecodeResult<ClientFrame> {
  if (bytes.length > MAX_MESSAGE_TO_RELAY) return { ok: false, fault: 'size' }
  const reader = new Reader(bytes)
  const frame = decodeBody(reader.u8(), reader)
  if (frame === null) return { ok: false, fault: reader.fault ?? 'type' }
  const result = reader.finish(frame)
  return result.ok && isTooLong(bytes.length, frame) ? { ok: false, fault: 'size' } : result
}

function encodeBody(frame: ClientFrame): Bytes {
  switch (frame.type) {
    case 'hello':
      return encodeHello(frame)
    case 'open':
      return encodeOpen(frame)
    case 'read':
      return encodeRead(frame)
    case 'read-ids':
      return encodeReadIds(frame)
    case 'read-snapshot':
      return encodeReadSnapshot(frame)
    case 'push':
      return encodePush(frame)
    case 'push-part':
      return encodePushPart(frame)
    case 'awareness':
      return encodeAwareness(frame)
    case 'refresh':
      return encodeRefresh(frame)
    case 'close':
      return encodeClose(frame)
    case 'delete':
      return encodeDelete(frame)
    case 'put-snapshot':
      return encodePutSnapshot(frame)
    case 'restore':
      return encodeRestore(frame)
    case 'show-head':
      return encodeShowHead(frame)
    case 'show-ids':
      return encodeShowIds(frame)
    case 'ping':
      return encodePing(frame)
    default:
      return unreachable(frame, 'frame')
  }
}

/** The message of a frame. Throws `TypeError` or `RangeError` for a frame that {@link decodeClientFrame} would refuse. */
export function encodeClientFrame(frame: ClientFrame): Bytes {
  const bytes = encodeBody(frame)
  if (isTooLong(bytes.length, frame)) throw new RangeError('the frame is longer than a message may be')
  return bytes
}

/** The 16-byte id of the document that a frame concerns; `null` for one that concerns the socket. */
export function frameDocument(frame: ClientFrame): Bytes | null {
  switch (frame.type) {
    case 'hello':
    case 'ping':
      return null
    case 'push':
    case 'restore':
      return frame.envelopes[0]?.document ?? null
    case 'push-part':
    case 'awareness':
      return frame.envelope.document
    case 'open':
    case 'read':
    case 'read-ids':
    case 'read-snapshot':
    case 'refresh':
    case 'close':
    case 'delete':
    case 'put-snapshot':
    case 'show-ids':
      return frame.document
    case 'show-head':
      return documentIdOf(frame.genesisHash)
    default:
      return unreachable(frame, 'frame')
  }
}
