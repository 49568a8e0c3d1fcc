/**
 * Text in columns of terminal cells. What others typed is made harmless first: it may hold sequences that a terminal obeys.
 *
 * @module
 */

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
// Controls, and what turns the direction of writing or cannot be seen.
const UNSAFE = /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu

/** Rows of at most `width` cells, broken between words where there is such a place. */
export function wrapRows(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const rows: string[] = []
    let row = ''
    for (const { segment } of graphemes.segment(line.replaceAll('\t', '  ').replaceAll(UNSAFE, '\ufffd'))) {
      if (countCells(row + segment) > width && row !== '') {
        const space = segment === ' ' ? -1 : row.lastIndexOf(' ')
        rows.push(space > 0 ? row.slice(0, space) : row)
        row = space > 0 ? row.slice(space + 1) : ''
        if (row === '' && segment === ' ') continue
      }
      row += segment
    }
    return [...rows, row]
  })
}

export interface Column {
  readonly title: string
  readonly rows: readonly string[]
  readonly foot: string
}

const GAP = ' │ '

/** Equal columns side by side, `height` rows in all with titles and feet: the last rows of what does not fit. */
export function layColumns(columns: readonly Column[], width: number, height: number): readonly string[] {
  const each = columnWidth(columns.length, width)
  const body = height - 4
  const shown = columns.map(({ rows }) => rows.slice(-body))
  const line = (cells: readonly string[]): string => cells.map((cell) => fill(cell, each)).join(GAP)
  const rule = columns.map(() => '─'.repeat(each)).join('─┼─')
  return [
    line(columns.map(({ title }) => title)),
    rule,
    ...Array.from({ length: body }, (_, n) => line(shown.map((rows) => rows[n] ?? ''))),
    rule.replaceAll('┼', '┴'),
    line(columns.map(({ foot }) => foot)),
  ]
}

/** Cells of one of `count` columns. */
export function columnWidth(count: number, width: number): number {
  return Math.floor((width - GAP.length * (count - 1)) / count)
}

function fill(text: string, width: number): string {
  const [row = ''] = wrapRows(text, width)
  return row + ' '.repeat(Math.max(0, width - countCells(row)))
}

function countCells(text: string): number {
  let cells = 0
  for (const { segment } of graphemes.segment(text)) cells += cellsOf(segment)
  return cells
}

/** Two for East Asian letters and emoji. */
function cellsOf(grapheme: string): number {
  if (/^\p{Emoji_Presentation}|\ufe0f/u.test(grapheme)) return 2
  return /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/.test(grapheme)
    ? 2
    : 1
}
