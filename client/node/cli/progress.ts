/**
 * One line about work that takes longer than two seconds: redrawn in place on a terminal, said again every few seconds elsewhere.
 *
 * @module
 */

/** Where progress is written; standard error, so that standard output holds results only. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export interface Progress {
  /** Says how far the work is; cheap enough to be called for every edit. */
  readonly report: (done: number) => void
  /** Clears the line. */
  close(): void
}

export interface ProgressOptions {
  readonly label: string
  readonly unit: string
  /** Zero when nobody knows. */
  readonly total: number
  readonly output: ProgressOutput
  readonly clock: () => number
}

/** Nothing is said before this. */
const QUIET_MS = 2_000
const REDRAW_MS = 100
const REPEAT_MS = 5_000

export function createProgress(options: ProgressOptions): Progress {
  const { output, clock, label, total, unit } = options
  const isTerminal = output.isTTY === true
  const startedAt = clock()
  let nextAt = startedAt + QUIET_MS
  let isDrawn = false
  return {
    report(done) {
      const now = clock()
      if (now < nextAt) return
      nextAt = now + (isTerminal ? REDRAW_MS : REPEAT_MS)
      const share = total > 0 ? ` of ${formatCount(total)} ${unit} (${Math.floor((100 * done) / total)} %)` : ` ${unit}`
      const line = `${label}: ${formatCount(done)}${share}, ${Math.round((now - startedAt) / 1_000)} s`
      output.write(isTerminal ? `\r\u001B[2K${line}` : `${line}\n`)
      isDrawn = isTerminal
    },
    close() {
      if (isDrawn) output.write('\r\u001B[2K')
      isDrawn = false
    },
  }
}

/** 259778 as `259 778`. */
export function formatCount(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ' ')
}

/** Bytes in the unit that people would use. */
export function formatBytes(bytes: number): string {
  if (bytes < 10_000) return `${formatCount(bytes)} B`
  if (bytes < 10_000_000) return `${(bytes / 1_000).toFixed(0)} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
