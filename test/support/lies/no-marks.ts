/** What a relay says that has no marks of that time any more. Rules FR5, LO15. */
import { CLIENT_FRAME, encodeRelayFrame, REFUSALS, type Bytes } from '@y-sealed/protocol'

export function noMarks(document: Bytes): Bytes {
  return encodeRelayFrame({
    type: 'nack',
    refused: CLIENT_FRAME['read-ids'],
    document,
    session: new Uint8Array(8),
    counter: 0,
    code: REFUSALS.TRIMMED.number,
    retryAfterMs: 0,
    detail: 0,
    attachment: new Uint8Array(0),
  })
}
