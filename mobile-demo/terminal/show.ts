/**
 * The demo on a screen: three columns that are redrawn in place on a terminal, and plain lines elsewhere.
 *
 * @module
 */
import { kindName } from '@y-sealed/protocol'

import { columnWidth, layColumns, wrapRows } from './columns.ts'
import type { StoredRow } from './disk-reader.ts'

/** What is shown. */
export interface Scene {
  readonly alice: string
  readonly bob: string
  readonly rows: readonly StoredRow[]
  /** Words worth looking for, and how many of them can be read in what each column shows. */
  readonly words: number
  readonly readable: { readonly alice: number; readonly bob: number; readonly relay: number }
  readonly foot: readonly string[]
}

export interface Show {
  draw(scene: Scene): void
  /** A line above everything that is redrawn. */
  say(line: string): void
  close(): void
}

/** A stream to write to: standard output. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

/** Narrower than this, three columns cannot be read. */
const MIN_COLUMNS = 60
const MAX_ROWS = 18

export function openShow(output: Output): Show {
  return output.isTTY === true && (output.columns ?? 80) >= MIN_COLUMNS ? openTerminal(output) : openLines(output)
}

function openTerminal(output: Output): Show {
  let last: Scene | null = null
  let drawn = 0
  const draw = (scene: Scene): void => {
    last = scene
    const width = (output.columns ?? 80) - 1
    // The terminal breaks what stands below, so that it can be copied as one line.
    const footRows = scene.foot.flatMap((line) => wrapRows(line, width + 1)).length
    const height = Math.max(8, Math.min(MAX_ROWS, (output.rows ?? 24) - footRows - 2))
    const lines = [...layColumns(columnsOf(scene, columnWidth(3, width)), width, height), ...scene.foot]
    const up = drawn > 0 ? `\u001B[${drawn}A` : ''
    output.write(`\u001B[?25l${up}\r${lines.map((line) => `\u001B[2K${line}\n`).join('')}\u001B[0J\u001B[?25h`)
    drawn = height + footRows
  }
  // A terminal that changes its width breaks lines anew: what stood where is not known any more.
  const redraw = (): void => {
    output.write('\u001B[2J\u001B[H')
    drawn = 0
    if (last) draw(last)
  }
  output.on('resize', redraw)
  return {
    draw,
    say(line) {
      output.write(`${line}\n`)
    },
    close() {
      output.off('resize', redraw)
    },
  }
}

function columnsOf({ alice, bob, rows, words, readable }: Scene, width: number) {
  const count = (found: number): string => `readable words: ${found} of ${words}`
  const stored = rows.flatMap((row) => [describeRow(row), `  ${row.hex.slice(0, Math.max(0, width - 3))}…`])
  return [
    { title: 'Alice', rows: wrapRows(alice, width), foot: count(readable.alice) },
    { title: 'Bob', rows: wrapRows(bob, width), foot: count(readable.bob) },
    { title: 'What the relay has on its disk', rows: stored, foot: count(readable.relay) },
  ]
}

function openLines(output: Output): Show {
  let lines = 0
  let newest = 0
  return {
    draw({ alice, rows }) {
      const whole = alice.split('\n').slice(0, -1)
      for (const line of whole.slice(lines)) output.write(`  the note    ${wrapRows(line, 1_000)[0] ?? ''}\n`)
      lines = whole.length
      // One row stands for those that came with it.
      const row = rows.at(-1)
      if (row === undefined || row.seq === newest) return
      output.write(`  the relay   ${describeRow(row)}  ${row.hex.slice(0, 40)}…\n`)
      newest = row.seq
    },
    say(line) {
      output.write(`${line}\n`)
    },
    close: () => undefined,
  }
}

function describeRow({ seq, kind, length }: StoredRow): string {
  return `#${seq} ${kindName(kind)}, ${length} bytes`
}
