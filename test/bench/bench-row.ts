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
  /** What the baseline is. */
  readonly against?: string
  readonly baseline?: number
  readonly ratio?: number
}

/** A value beside that of another system. */
export function compareRow(
  row: BenchRow['row'],
  name: string,
  unit: string,
  value: number,
  against: string,
  baseline: number,
): BenchRow {
  return { row, name, unit, value, against, baseline, ratio: value / baseline }
}
