/**
 * A note on the whole terminal: one line about the state, and below it as much of the text as fits around the cursor.
 *
 * @module
 */
import { toPrintable, wrapText } from './cells.ts'

/** A terminal to draw on. */
export interface Terminal {
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

const ENTER = '\u001B[?1049h'
const LEAVE = '\u001B[?1049l'
const HIDE_CURSOR = '\u001B[?25l'
const SHOW_CURSOR = '\u001B[?25h'

export interface NoteScreen {
  /** `cursor` is `null` for somebody who only watches: then the end is shown. */
  draw(state: string, text: string, cursor: number | null): void
  /** Gives the terminal back as it was; nothing is drawn any more. */
  close(): void
}

export function openNoteScreen(terminal: Terminal): NoteScreen {
  terminal.write(ENTER)
  let isClosed = false
  return {
    draw(state, text, cursor) {
      if (isClosed) return
      const columns = Math.max(10, terminal.columns ?? 80)
      const height = Math.max(2, terminal.rows ?? 24) - 1
      const wrapped = wrapText(text, columns, cursor ?? text.length)
      const top = Math.max(0, Math.min(wrapped.rows.length, wrapped.cursor.row + 1) - height)
      const lines = Array.from(
        { length: height },
        (_, row) => `\u001B[${row + 2};1H\u001B[2K${wrapped.rows[top + row] ?? ''}`,
      )
      const bar = toPrintable(state).slice(0, columns).padEnd(columns)
      const place = `\u001B[${wrapped.cursor.row - top + 2};${wrapped.cursor.column + 1}H`
      const end = cursor === null ? '' : `${place}${SHOW_CURSOR}`
      terminal.write(`${HIDE_CURSOR}\u001B[1;1H\u001B[7m${bar}\u001B[0m${lines.join('')}${end}`)
    },
    close() {
      isClosed = true
      terminal.write(`${SHOW_CURSOR}${LEAVE}`)
    },
  }
}
