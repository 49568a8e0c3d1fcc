/**
 * Vectors of padding: lengths, and whole plaintexts.
 *
 * @module
 */
import { padLength } from '@y-sealed/protocol'

import { padContent } from '../../shared/envelope/padding.ts'
import { counting } from './cast.ts'
import { vector, type VectorFile } from './vector.ts'

const LENGTHS = [
  4, 63, 64, 65, 127, 128, 129, 255, 256, 257, 263, 264, 265, 511, 512, 513, 1_000, 4_095, 4_096, 4_097, 10_000, 48_000,
  49_136, 49_137, 65_537, 1_000_000, 67_108_848,
]

export function paddingVectors(): VectorFile {
  return {
    about: 'Padded lengths of 4 + n bytes, and padded plaintexts. Byte fields are hexadecimal.',
    vectors: [
      vector('lengths', ['EN9'], { lengths: LENGTHS }, { paddedLengths: LENGTHS.map(padLength) }),
      ...[0, 1, 60, 61, 124, 252, 253].map((n) =>
        vector(
          `content of ${n} bytes`,
          ['EN9'],
          { content: counting(n, 1) },
          { plaintext: padContent(counting(n, 1)) },
        ),
      ),
    ],
  }
}
