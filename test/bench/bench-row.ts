/**
 * One line of a benchmark's outcome.
 *
 * @module
 */

/** A measured value; with `baseline`, what the comparison of the same run measured, and `ratio` = value / baseline. */
export interface BenchRow {
  readonly row: `P${number}`
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly baseline?: number
  readonly ratio?: number
}
