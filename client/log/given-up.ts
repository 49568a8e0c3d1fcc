/**
 * What restarts have given up: by the head that they name as lost, all that the relay has signed up to there beside the log that goes on. Rule LO14.
 *
 * @module
 */
import { decodeRecord, equalBytes, type Envelope, type SignedHead } from '@y-sealed/protocol'

/** Has one of these restarts given up what was signed with this head? */
export function isGivenUp(given: readonly SignedHead[], { seq, transcript }: SignedHead): boolean {
  return given.some((lost) => lost.seq > seq || (lost.seq === seq && equalBytes(lost.transcript, transcript)))
}

/** What a record gives up; `null` for one that is no restart. */
export function lostHeadOf({ sealed }: Envelope): SignedHead | null {
  const record = decodeRecord(sealed)
  return record.ok && record.value.type === 'restart' ? record.value.lostHead : null
}
