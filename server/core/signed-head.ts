/**
 * The relay's signature on heads, made when one is sent and not before. Rule LO4.
 *
 * @module
 */
import { headInput, type Bytes, type SignedHead } from '@y-sealed/protocol'

import type { Head, HeadKey } from './ports.ts'

/** The head, signed for this document. */
export function signHead(headKey: HeadKey, document: Bytes, { seq, transcript }: Head): SignedHead {
  return { seq, transcript, signature: headKey.sign(headInput(document, seq, transcript)) }
}
