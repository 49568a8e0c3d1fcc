/**
 * Medians and percentiles.
 *
 * @module
 */

/** The middle value; of none, NaN. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** The value below which the share `of` (0…1) of the others lies; of none, NaN. */
export function percentile(values: readonly number[], of: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] as number
}

/** The median of one figure of several runs. */
export function medianOf<Run>(runs: readonly Run[], figure: (run: Run) => number): number {
  return median(runs.map(figure))
}

/** Waits. */
export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
