/**
 * Frames that give entries to the relay, and its answers. Rules FR3, FR4, FR9, LO9.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { OFFSET, type Envelope } from '../envelope/envelope.ts'
import { isClearKind, isLogKind, KIND } from '../envelope/kind.ts'
import { MAX_ATTACHMENT_BYTES, MAX_ENVELOPES_PER_PUSH, MAX_PARTS } from '../limits.ts'
import { ID_BYTES } from '../members/device-id.ts'
import { readEnvelopes } from './envelope-run.ts'
import type { WireFault } from './fault.ts'
import { CLIENT_FRAME, RELAY_FRAME } from './frame-type.ts'
import type { Reader } from './reader.ts'
import { Writer } from './writer.ts'

const SESSION_BYTES = 8

/** Entries to append: one unit, stored whole or not at all. [FR3] [LO7] */
export interface PushFrame {
  readonly type: 'push'
  /** 1 to 64, of one document, device, session and epoch, with consecutive counters. */
  readonly envelopes: readonly Envelope[]
}

/** True when both have the same document, epoch, device and session: 44 bytes of the header in one piece. [EN1] */
function isSameSession(one: Envelope, other: Envelope): boolean {
  for (let at = OFFSET.document; at < OFFSET.counter; at++) {
    if (one.bytes[at] !== other.bytes[at]) return false
  }
  return true
}

/** Why these envelopes are no PUSH, or `null` when they are one. [FR3] */
export function findPushFault(envelopes: readonly Envelope[]): WireFault | null {
  const first = envelopes[0]
  if (first === undefined || envelopes.length > MAX_ENVELOPES_PER_PUSH) return 'count'
  const counter = first.counter
  for (let i = 0; i < envelopes.length; i++) {
    const envelope = envelopes[i] as Envelope
    if (!isLogKind(envelope.kind) || envelope.kind === KIND.part) return 'kind'
    if (isClearKind(envelope.kind) && envelopes.length > 1) return 'company'
    if (!isSameSession(first, envelope)) return 'mixed'
    if (envelope.counter !== counter + i) return 'counter'
  }
  return null
}

/** Throws `RangeError` when the envelopes are no PUSH. [FR3] */
export function encodePush(frame: PushFrame): Bytes {
  const fault = findPushFault(frame.envelopes)
  if (fault !== null) throw new RangeError(`not one push: ${fault}`)
  let size = 1
  for (const envelope of frame.envelopes) size += envelope.bytes.length
  const writer = new Writer(size).u8(CLIENT_FRAME.push)
  for (const envelope of frame.envelopes) writer.raw(envelope.bytes)
  return writer.finish()
}

export function decodePush(reader: Reader): PushFrame {
  const envelopes = readEnvelopes(reader, MAX_ENVELOPES_PER_PUSH)
  if (reader.fault === null) {
    const fault = findPushFault(envelopes)
    if (fault !== null) reader.fail(fault)
  }
  return { type: 'push', envelopes }
}

/** One part of an update that does not fit one envelope. [LO9] */
export interface PushPartFrame {
  readonly type: 'push-part'
  readonly index: number
  readonly count: number
  readonly envelope: Envelope
}

function isPart(index: number, count: number): boolean {
  return count >= 2 && count <= MAX_PARTS && index < count
}

export function encodePushPart(frame: PushPartFrame): Bytes {
  if (!isPart(frame.index, frame.count)) throw new RangeError('no such part')
  if (frame.envelope.kind !== KIND.part) throw new RangeError('the envelope is no update part')
  const writer = new Writer(5 + frame.envelope.bytes.length)
  return writer.u8(CLIENT_FRAME['push-part']).u16(frame.index).u16(frame.count).raw(frame.envelope.bytes).finish()
}

export function decodePushPart(reader: Reader): PushPartFrame {
  const index = reader.u16()
  const count = reader.u16()
  reader.require(isPart(index, count), 'count')
  const envelope = reader.envelope()
  reader.require(reader.fault !== null || envelope.kind === KIND.part, 'kind')
  return { type: 'push-part', index, count, envelope }
}

/** What the compaction field of ACK asks for. */
export type Compaction = 'none' | 'soon' | 'now'

const COMPACTIONS = ['none', 'soon', 'now'] as const

/** Entries counter…counter+count−1 are durable at seq…seq+count−1. [FR9] */
export interface AckFrame {
  readonly type: 'ack'
  readonly document: Bytes
  /** 8 bytes. */
  readonly session: Bytes
  readonly counter: number
  readonly count: number
  readonly seq: number
  readonly compaction: Compaction
}

export function encodeAck(frame: AckFrame): Bytes {
  if (frame.count < 1) throw new RangeError('an ACK is of at least one entry')
  return new Writer(44)
    .u8(RELAY_FRAME.ack)
    .fixed(frame.document, ID_BYTES)
    .fixed(frame.session, SESSION_BYTES)
    .u64(frame.counter)
    .u16(frame.count)
    .u64(frame.seq)
    .u8(COMPACTIONS.indexOf(frame.compaction))
    .finish()
}

export function decodeAck(reader: Reader): AckFrame {
  const document = reader.fixed(ID_BYTES)
  const session = reader.fixed(SESSION_BYTES)
  const counter = reader.u64()
  const count = reader.u16()
  reader.require(count >= 1, 'count')
  const seq = reader.u64()
  const compaction = COMPACTIONS[reader.u8()]
  reader.require(compaction !== undefined, 'type')
  return { type: 'ack', document, session, counter, count, seq, compaction: compaction ?? 'none' }
}

/** The relay refused a frame: which, why, and when to try again. [FR9] [FR20] */
export interface NackFrame {
  readonly type: 'nack'
  /** Type byte of the refused frame. */
  readonly refused: number
  readonly document: Bytes
  /** Session and counter of a PUSH's first entry; zeros for other frames. */
  readonly session: Bytes
  readonly counter: number
  /** A number of {@link REFUSALS}, or one of a later version. */
  readonly code: number
  readonly retryAfterMs: number
  readonly detail: number
  /** `u64 seq ‖ record` with EPOCH_STALE, else empty. */
  readonly attachment: Bytes
}

export function encodeNack(frame: NackFrame): Bytes {
  return new Writer(52 + frame.attachment.length)
    .u8(RELAY_FRAME.nack)
    .u8(frame.refused)
    .fixed(frame.document, ID_BYTES)
    .fixed(frame.session, SESSION_BYTES)
    .u64(frame.counter)
    .u16(frame.code)
    .u32(frame.retryAfterMs)
    .u64(frame.detail)
    .bytes32(frame.attachment, MAX_ATTACHMENT_BYTES)
    .finish()
}

export function decodeNack(reader: Reader): NackFrame {
  return {
    type: 'nack',
    refused: reader.u8(),
    document: reader.fixed(ID_BYTES),
    session: reader.fixed(SESSION_BYTES),
    counter: reader.u64(),
    code: reader.u16(),
    retryAfterMs: reader.u32(),
    detail: reader.u64(),
    attachment: reader.bytes32(MAX_ATTACHMENT_BYTES),
  }
}
