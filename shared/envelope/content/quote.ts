/**
 * Content of an update that is no edit but entries of others, whole and as they were sealed: what a log lost and their authors do not bring
 * again. Rules EN10, CL31.
 *
 * @module
 */
import type { Bytes } from '../../bytes.ts'
import { MAX_MESSAGE_TO_RELAY, MAX_QUOTED_ENVELOPES } from '../../limits.ts'
import type { DecodeResult } from '../../wire/fault.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import { AUTHORED_BYTES } from './update.ts'

/** Stands where an edit says when it was made, and is no time. [WI1] */
const MARK = 0xff
const LENGTH_BYTES = 4

/** What is quoted, in the order in which it is to be judged. */
export interface QuoteContent {
  /** Whole ones. */
  readonly envelopes: readonly Bytes[]
}

/** Is the content of an update a quote? */
export function isQuote(content: Bytes): boolean {
  return content.length >= AUTHORED_BYTES && content.subarray(0, AUTHORED_BYTES).every((byte) => byte === MARK)
}

/** Of how many bytes a quote of an envelope of this length is longer than one without it. */
export function quotedBytes(envelope: Bytes): number {
  return LENGTH_BYTES + envelope.length
}

/** The content as bytes. */
export function encodeQuote({ envelopes }: QuoteContent): Bytes {
  const bytes = envelopes.reduce((sum, envelope) => sum + quotedBytes(envelope), AUTHORED_BYTES)
  const writer = new Writer(bytes).raw(new Uint8Array(AUTHORED_BYTES).fill(MARK))
  for (const envelope of envelopes) writer.u32(envelope.length).raw(envelope)
  return writer.finish()
}

/** Reads what {@link isQuote} is true of; the envelopes are views, and nothing is known of them. One at least. Never throws. [WI3] */
export function decodeQuote(content: Bytes): DecodeResult<QuoteContent> {
  const reader = new Reader(content)
  reader.require(isQuote(content), 'range')
  reader.skip(AUTHORED_BYTES)
  const envelopes: Bytes[] = []
  do envelopes.push(reader.bytes32(MAX_MESSAGE_TO_RELAY))
  while (reader.remaining > 0 && envelopes.length < MAX_QUOTED_ENVELOPES)
  return reader.finish({ envelopes })
}
