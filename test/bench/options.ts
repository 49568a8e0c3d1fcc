/**
 * What `npm run bench` may be told.
 *
 * @module
 */
import { parseArgs } from 'node:util'

export const ROWS = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9', 'P10', 'P11', 'P13', 'P14'] as const
export type RowId = (typeof ROWS)[number]

export interface BenchOptions {
  /** Shorter windows and smaller loads, under a minute in all: to see that everything runs. */
  readonly quick: boolean
  readonly only: readonly RowId[]
  /** Other people's servers too; they are installed when they are not there. */
  readonly peers: boolean
  /** Whose typing P5 opens, of the test data. */
  readonly trace: string
  /** How much of it. */
  readonly edits: number
  /** How long it may be typed: what is typed by then is opened. */
  readonly typingSeconds: number
  /** File for the JSON. */
  readonly out: string
}

export const USAGE = `npm run bench -- [--quick] [--only P1,P6] [--peers] [--trace NAME] [--edits N] [--typing-seconds N] [--out FILE]

  --quick   under a minute: shorter windows and smaller loads
  --only    some of ${ROWS.join(', ')}
  --peers   compares with other people's servers too, and installs them first (test/bench/peers)
  --trace   whose typing P5 opens: sveltecomponent without it, automerge-paper (259 778 edits, several minutes)
  --edits   how much of it
  --typing-seconds
            how long it may be typed; what is typed by then is opened
  --out     where the JSON goes; test/bench/results/latest.json without it`

/** What is wrong with the arguments, for whoever gave them. */
export class OptionsError extends Error {}

/** Reads the arguments; throws an {@link OptionsError}. */
export function readOptions(args: readonly string[], defaultOut: string): BenchOptions {
  const values = parse(args, defaultOut)
  const asked = values.only?.split(',').map((row) => row.trim().toUpperCase())
  const only = ROWS.filter((row) => asked === undefined || asked.includes(row))
  const unknown = asked?.find((row) => !ROWS.some((known) => known === row))
  if (unknown !== undefined) throw new OptionsError(`there is no row ${unknown}: choose from ${ROWS.join(', ')}`)
  const edits = readLimit('--edits', values.edits)
  const typingSeconds = readLimit('--typing-seconds', values['typing-seconds'])
  const { quick, peers, trace, out } = values
  return { quick, edits, typingSeconds, only, peers, trace, out }
}

function parse(args: readonly string[], defaultOut: string) {
  const options = {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    peers: { type: 'boolean', default: false },
    trace: { type: 'string', default: 'sveltecomponent' },
    edits: { type: 'string' },
    'typing-seconds': { type: 'string' },
    out: { type: 'string', default: defaultOut },
  } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new OptionsError((error as Error).message)
  }
}

function readLimit(name: string, text: string | undefined): number {
  const limit = text === undefined ? Infinity : Number(text)
  if (!(limit > 0)) throw new OptionsError(`${name} takes a number above 0`)
  return limit
}
