import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { layColumns, wrapRows } from '../../../mobile-demo/terminal/columns.ts'
import { CONVERSATION, typeLine } from '../../../mobile-demo/terminal/conversation.ts'
import { countReadableWords, wordsOf } from '../../../mobile-demo/terminal/readable-words.ts'
import { readSettings } from '../../../mobile-demo/terminal/settings.ts'
import { openShow, type Output, type Scene } from '../../../mobile-demo/terminal/show.ts'

const SCENE: Scene = {
  alice: 'Alice: hello\n',
  bob: 'Alice: hello\n',
  rows: [{ seq: 7, kind: 1, length: 268, hex: '00ff'.repeat(24) }],
  words: 2,
  readable: { alice: 2, bob: 2, relay: 0 },
  foot: ['join me'],
}

function record(size: { readonly isTTY: boolean; columns: number; readonly rows: number }) {
  let resize = (): void => undefined
  const written: string[] = []
  const output: Output = Object.assign(size, {
    write: (text: string) => written.push(text),
    on: (_: 'resize', listener: () => void) => (resize = listener),
    off: () => (resize = () => undefined),
  })
  return { output, written, resize: () => resize() }
}

describe('the count of readable words', () => {
  const words = wordsOf(CONVERSATION.map(({ text }) => text).join('\n'))

  it('finds every word of a note in the note, in either encoding and in the middle of anything', () => {
    const note = CONVERSATION.map(({ text }) => text.toUpperCase()).join('\n')
    expect(words.length).toBeGreaterThan(10)
    for (const bytes of [
      Buffer.from(note),
      Buffer.from(`x${note}`, 'utf16le'),
      Buffer.concat([Buffer.of(0), Buffer.from(note, 'utf16le')]),
    ]) {
      expect(countReadableWords(words, bytes)).toBe(words.length)
    }
  })

  it('finds a single word, and none where there is none', () => {
    expect(countReadableWords(words, Buffer.from('…\u0000turbine\u0000'))).toBe(1)
    expect(countReadableWords(words, Buffer.alloc(10_000))).toBe(0)
  })

  it('leaves out words so short that chance would write them', () => {
    expect(wordsOf('the old crane, the Old CRANE, für Müller')).toEqual(['crane', 'müller'])
  })
})

describe('columns', () => {
  it('break between words, and long words where they must', () => {
    expect(wrapRows('at the old harbour', 8)).toEqual(['at the', 'old', 'harbour'])
    expect(wrapRows('0123456789\nx', 4)).toEqual(['0123', '4567', '89', 'x'])
    expect(wrapRows('東京都', 4)).toEqual(['東京', '都'])
  })

  it('let nobody command the terminal', () => {
    expect(wrapRows('\u001B[2J\u009B\u202E', 80)).toEqual(['\ufffd[2J\ufffd\ufffd'])
  })

  it('stand side by side, the newest rows of each', () => {
    const column = { title: 'T', rows: ['1', '2', '3'], foot: 'F' }
    expect(layColumns([column, column], 9, 6)).toEqual([
      'T   │ T  ',
      '────┼────',
      '2   │ 2  ',
      '3   │ 3  ',
      '────┴────',
      'F   │ F  ',
    ])
  })
})

describe('the show', () => {
  it('redraws in place on a terminal, whatever the terminal breaks, and anew when its size changes', () => {
    const { output, written, resize } = record({ isTTY: true, columns: 80, rows: 24 })
    const show = openShow(output)
    show.draw({ ...SCENE, foot: ['x'.repeat(100)] })
    show.draw({ ...SCENE, foot: ['x'.repeat(100)] })
    expect(written[0]).not.toContain('A\r')
    // 18 rows of columns, and a foot of two.
    expect(written[1]).toContain('\u001B[20A\r')
    expect(written[1]).toContain('#7 update, 268 bytes')
    expect(written[1]).toContain('readable words: 0 of 2')
    resize()
    expect(written.slice(2).join('').startsWith('\u001B[2J\u001B[H\u001B[?25l\r')).toBe(true)
  })

  it('writes plain lines elsewhere, each once', () => {
    const { output, written } = record({ isTTY: false, columns: 80, rows: 24 })
    const show = openShow(output)
    show.draw(SCENE)
    show.draw(SCENE)
    expect(written).toEqual([
      '  the note    Alice: hello\n',
      `  the relay   #7 update, 268 bytes  ${'00ff'.repeat(10)}…\n`,
    ])
  })
})

it('types a line key by key at the end of the note, and stops when asked to', async () => {
  const text = new Y.Doc().getText()
  const pauses: number[] = []
  const stop = new AbortController()
  await typeLine(text, { who: 'Bob', text: 'hé' }, (delayMs) => Promise.resolve(void pauses.push(delayMs)), stop.signal)
  expect(text.toJSON()).toBe('Bob: hé\n')
  expect(pauses).toHaveLength(8)
  await typeLine(text, { who: 'Bob', text: 'more' }, () => Promise.resolve(stop.abort()), stop.signal)
  expect(text.toJSON()).toBe('Bob: hé\nB')
})

describe('settings', () => {
  it('come from arguments, then from variables, then from here', () => {
    expect(readSettings([], {})).toEqual({ data: './data', host: '127.0.0.1', port: 8443, once: false })
    expect(readSettings(['--port', '0', '--once'], { Y_SEALED_PORT: '9', Y_SEALED_DATA: 'elsewhere' })).toEqual({
      data: 'elsewhere',
      host: '127.0.0.1',
      port: 0,
      once: true,
    })
    expect(readSettings(['--help'], {})).toBeNull()
  })

  it.each([[['--port', 'x']], [['--port', '70000']], [['--colour']]])('refuses %j', (args) => {
    expect(() => readSettings(args, {})).toThrow(TypeError)
  })
})
