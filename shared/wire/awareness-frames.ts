/**
 * Frames of presence: an awareness envelope, the same bytes both ways, and word that a session has gone. Rule FR10.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { KIND } from '../envelope/kind.ts'
import { ID_BYTES } from '../members/device-id.ts'
import { CLIENT_FRAME, RELAY_FRAME } from './frame-type.ts'
import type { Reader } from './reader.ts'
import { Writer } from './writer.ts'

const SESSION_BYTES = 8

/** Presence of one session. */
export interface AwarenessFrame {
  readonly type: 'awareness'
  readonly envelope: Envelope
}

export function encodeAwareness({ envelope }: AwarenessFrame): Bytes {
  if (envelope.kind !== KIND.awareness) throw new RangeError('the envelope is no awareness')
  return new Writer(1 + envelope.bytes.length).u8(CLIENT_FRAME.awareness).raw(envelope.bytes).finish()
}

export function decodeAwareness(reader: Reader): AwarenessFrame {
  const envelope = reader.envelope()
  reader.require(reader.fault !== null || envelope.kind === KIND.awareness, 'kind')
  return { type: 'awareness', envelope }
}

/** A session's socket has left the document. */
export interface GoneFrame {
  readonly type: 'gone'
  readonly document: Bytes
  readonly device: Bytes
  readonly session: Bytes
}

export function encodeGone(frame: GoneFrame): Bytes {
  return new Writer(41)
    .u8(RELAY_FRAME.gone)
    .fixed(frame.document, ID_BYTES)
    .fixed(frame.device, ID_BYTES)
    .fixed(frame.session, SESSION_BYTES)
    .finish()
}

export function decodeGone(reader: Reader): GoneFrame {
  return {
    type: 'gone',
    document: reader.fixed(ID_BYTES),
    device: reader.fixed(ID_BYTES),
    session: reader.fixed(SESSION_BYTES),
  }
}
