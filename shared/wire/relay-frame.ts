/**
 * Everything that a relay says to a client, read whole in one place. Rules FR1, FR4.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { MAX_MESSAGE_TO_CLIENT } from '../limits.ts'
import { unreachable } from '../unreachable.ts'
import {
  decodeAwareness,
  decodeGone,
  encodeAwareness,
  encodeGone,
  type AwarenessFrame,
  type GoneFrame,
} from './awareness-frames.ts'
import {
  decodeGoaway,
  decodeHeartbeat,
  decodePong,
  decodeWelcome,
  encodeGoaway,
  encodeHeartbeat,
  encodePong,
  encodeWelcome,
  type GoawayFrame,
  type HeartbeatFrame,
  type PongFrame,
  type WelcomeFrame,
} from './connection-frames.ts'
import {
  decodeClosed,
  decodeHead,
  decodeOpened,
  decodeRefreshed,
  encodeClosed,
  encodeHead,
  encodeOpened,
  encodeRefreshed,
  type ClosedFrame,
  type HeadFrame,
  type OpenedFrame,
  type RefreshedFrame,
} from './document-frames.ts'
import type { DecodeResult } from './fault.ts'
import { RELAY_FRAME } from './frame-type.ts'
import { decodeAck, decodeNack, encodeAck, encodeNack, type AckFrame, type NackFrame } from './push-frames.ts'
import {
  decodeEntries,
  decodeIds,
  decodeLagged,
  decodeReadDone,
  decodeRecords,
  encodeEntriesFrame,
  encodeIds,
  encodeLagged,
  encodeReadDone,
  encodeRecordsFrame,
  type EntriesFrame,
  type IdsFrame,
  type LaggedFrame,
  type ReadDoneFrame,
  type RecordsFrame,
} from './read-frames.ts'
import { Reader } from './reader.ts'
import { decodeRestored, encodeRestored, type RestoredFrame } from './restore-frames.ts'
import {
  decodeSnapshotChunk,
  decodeSnapshotTaken,
  encodeSnapshotChunk,
  encodeSnapshotTaken,
  type SnapshotChunkFrame,
  type SnapshotTakenFrame,
} from './snapshot-frames.ts'

/** A frame from a relay. [FR4] */
export type RelayFrame =
  | AwarenessFrame
  | WelcomeFrame
  | OpenedFrame
  | EntriesFrame
  | ReadDoneFrame
  | RecordsFrame
  | IdsFrame
  | AckFrame
  | NackFrame
  | GoneFrame
  | HeadFrame
  | RefreshedFrame
  | ClosedFrame
  | LaggedFrame
  | SnapshotChunkFrame
  | SnapshotTakenFrame
  | RestoredFrame
  | HeartbeatFrame
  | PongFrame
  | GoawayFrame

function decodeBody(type: number, reader: Reader): RelayFrame | null {
  switch (type) {
    case RELAY_FRAME.awareness:
      return decodeAwareness(reader)
    case RELAY_FRAME.welcome:
      return decodeWelcome(reader)
    case RELAY_FRAME.opened:
      return decodeOpened(reader)
    case RELAY_FRAME.entries:
      return decodeEntries(reader)
    case RELAY_FRAME['read-done']:
      return decodeReadDone(reader)
    case RELAY_FRAME.records:
      return decodeRecords(reader)
    case RELAY_FRAME.ids:
      return decodeIds(reader)
    case RELAY_FRAME.ack:
      return decodeAck(reader)
    case RELAY_FRAME.nack:
      return decodeNack(reader)
    case RELAY_FRAME.gone:
      return decodeGone(reader)
    case RELAY_FRAME.head:
      return decodeHead(reader)
    case RELAY_FRAME.refreshed:
      return decodeRefreshed(reader)
    case RELAY_FRAME.closed:
      return decodeClosed(reader)
    case RELAY_FRAME.lagged:
      return decodeLagged(reader)
    case RELAY_FRAME['snapshot-chunk']:
      return decodeSnapshotChunk(reader)
    case RELAY_FRAME['snapshot-taken']:
      return decodeSnapshotTaken(reader)
    case RELAY_FRAME.restored:
      return decodeRestored(reader)
    case RELAY_FRAME.heartbeat:
      return decodeHeartbeat(reader)
    case RELAY_FRAME.pong:
      return decodePong(reader)
    case RELAY_FRAME.goaway:
      return decodeGoaway(reader)
    default:
      reader.fail('type')
      return null
  }
}

/** Reads one message from a relay. Never throws; byte fields of the frame are views of `bytes`. [WI3] */
export function decodeRelayFrame(bytes: Bytes): DecodeResult<RelayFrame> {
  if (bytes.length > MAX_MESSAGE_TO_CLIENT) return { ok: false, fault: 'size' }
  const reader = new Reader(bytes)
  const frame = decodeBody(reader.u8(), reader)
  return frame === null ? { ok: false, fault: reader.fault ?? 'type' } : reader.finish(frame)
}

function encodeBody(frame: RelayFrame): Bytes {
  switch (frame.type) {
    case 'awareness':
      return encodeAwareness(frame)
    case 'welcome':
      return encodeWelcome(frame)
    case 'opened':
      return encodeOpened(frame)
    case 'entries':
      return encodeEntriesFrame(frame)
    case 'read-done':
      return encodeReadDone(frame)
    case 'records':
      return encodeRecordsFrame(frame)
    case 'ids':
      return encodeIds(frame)
    case 'ack':
      return encodeAck(frame)
    case 'nack':
      return encodeNack(frame)
    case 'gone':
      return encodeGone(frame)
    case 'head':
      return encodeHead(frame)
    case 'refreshed':
      return encodeRefreshed(frame)
    case 'closed':
      return encodeClosed(frame)
    case 'lagged':
      return encodeLagged(frame)
    case 'snapshot-chunk':
      return encodeSnapshotChunk(frame)
    case 'snapshot-taken':
      return encodeSnapshotTaken(frame)
    case 'restored':
      return encodeRestored(frame)
    case 'heartbeat':
      return encodeHeartbeat(frame)
    case 'pong':
      return encodePong(frame)
    case 'goaway':
      return encodeGoaway(frame)
    default:
      return unreachable(frame, 'frame')
  }
}

/** The message of a frame. Throws `TypeError` or `RangeError` for a frame that {@link decodeRelayFrame} would refuse. */
export function encodeRelayFrame(frame: RelayFrame): Bytes {
  const bytes = encodeBody(frame)
  if (bytes.length > MAX_MESSAGE_TO_CLIENT) throw new RangeError('the frame is longer than a message may be')
  return bytes
}
