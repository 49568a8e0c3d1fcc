/**
 * Why bytes from outside are refused: stable words for logs and tests, and the result every decoder returns. Rule WI3.
 *
 * @module
 */
import type { EnvelopeFault } from '../envelope/envelope.ts'

/** Why a decoder refused. Callers log it; what the peer is told does not depend on it. [WI3] */
export type WireFault =
  /** bytes are missing */
  | 'truncated'
  /** bytes are left over */
  | 'trailing'
  /** the whole message is longer than such a message may be [FR1] */
  | 'size'
  /** a length field is over its limit [WI2] */
  | 'limit'
  /** an integer is outside its range [WI1] */
  | 'range'
  /** not well-formed UTF-8, or U+0000 [WI2] */
  | 'text'
  /** no such type, version, mode, suite, role or other word of a closed list */
  | 'type'
  | 'version'
  | 'mode'
  | 'suite'
  | 'role'
  /** a flag is neither 0 nor 1, or a reserved bit is set */
  | 'flag'
  | 'reserved'
  /** too few or too many items */
  | 'count'
  /** a list that must ascend does not, or repeats itself [WI4] */
  | 'order'
  /** what must be zero is not */
  | 'zero'
  /** a sealed name has neither 0 nor 104 bytes [KM8] */
  | 'name'
  /** envelopes of one frame differ in document, epoch, device or session [FR3] */
  | 'mixed'
  /** counters of one frame are not consecutive [FR3] */
  | 'counter'
  /** a kind that this frame does not carry [FR3] */
  | 'kind'
  /** a record, publication or attestation in company [FR3] */
  | 'company'
  /** an envelope inside is refused by EN4 or EN5 */
  | `envelope/${EnvelopeFault}`

/** What a decoder returns: a value, or why there is none. */
export type DecodeResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: WireFault }
