/**
 * Several entries of one document, one after another: what PUSH, RESTORE and ENTRIES carry. Rules FR3, FR4, EN3.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { OFFSET, type Envelope } from '../envelope/envelope.ts'
import { isLogKind } from '../envelope/kind.ts'
import type { WireFault } from './fault.ts'
import type { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** The rest of the message as envelopes, at most `limit` of them; views. */
export function readEnvelopes(reader: Reader, limit: number): readonly Envelope[] {
  const envelopes: Envelope[] = []
  while (reader.remaining > 0) {
    if (envelopes.length === limit) reader.fail('count')
    else envelopes.push(reader.envelope())
  }
  return envelopes
}

function isSameDocument(one: Envelope, other: Envelope): boolean {
  for (let at = OFFSET.document; at < OFFSET.epoch; at++) {
    if (one.bytes[at] !== other.bytes[at]) return false
  }
  return true
}

/** Why these are no run of entries from `seq` on, or `null` when they are: one or more, of one document and its log. */
export function findRunFault(seq: number, envelopes: readonly Envelope[]): WireFault | null {
  const first = envelopes[0]
  if (first === undefined) return 'count'
  // Subtracted on this side: beyond 2^53 sums are rounded.
  if (seq < 1 || seq > Number.MAX_SAFE_INTEGER - (envelopes.length - 1)) return 'range'
  for (const envelope of envelopes) {
    if (!isLogKind(envelope.kind)) return 'kind'
    if (!isSameDocument(first, envelope)) return 'mixed'
  }
  return null
}

/** `u64 seq ‖ envelope…` to the end of the message. Its size alone bounds how many: each has at least 188 bytes. */
export function readRun(reader: Reader): { readonly seq: number; readonly envelopes: readonly Envelope[] } {
  const seq = reader.u64()
  const envelopes = readEnvelopes(reader, Number.POSITIVE_INFINITY)
  if (reader.fault === null) {
    const fault = findRunFault(seq, envelopes)
    if (fault !== null) reader.fail(fault)
  }
  return { seq, envelopes }
}

/** `u64 seq ‖ envelope…` of whole envelopes, after a frame's type. The hot path of the relay: trusts its caller. */
export function encodeRun(type: number, seq: number, envelopes: readonly Bytes[]): Bytes {
  let size = 9
  for (const envelope of envelopes) size += envelope.length
  const writer = new Writer(size).u8(type).u64(seq)
  for (const envelope of envelopes) writer.raw(envelope)
  return writer.finish()
}
