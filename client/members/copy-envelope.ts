/**
 * Envelopes that outlive the message in which they came.
 *
 * @module
 */
import { Envelope } from '@y-sealed/protocol'

/** With bytes of its own: a view would hold the whole page of entries in memory. */
export function copyEnvelope(envelope: Envelope): Envelope {
  return new Envelope(envelope.bytes.slice())
}
