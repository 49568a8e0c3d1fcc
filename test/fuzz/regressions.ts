/**
 * Inputs that once went wrong, each with what must come of it. A failure of `npm run fuzz` is written down here before it is mended.
 *
 * @module
 */

/** An input for the decoder of that name, in hexadecimal. */
export interface Regression {
  readonly name: string
  readonly codec: string
  readonly input: string
  /** The fault, or `accepted`. */
  readonly expected: string
}

/** Two binds of one document, from seq 2^53 − 1 on: the second has no seq. */
const TWO_BINDS = (document: string): string => {
  const bind = (counter: string): string =>
    [
      '01030100',
      document,
      '00000001',
      '22'.repeat(16),
      '33'.repeat(8),
      counter.padStart(16, '0'),
      (counter === '1' ? '00' : '44').repeat(16),
      '00'.repeat(8),
      '00'.repeat(16),
      '55'.repeat(24),
      '00000050',
      '66'.repeat(80),
      '77'.repeat(64),
    ].join('')
  return bind('1') + bind('2')
}

export const REGRESSIONS: readonly Regression[] = [
  {
    name: 'ENTRIES that run past the last seq are refused, though the sum is rounded',
    codec: 'relay frame',
    input: `83001fffffffffffff${TWO_BINDS('11'.repeat(16))}`,
    expected: 'range',
  },
  {
    name: 'RESTORE that runs past the last seq is refused, though the sum is rounded',
    codec: 'client frame',
    input: `0d001fffffffffffff${TWO_BINDS('11'.repeat(16))}`,
    expected: 'range',
  },
]
