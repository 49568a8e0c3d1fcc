/**
 * What a log lacks by the word of the relay's own signatures. Rule LO14.
 *
 * @module
 */
import { equalBytes, type Bytes } from '@y-sealed/protocol'

import type { Head, LostHead } from '../core/ports.ts'

/**
 * The furthest head that is lacking once `signed` is known: `noted` is the one known before, `held` is T at the place of `signed`, `null`
 * where the log does not reach it. Of two at one seq the first stays, and one that is pinned stays before all others.
 */
export function furtherLost(signed: Head, noted: LostHead | null, held: Bytes | null): LostHead | null {
  const isHeld = held !== null && equalBytes(held, signed.transcript)
  if (isHeld || (noted !== null && (noted.isPinned || noted.seq >= signed.seq))) return noted
  return { seq: signed.seq, transcript: signed.transcript.slice(), isPinned: false }
}
