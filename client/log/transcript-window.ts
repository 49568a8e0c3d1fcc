/**
 * The transcripts that this device has computed, by seq, so that what others say they saw can be compared. Rule LO3.
 *
 * @module
 */
import { equalBytes, type Bytes } from '@y-sealed/protocol'

const PREFIX = 16

/** First 16 bytes of T for every seq since `base`, in one growing array: 16 bytes an entry. */
export class TranscriptWindow {
  #prefixes: Bytes = new Uint8Array(PREFIX * 64)
  readonly #base: number
  #count = 0

  constructor(base: number, transcript: Bytes) {
    this.#base = base
    this.append(transcript)
  }

  append(transcript: Bytes): void {
    const at = this.#count * PREFIX
    if (at === this.#prefixes.length) {
      const grown = new Uint8Array(this.#prefixes.length * 2)
      grown.set(this.#prefixes)
      this.#prefixes = grown
    }
    this.#prefixes.set(transcript.subarray(0, PREFIX), at)
    this.#count += 1
  }

  /** First 16 bytes of T at `seq`; `null` outside what was computed. */
  prefixAt(seq: number): Bytes | null {
    const at = (seq - this.#base) * PREFIX
    return at < 0 || seq - this.#base >= this.#count ? null : this.#prefixes.slice(at, at + PREFIX)
  }

  /** `same`, `different`, or `unknown` for a seq outside what was computed. */
  compare(seq: number, prefix: Bytes): 'same' | 'different' | 'unknown' {
    const at = (seq - this.#base) * PREFIX
    if (at < 0 || seq - this.#base >= this.#count) return 'unknown'
    return equalBytes(this.#prefixes.subarray(at, at + PREFIX), prefix.subarray(0, PREFIX)) ? 'same' : 'different'
  }
}
