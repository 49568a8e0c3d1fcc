/**
 * The outcome for a terminal.
 *
 * @module
 */
import type { BenchRow } from './bench-row.ts'

/** Lines of equal columns. */
export function formatTable(rows: readonly BenchRow[]): string {
  const cells = [
    ['row', 'what', 'value', 'unit', 'against', 'baseline', 'ratio'],
    ...rows.map(({ row, name, value, unit, against, baseline, ratio }) => [
      row,
      name,
      formatFigure(value),
      unit,
      against ?? (baseline === undefined ? '' : 'alone'),
      baseline === undefined ? '' : formatFigure(baseline),
      ratio === undefined ? '' : formatFigure(ratio),
    ]),
  ]
  const isFigure = [false, false, true, false, false, true, true]
  const widths = isFigure.map((_, column) => Math.max(...cells.map((line) => (line[column] as string).length)))
  return cells
    .map((line) =>
      line
        .map((cell, i) => (isFigure[i] ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  return value.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3)
}
