import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { cellsOf, graphemeBefore, toPrintable, wrapText } from '../../../client/node/cli/cells.ts'
import { createLineOutput } from '../../../client/node/cli/line-output.ts'
import { NoteEditor } from '../../../client/node/cli/note-editor.ts'
import { openNoteScreen } from '../../../client/node/cli/note-screen.ts'
import { createProgress, formatBytes, formatCount } from '../../../client/node/cli/progress.ts'

describe('text from others', () => {
  it.each([
    ['an escape sequence', '\u001B[2J', '␛[2J'],
    ['an eight-bit one', '\u009B2J', '\ufffd2J'],
    ['a bell and a carriage return', '\u0007\r', '␇␍'],
    ['DEL', '\u007f', '␡'],
    ['a turn of direction', 'a\u202Eb\u2066c', 'a\ufffdb\ufffdc'],
    ['a tab', '\t', '    '],
  ])('cannot command the terminal with %s', (_, text, shown) => {
    expect(toPrintable(text)).toBe(shown)
  })

  it('stays itself where it is harmless', () => {
    expect(toPrintable('Grüße, 東京 👩‍👩‍👧\n')).toBe('Grüße, 東京 👩‍👩‍👧\n')
  })

  it('takes as many cells as it is wide', () => {
    expect(['a', 'é', '東', '😀', '👩‍👩‍👧'].map(cellsOf)).toEqual([1, 1, 2, 2, 2])
  })

  it('is broken where a row is full, and knows where the cursor stands', () => {
    expect(wrapText('abcdef\ngh', 4, 5)).toEqual({ rows: ['abcd', 'ef', 'gh'], cursor: { row: 1, column: 1 } })
    expect(wrapText('東京都', 5, 2).rows).toEqual(['東京', '都'])
    expect(wrapText('abcd', 4, 4)).toEqual({ rows: ['abcd', ''], cursor: { row: 1, column: 0 } })
    expect(wrapText('', 4, 0)).toEqual({ rows: [''], cursor: { row: 0, column: 0 } })
  })
})

describe('the editor', () => {
  function open(text: string): { readonly text: Y.Text; readonly editor: NoteEditor } {
    const note = new Y.Doc().getText('note')
    note.insert(0, text)
    return { text: note, editor: new NoteEditor(note) }
  }

  it('types, breaks lines and takes back whole characters', () => {
    const { text, editor } = open('a')
    editor.press('👩‍👩‍👧', {})
    editor.press('\r', { name: 'return' })
    editor.press('b', { name: 'b' })
    expect(text.toJSON()).toBe('a👩‍👩‍👧\nb')
    for (let i = 0; i < 3; i++) editor.press('\u007f', { name: 'backspace' })
    expect(text.toJSON()).toBe('a')
  })

  it('moves by characters and lines', () => {
    const { text, editor } = open('one\ntwo')
    editor.press(undefined, { name: 'up' })
    editor.press('1', {})
    editor.press(undefined, { name: 'end' })
    editor.press('2', {})
    editor.press(undefined, { name: 'down' })
    editor.press('3', {})
    editor.press(undefined, { name: 'left' })
    editor.press(undefined, { name: 'delete' })
    editor.press(undefined, { name: 'home' })
    editor.press('4', {})
    expect(text.toJSON()).toBe('1one2\n4two')
  })

  it('types no controls and no shortcuts', () => {
    const { text, editor } = open('')
    editor.press('\u001B[5~', { name: 'pageup' })
    editor.press('\u0001', { name: 'a', ctrl: true })
    editor.press('x', { name: 'x', meta: true })
    expect(text.toJSON()).toBe('')
  })

  it('keeps its place when somebody types before it', () => {
    const { text, editor } = open('milk')
    text.insert(0, 'buy ')
    editor.press('!', {})
    expect(text.toJSON()).toBe('buy milk!')
    expect(graphemeBefore('buy', 0)).toBe(0)
  })
})

describe('the screen', () => {
  it('shows the end of a long text, the state above it, and leaves the terminal as it was', () => {
    let drawn = ''
    const screen = openNoteScreen({ columns: 12, rows: 3, write: (text) => (drawn += text) })
    screen.draw('note\u001B[0m', '1\n2\n3\n4', null)
    expect(drawn).toContain('note␛[0m')
    expect(drawn).toContain('\u001B[2K3\u001B[3;1H\u001B[2K4')
    expect(drawn).not.toContain('\u001B[2K2')
    screen.close()
    screen.draw('disconnected', 'too late', null)
    expect(drawn.endsWith('\u001B[?25h\u001B[?1049l')).toBe(true)
  })
})

describe('text on a pipe', () => {
  it('is printed line by line, and anew when something changes above', () => {
    let printed = ''
    const output = createLineOutput((text) => (printed += text))
    output.show('mil')
    expect(printed).toBe('')
    output.show('milk\nbre')
    expect(printed).toBe('milk\n')
    output.show('silk\nbread\n')
    output.end('silk\nbread\neggs')
    expect(printed).toBe('milk\n--- the text has changed above; here it is again ---\nsilk\nbread\neggs\n')
  })
})

describe('progress', () => {
  function follow(isTTY: boolean): {
    readonly written: string[]
    readonly report: (seconds: number, done: number) => void
  } {
    let now = 0
    const written: string[] = []
    const output = { isTTY, write: (text: string) => written.push(text) }
    const progress = createProgress({ label: 'saved', unit: 'edits', total: 20_000, output, clock: () => now })
    return {
      written,
      report(seconds, done) {
        now = seconds * 1_000
        progress.report(done)
      },
    }
  }

  it('is silent for two seconds, then says a line now and then on a pipe', () => {
    const { written, report } = follow(false)
    for (const seconds of [0.5, 1.9, 2, 3, 6, 7]) report(seconds, seconds * 1_000)
    expect(written).toEqual([
      'saved: 2 000 of 20 000 edits (10 %), 2 s\n',
      'saved: 7 000 of 20 000 edits (35 %), 7 s\n',
    ])
  })

  it('redraws its line on a terminal', () => {
    const { written, report } = follow(true)
    report(2, 1)
    report(2.05, 2)
    report(2.2, 3)
    expect(written).toHaveLength(2)
    expect(written[1]).toBe('\r\u001B[2Ksaved: 3 of 20 000 edits (0 %), 2 s')
  })

  it('writes numbers as people read them', () => {
    expect([formatCount(259_778), formatCount(12), formatBytes(900), formatBytes(71_000_000)]).toEqual([
      '259 778',
      '12',
      '900 B',
      '71.0 MB',
    ])
  })
})
