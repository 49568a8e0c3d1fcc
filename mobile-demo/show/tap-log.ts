/**
 * The rows of what the relay has stored, newest first, and of what was done to something on its way to the phones.
 *
 * @module
 */
import { kindName } from '@y-sealed/protocol'

import type { Deed, LieName } from '../host/lies.ts'
import type { TapRow } from '../host/tap-reader.ts'
import { make, part } from './part.ts'

/** Rows that are shown; all are counted in. */
const SHOWN_ROWS = 40
const SHOWN_BYTES = 96
/** An envelope's header, which the relay needs in clear: which document, device and session, and the entry's place. */
const HEADER_BYTES = 124

const DEEDS: Readonly<Record<LieName, (deed: Deed) => string>> = {
  alter: ({ seq }) => `one bit of #${seq}, on its way`,
  drop: ({ seq }) => `#${seq}, kept from a phone`,
  'roll-back': ({ seq, entries }) => `to #${seq}: ${entries} entries hidden`,
}
const DEED_NAMES: Readonly<Record<LieName, string>> = { alter: 'altered', drop: 'dropped', 'roll-back': 'rolled back' }

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 1,
})

export function addEntries(rows: readonly TapRow[], envelopes: readonly Uint8Array[]): void {
  add(rows.map((row, i) => entryRow(row, envelopes[i] as Uint8Array)))
}

export function addDeed(deed: Deed): void {
  const item = make('li', 'row deed')
  const facts = make('p', 'facts')
  facts.append(time(Date.now()), make('b', '', DEED_NAMES[deed.lie]), make('span', 'grow', DEEDS[deed.lie](deed)))
  item.append(facts)
  add([item])
}

function add(items: readonly HTMLElement[]): void {
  const log = part('log')
  log.prepend(...items.toReversed())
  while (log.childElementCount > SHOWN_ROWS) log.lastElementChild?.remove()
}

function entryRow({ at, seq, kind, device, document }: TapRow, envelope: Uint8Array): HTMLElement {
  const item = make('li', 'row')
  const facts = make('p', 'facts')
  facts.append(
    time(at),
    make('b', '', kindName(kind) ?? `kind ${kind}`),
    place(seq, document),
    author(device),
    make('span', 'size', `${envelope.length.toLocaleString('en')} bytes`),
  )
  item.append(facts, make('code', '', hexOf(envelope.subarray(HEADER_BYTES, HEADER_BYTES + SHOWN_BYTES))))
  return item
}

function place(seq: number, document: string): HTMLElement {
  const element = make('span', 'place', `#${seq}`)
  element.append(make('i', '', ` in ${document.slice(0, 5)}…`))
  return element
}

function author(device: string): HTMLElement {
  const element = make('span', `by tint-${tintOf(device)}`)
  element.append(make('i', '', 'device '), `${device.slice(0, 5)}…`)
  return element
}

function time(atMs: number): HTMLElement {
  return make('time', '', CLOCK.format(atMs))
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

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
