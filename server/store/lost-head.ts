/**
 * What a log lacks by the word of the relay's own signatures. Rule LO14.
 *
 * @module
 */
import { equalBytes, type Bytes } from '@y-sealed/protocol'

import type { Head } from '../core/ports.ts'

/**
 * The furthest head that is lacking once `signed` is known: `noted` is the one known before, `held` is T at the place of `signed`, `null`
 * where the log does not reach it. Of two at one seq the first stays.
 */
export function furtherLost(signed: Head, noted: Head | null, held: Bytes | null): Head | null {
  const isHeld = held !== null && equalBytes(held, signed.transcript)
  if (isHeld || (noted !== null && noted.seq >= signed.seq)) return noted
  return signed
}
