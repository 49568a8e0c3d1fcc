/**
 * Text as a terminal shows it: made harmless, and measured in cells. What others typed may hold escape sequences that would move the
 * cursor, colour the screen or answer for the person.
 *
 * @module
 */

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Line and paragraph separators, controls of direction, invisible characters: shown instead of obeyed. */
const INVISIBLE = /[\u0080-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu
// oxlint-disable-next-line no-control-regex -- controls are what this is about
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/gu
const TAB_CELLS = 4

/** The same text without anything that a terminal obeys; line feeds stay. Tabs become spaces. */
export function toPrintable(text: string): string {
  return text
    .replaceAll('\t', ' '.repeat(TAB_CELLS))
    .replaceAll(CONTROL, (control) =>
      String.fromCharCode(control === '\u007f' ? 0x2421 : 0x2400 + control.charCodeAt(0)),
    )
    .replaceAll(INVISIBLE, '\ufffd')
}

/** Two for what East Asian fonts and emoji take, one for everything else; an approximation, as every terminal's own is. */
export function cellsOf(grapheme: string): number {
  if (/^[\u0020-\u007e]$/.test(grapheme)) return 1
  if (/^\p{Emoji_Presentation}|\ufe0f/u.test(grapheme)) return 2
  return /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u.test(
    grapheme,
  )
    ? 2
    : 1
}

/** Rows of at most `columns` cells, broken at line feeds and wherever a row is full, and the place of the cursor among them. */
export interface WrappedText {
  readonly rows: readonly string[]
  readonly cursor: { readonly row: number; readonly column: number }
}

/** `cursorUnit` counts UTF-16 units of `text`. */
export function wrapText(text: string, columns: number, cursorUnit: number): WrappedText {
  const rows: string[] = []
  let row = ''
  let width = 0
  let cursor: WrappedText['cursor'] | null = null
  const endRow = (): void => {
    rows.push(row)
    row = ''
    width = 0
  }
  for (const { segment, index } of graphemes.segment(text)) {
    const isBreak = segment.includes('\n')
    const shown = isBreak ? '' : toPrintable(segment)
    const cells = isBreak ? 0 : cellsIn(shown)
    if (width + cells > columns && width > 0) endRow()
    if (cursor === null && cursorUnit <= index) cursor = { row: rows.length, column: width }
    row += shown
    width += cells
    if (isBreak) endRow()
  }
  if (width >= columns) endRow()
  cursor ??= { row: rows.length, column: width }
  rows.push(row)
  return { rows, cursor }
}

/** Where the grapheme before `unit` begins. */
export function graphemeBefore(text: string, unit: number): number {
  let before = 0
  for (const { index } of graphemes.segment(text)) {
    if (index >= unit) break
    before = index
  }
  return before
}

/** Where the grapheme at `unit` ends. */
export function graphemeAfter(text: string, unit: number): number {
  for (const { segment, index } of graphemes.segment(text))
    if (index + segment.length > unit) return index + segment.length
  return text.length
}

function cellsIn(text: string): number {
  let cells = 0
  for (const { segment } of graphemes.segment(text)) cells += cellsOf(segment)
  return cells
}
