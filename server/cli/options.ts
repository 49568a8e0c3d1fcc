/**
 * Options that several commands share, and how their texts become values.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander'

/** `--data`, of every command that reads keys or documents. */
export function dataOption(): Option {
  return new Option('-d, --data <folder>', 'folder of the database, the keys and the development certificate')
    .default('./data')
    .env('Y_SEALED_DATA')
}

/** A parser for whole numbers within bounds. */
export function parseWhole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`)
  }
}

/** A parser for options that may be given more than once; a variable holds a list with commas. */
export function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  const items = text.split(',').map((item) => item.trim())
  return [...earlier, ...items.filter((item) => item !== '')]
}

/** A parser for switches whose variable may say no, too: set to `0` it must not switch on. */
export function parseSwitch(text: string): boolean {
  if (/^(?:1|yes|true|on)$/i.test(text)) return true
  if (/^(?:0|no|false|off|)$/i.test(text)) return false
  throw new InvalidArgumentError('Give yes or no.')
}

const SECONDS_BY_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** A parser for lengths of time: `90`, `90s`, `5m`, `12h`, `7d`; in seconds. */
export function parseDuration(leastS: number, mostS: number): (text: string) => number {
  return (text) => {
    const [, digits = '', unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? []
    const seconds = digits === '' ? Number.NaN : Number(digits) * (SECONDS_BY_UNIT[unit] ?? 1)
    if (seconds >= leastS && seconds <= mostS) return seconds
    throw new InvalidArgumentError(
      `Give a length of time from ${leastS} to ${mostS} seconds, such as 90s, 5m, 12h or 7d.`,
    )
  }
}
