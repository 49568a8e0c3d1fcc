/**
 * What the relay has stored since the page was opened, byte by byte, and how many words of the note can be read in it. The words never leave the
 * page: it is given the relay's bytes whole, and counts here.
 *
 * @module
 */
import type { Deed } from '../host/lies.ts'
import type { TapRow } from '../host/tap-reader.ts'
import { countReadableWords, wordsOf } from '../terminal/readable-words.ts'
import { make, part } from './part.ts'
import { addDeed, addEntries } from './tap-log.ts'

export interface RelayPanel {
  /** The open note, as one of the phones has it. */
  showNote(text: string, plain: Uint8Array): void
}

const SHOWN_LETTERS = 400
const COUNT_MS = 250

/** Begins to listen. `onSilent` is told when there is no tap, or no more. */
export function openRelayPanel(onOpen: () => void, onSilent: () => void): RelayPanel {
  let stored = new Uint8Array(0)
  let words: readonly string[] = []
  let plain = new Uint8Array(0)
  let timer: ReturnType<typeof setTimeout> | undefined

  const count = (): void => {
    timer = undefined
    showCount('read-by-relay', countReadableWords(words, stored))
    showCount('read-by-plain', countReadableWords(words, plain))
    part('words').textContent = String(words.length)
    part('relay-bytes').textContent = `${stored.length.toLocaleString('en')} bytes, searched whole`
    part('plain-bytes').textContent = `${plain.length.toLocaleString('en')} bytes of Yjs, counted the same way`
    part('plain-text').replaceChildren(make('bdi', '', lettersOf(plain)))
  }
  const countSoon = (): void => {
    timer ??= setTimeout(count, COUNT_MS)
  }

  const tap = new EventSource('/demo/tap')
  tap.addEventListener('open', onOpen)
  tap.addEventListener('error', onSilent)
  tap.addEventListener('message', ({ data }: MessageEvent<string>) => {
    const rows = JSON.parse(data) as readonly TapRow[]
    const envelopes = rows.map(({ envelope }) => bytesOf(envelope))
    stored = join([stored, ...envelopes])
    addEntries(rows, envelopes)
    countSoon()
  })
  tap.addEventListener('lie', ({ data }: MessageEvent<string>) => addDeed(JSON.parse(data) as Deed))

  return {
    showNote(text, update) {
      words = wordsOf(text)
      plain = new Uint8Array(update)
      countSoon()
    },
  }
}

function showCount(id: string, value: number): void {
  const element = part(id)
  element.textContent = String(value)
  element.dataset['none'] = String(value === 0)
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0) ?? 0)
}

function join(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Bytes as a hex dump's right side shows them; the end alone of many. */
function lettersOf(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes.subarray(-SHOWN_LETTERS)).replaceAll(/[^ -~]+/g, '·')
}
