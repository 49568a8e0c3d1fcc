/**
 * An envelope as the store takes it. Rules EN1, LO7.
 *
 * @module
 */
import type { Bytes, Envelope } from '@y-sealed/protocol'

import type { NewEntry } from './ports.ts'

/** The fields by which an append is judged, and the received bytes as they are. */
export function newEntry(envelope: Envelope, id: Bytes): NewEntry {
  return {
    kind: envelope.kind,
    epoch: envelope.epoch,
    counter: envelope.counter,
    prev: envelope.prev,
    seenSeq: envelope.seenSeq,
    seenTranscript: envelope.seenTranscript,
    id,
    envelope: envelope.bytes,
  }
}
