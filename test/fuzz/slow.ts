/**
 * Inputs that take far longer than others of their size. Time is taken for each byte and for a fixed part that any frame costs, so
 * that a page of entries and a ping can be compared.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import type { Codec } from '../support/codecs.ts'
import { measureNanoseconds } from './cost.ts'

/** What any decoding costs, counted in bytes. */
const FIXED_BYTES = 256
/** [F22] */
const MOST_TIMES_MEDIAN = 10

interface Input {
  readonly codec: Codec
  readonly bytes: Bytes
}

function rate({ codec, bytes }: Input, rounds: number): number {
  return measureNanoseconds(codec, bytes, rounds) / (FIXED_BYTES + bytes.length)
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0
}

/**
 * Inputs whose time exceeds ten times the median of those that are accepted: refused ones may be refused at their first byte, and
 * would make the median small. What looks slow is measured again, longer.
 */
export function findSlow(inputs: readonly Input[]): readonly string[] {
  const rates = inputs.map((input) => rate(input, 5))
  const bound = MOST_TIMES_MEDIAN * median(rates.filter((_, i) => inputs[i]!.codec.decode(inputs[i]!.bytes).ok))
  const suspects = inputs.filter((_, i) => rates[i]! > bound)
  return suspects.flatMap((input) => {
    const times = rate(input, 50) / (bound / MOST_TIMES_MEDIAN)
    return times > MOST_TIMES_MEDIAN
      ? [`${input.codec.name}, ${input.bytes.length} bytes: ${times.toFixed(1)} × the median`]
      : []
  })
}
