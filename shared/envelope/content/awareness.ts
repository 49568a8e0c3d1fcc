/**
 * Content of an awareness envelope: one client's presence, and the latest head its author has seen. Rules EN10, CL7.
 *
 * @module
 */
import type { Bytes } from '../../bytes.ts'
import { MAX_AWARENESS_STATE_BYTES } from '../../limits.ts'
import { readSignedHead, writeSignedHead, type SignedHead } from '../../log/signed-head.ts'
import type { Certificate } from '../../members/certificate.ts'
import type { DecodeResult } from '../../wire/fault.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import { readIntroduced, writeIntroduced } from './introduced.ts'

/** What an awareness envelope says. */
export interface AwarenessContent {
  /** Of Yjs. */
  readonly clientId: number
  /** Of the awareness protocol. */
  readonly clock: number
  /** JSON; empty when the client is gone. */
  readonly state: string
  readonly introduction: Certificate | null
  readonly head: SignedHead | null
}

/** The content as bytes. Throws `RangeError` for a state of more than 2 KiB. */
export function encodeAwarenessContent({ clientId, clock, state, introduction, head }: AwarenessContent): Bytes {
  const writer = new Writer().u64(clientId).u64(clock).text(state, MAX_AWARENESS_STATE_BYTES)
  writeIntroduced(writer, introduction).flag(head !== null)
  return (head === null ? writer : writeSignedHead(writer, head)).finish()
}

/** Reads the content; whether `state` is JSON is not looked at. Never throws. [WI3] */
export function decodeAwarenessContent(bytes: Bytes): DecodeResult<AwarenessContent> {
  const reader = new Reader(bytes)
  return reader.finish({
    clientId: reader.u64(),
    clock: reader.u64(),
    state: reader.text(MAX_AWARENESS_STATE_BYTES),
    introduction: readIntroduced(reader),
    head: reader.flag() ? readSignedHead(reader) : null,
  })
}
