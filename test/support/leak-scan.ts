/**
 * Looks for secrets where none may be: every form in which bytes are usually written, in every place that a relay writes to. It tells
 * where and in which form, never what.
 *
 * @module
 */
import { concatBytes, decodeClientFrame, encodeClientFrame, toBytes, type Bytes } from '@y-sealed/protocol'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

import type { Captured } from './lying-relay.ts'

/** Something that must not be found. */
export interface Canary {
  readonly name: string
  readonly bytes: Bytes
}

/** Somewhere to look. */
export interface Place {
  readonly name: string
  readonly bytes: Bytes
}

/** A canary found, by names alone. */
export interface Leak {
  readonly place: string
  readonly canary: string
  readonly form: string
}

/** A key whole, and each half of it: a truncated key is a leak too. */
export function keyCanaries(name: string, key: Bytes): readonly Canary[] {
  const half = key.length / 2
  return [
    { name, bytes: key },
    { name: `first half of ${name}`, bytes: key.slice(0, half) },
    { name: `second half of ${name}`, bytes: key.slice(half) },
  ]
}

/** Text as UTF-8; it is looked for as UTF-16 as well. */
export function textCanary(name: string, text: string): Canary {
  return { name, bytes: toBytes(Buffer.from(text)) }
}

/** Everything found, each canary, place and form once. */
export function findLeaks(places: readonly Place[], canaries: readonly Canary[]): readonly Leak[] {
  const leaks: Leak[] = []
  for (const canary of canaries) {
    for (const [form, needle] of formsOf(canary.bytes)) {
      for (const place of places) {
        if (Buffer.from(place.bytes.buffer, place.bytes.byteOffset, place.bytes.length).includes(needle)) {
          leaks.push({ place: place.name, canary: canary.name, form })
        }
      }
    }
  }
  return leaks
}

/** Names of the places in which something was found, each once. */
export function leakingPlaces(leaks: readonly Leak[]): readonly string[] {
  return [...new Set(leaks.map((leak) => leak.place))].toSorted()
}

/** Every file below `folder`, and their names. */
export function filesIn(folder: string): readonly Place[] {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  const files = paths.map((path) => ({ name: path, bytes: toBytes(readFileSync(join(folder, path))) }))
  return [...files, { name: 'file names', bytes: toBytes(Buffer.from(paths.join('\n'))) }]
}

/** What was carried, one place for each direction and kind. */
export function wirePlaces(captured: readonly Captured[]): readonly Place[] {
  const places = [...new Set(captured.map(({ place }) => place))]
  return places.map((name) => {
    const pieces = captured.filter(({ place }) => place === name).map(({ bytes }) => bytes)
    return { name: `wire: ${name}`, bytes: concatBytes(...pieces) }
  })
}

/**
 * The same without the tokens that stand where the protocol wants them, and nowhere else: the subprotocol header of an upgrade [AU9], the
 * issuer's answer [AU10], and OPEN and REFRESH [FR3].
 */
export function withoutRightfulTokens(captured: readonly Captured[]): readonly Captured[] {
  return captured.map(({ place, bytes }) => ({ place, bytes: cutTokens(place, bytes) }))
}

function cutTokens(place: Captured['place'], bytes: Bytes): Bytes {
  if (place === 'request-head') return replaceText(bytes, /^(sec-websocket-protocol: .*bearer\.)[\w.-]+$/gim)
  if (place === 'response-body') return replaceText(bytes, /^(\{"token":")[\w.-]+/g)
  if (place !== 'from-client') return bytes
  const frame = decodeClientFrame(bytes)
  const bears = frame.ok && (frame.value.type === 'open' || frame.value.type === 'refresh')
  return bears ? encodeClientFrame({ ...frame.value, token: 'cut' }) : bytes
}

function replaceText(bytes: Bytes, pattern: RegExp): Bytes {
  return toBytes(Buffer.from(Buffer.from(bytes).toString('latin1').replace(pattern, '$1'), 'latin1'))
}

function formsOf(bytes: Bytes): readonly (readonly [string, Buffer])[] {
  const raw = Buffer.from(bytes)
  const text = raw.toString('utf8')
  const isText = Buffer.from(text).equals(raw)
  const forms: [string, Buffer][] = [['raw', raw]]
  if (isText)
    forms.push(['UTF-16 LE', Buffer.from(text, 'utf16le')], ['UTF-16 BE', Buffer.from(text, 'utf16le').swap16()])
  forms.push(['hex', Buffer.from(raw.toString('hex'))], ['HEX', Buffer.from(raw.toString('hex').toUpperCase())])
  for (const encoding of ['base64', 'base64url'] as const) {
    for (const shift of [0, 1, 2]) forms.push([`${encoding} +${shift}`, base64Core(raw, shift, encoding)])
  }
  return forms
}

/** The characters of base64 that depend on nothing but `bytes`, when `shift` other bytes stand before them in a group of three. */
function base64Core(bytes: Buffer, shift: number, encoding: 'base64' | 'base64url'): Buffer {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString(encoding)
  const first = Math.ceil((shift * 8) / 6)
  return Buffer.from(encoded.slice(first, Math.floor(((shift + bytes.length) * 8) / 6)))
}
