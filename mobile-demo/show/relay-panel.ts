/**
 * What the relay has stored since the page was opened, byte by byte, and how many words of the note can be read in it. The words never leave the
 * page: it is given the relay's bytes whole, and counts here.
 *
 * @module
 */
import { kindName } from '@y-sealed/protocol'

import type { TapRow } from '../host/tap-reader.ts'
import { countReadableWords, wordsOf } from '../terminal/readable-words.ts'
import { make, part } from './part.ts'

export interface RelayPanel {
  /** The open note, as one of the phones has it. */
  showNote(text: string, plain: Uint8Array): void
}

/** Rows that are shown; all are counted in. */
const SHOWN_ROWS = 40
const SHOWN_BYTES = 96
const SHOWN_LETTERS = 400
/** An envelope's header, which the relay needs in clear: which document, device and session, and the entry's place. */
const HEADER_BYTES = 124
const COUNT_MS = 250

/** Begins to listen. `onSilent` is told when there is no tap, or no more. */
export function openRelayPanel(onOpen: () => void, onSilent: () => void): RelayPanel {
  const log = part('log')
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
    log.prepend(...rows.map((row, i) => rowElement(row, envelopes[i] as Uint8Array)).toReversed())
    while (log.childElementCount > SHOWN_ROWS) log.lastElementChild?.remove()
    countSoon()
  })

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

function rowElement({ seq, kind, device, document }: TapRow, envelope: Uint8Array): HTMLElement {
  const item = make('li', 'row')
  const facts = make('p', 'facts')
  facts.append(
    make('b', '', kindName(kind) ?? `kind ${kind}`),
    make('span', '', `#${seq} in ${document.slice(0, 6)}…`),
    make('span', `by tint-${tintOf(device)}`, `device ${device.slice(0, 6)}…`),
    make('span', 'size', `${envelope.length.toLocaleString('en')} bytes`),
  )
  item.append(facts, make('code', '', hexOf(envelope.subarray(HEADER_BYTES, HEADER_BYTES + SHOWN_BYTES))))
  return item
}

const tints = new Map<string, number>()

/** One for each device, in the order in which they come. */
function tintOf(device: string): number {
  const known = tints.get(device)
  if (known !== undefined) return known
  const tint = tints.size % 4
  tints.set(device, tint)
  return tint
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

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
