/**
 * `pins.json`: the public keys that a relay may show, as a file that is shipped with apps. The relay's command line writes it; Node clients and
 * the native shells are built from it. Rules PN1, PN2.
 *
 * @module
 */
import { SyncError } from '../errors.ts'

/** A key that the relay uses now, or one that it may change to without a new release of the apps. */
export type PinUse = 'current' | 'backup'

export interface Pin {
  readonly use: PinUse
  /** base64 of SHA-256 over the SubjectPublicKeyInfo in DER (RFC 7469 §2.4). [PN2] */
  readonly pin: string
}

/** What `pins.json` holds. [PN1] */
export interface PinSet {
  readonly version: 1
  readonly algorithm: 'sha256-spki'
  /** Names and addresses of the relay, without ports, as `normaliseHost` spells them. */
  readonly hosts: readonly string[]
  /** `YYYY-MM-DD`: pins are good until this day begins, in UTC. [PN4] */
  readonly expires: string
  readonly pins: readonly Pin[]
}

export const MAX_PINNED_HOSTS = 16
export const MAX_PINS = 8

const FIELDS = ['algorithm', 'expires', 'hosts', 'pins', 'version']
const PIN = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*|[0-9a-f:]{2,39})$/

/** Reads a `pins.json`, whole. Throws `SyncError` with the code `PINS_MALFORMED`, and what is wrong with it. [PN1] */
export function readPinSet(text: string): PinSet {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw malformed('it is no JSON', error)
  }
  return checkPinSet(value)
}

/** A pin set from a value that is none yet. Throws as {@link readPinSet}. */
export function checkPinSet(value: unknown): PinSet {
  const { version, algorithm, hosts, expires, pins } = objectWith(value, FIELDS)
  if (version !== 1) throw malformed('its version is not 1')
  if (algorithm !== 'sha256-spki') throw malformed('its algorithm is not sha256-spki')
  const names = listOf(hosts, 'hosts', 1, MAX_PINNED_HOSTS).map((host) => {
    if (typeof host !== 'string' || host.length > 253 || !HOST.test(host)) throw malformed('a host is none')
    return host
  })
  if (new Set(names).size < names.length) throw malformed('a host stands there twice')
  if (typeof expires !== 'string' || !isDay(expires)) throw malformed('its expiry is no day')
  const read = listOf(pins, 'pins', 2, MAX_PINS).map(readPin)
  if (new Set(read.map(({ pin }) => pin)).size < read.length) throw malformed('a pin stands there twice')
  if (read.filter(({ use }) => use === 'current').length !== 1) throw malformed('one pin must be the current one')
  return { version, algorithm, hosts: names, expires, pins: read }
}

/** Unix time in ms from which the pins are checked no more. [PN4] */
export function pinsExpireAtMs({ expires }: PinSet): number {
  return Date.parse(`${expires}T00:00:00Z`)
}

function readPin(value: unknown): Pin {
  const { use, pin } = objectWith(value, ['pin', 'use'])
  if (use !== 'current' && use !== 'backup') throw malformed('the use of a pin is neither current nor backup')
  if (typeof pin !== 'string' || !PIN.test(pin)) throw malformed('a pin is no base64 of 32 bytes')
  return { use, pin }
}

function objectWith(value: unknown, fields: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw malformed('it is no object')
  if (Object.keys(value).toSorted().join() !== fields.join()) throw malformed(`its fields are not ${fields.join(', ')}`)
  return value as Readonly<Record<string, unknown>>
}

function listOf(value: unknown, name: string, least: number, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length < least || value.length > most)
    throw malformed(`${name} are not ${least} to ${most}`)
  return value
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const day = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

function malformed(what: string, cause?: unknown): SyncError {
  return new SyncError('PINS_MALFORMED', `the pins cannot be used: ${what}`, cause === undefined ? {} : { cause })
}
