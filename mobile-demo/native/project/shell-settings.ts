/**
 * What a shell is made for.
 *
 * @module
 */
import { pinsExpireAtMs, type PinSet } from '@y-sealed/protocol'
import { isIP } from 'node:net'

export interface ShellSettings {
  readonly pins: PinSet
  /** `wss://host[:port]`, with a host of the pins. */
  readonly relay: string
  /** Address of invite links, with a `/` at its end. */
  readonly app: string
  /** Reverse domain name. */
  readonly id: string
  /** Folder of `android`, `ios` and `web`. */
  readonly out: string
}

const DAY_MS = 86_400_000
/** Pins that end sooner would end in the hands of people. [PN4] */
const LEAST_DAYS = 90

/** Settings that can be built from. Throws `TypeError` with a line for a person. */
export function checkShellSettings(settings: ShellSettings, nowMs: number = Date.now()): ShellSettings {
  const { pins, relay, app, id } = settings
  const address = pins.hosts.find((host) => isIP(host) !== 0 || !host.includes('.'))
  if (address !== undefined) {
    throw new TypeError(
      `pins of an address are bound by no iPhone: write pins.json anew, with --host and a name (not ${address})`,
    )
  }
  const dialled = new URL(relay)
  if (dialled.protocol !== 'wss:' || !pins.hosts.includes(dialled.hostname))
    throw new TypeError(`--relay must be wss: with a host of pins.json (${pins.hosts.join(', ')})`)
  const opened = new URL(app)
  if (opened.protocol !== 'https:' || opened.href !== app || opened.hash !== '' || opened.search !== '')
    throw new TypeError('--app is an https: address, such as https://relay.example/')
  if (!/^[a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*)+$/.test(id)) throw new TypeError('--id is a name such as org.example.notes')
  if (pinsExpireAtMs(pins) - nowMs <= LEAST_DAYS * DAY_MS)
    throw new TypeError(
      `the pins end on ${pins.expires}: write pins.json anew, with more than ${LEAST_DAYS} days before it`,
    )
  return settings
}
