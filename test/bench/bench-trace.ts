/**
 * What is typed in the benchmarks: a trace of a real person where the test data are, else one that is made up, always the same.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { readTrace, shortenTrace, type Patch, type Trace } from '../../client/node/replay/trace.ts'

export interface BenchTrace {
  /** Whose typing it is. */
  readonly label: string
  /** The same, and how much of it. */
  readonly name: string
  readonly trace: Trace
}

/** So much is made up where there are no data, of a trace that is wanted whole. */
const MADE_UP_EDITS = 18_335

/** The first `edits` of a trace, or of made-up typing. */
export async function readBenchTrace(edits: number, name = 'sveltecomponent'): Promise<BenchTrace> {
  const data = process.env['Y_SEALED_TEST_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url))
  const path = `${data}/traces/${name}.json.gz`
  if (existsSync(path)) {
    const trace = shortenTrace(await readTrace(path), edits)
    return { label: name, name: `${name}, ${trace.transactions.length} edits`, trace }
  }
  console.error('!! no test data: the trace is made up')
  const length = Math.min(edits, MADE_UP_EDITS)
  return { label: 'made-up typing', name: `made-up typing, ${length} edits`, trace: makeTrace(length) }
}

/** Words typed forward, every twelfth key taken back. */
function makeTrace(edits: number): Trace {
  const transactions: (readonly Patch[])[] = []
  let text = ''
  for (let i = 0; i < edits; i++) {
    if (i % 12 === 11) {
      transactions.push([[text.length - 1, 1, '']])
      text = text.slice(0, -1)
    } else {
      const letter = i % 6 === 5 ? ' ' : String.fromCharCode(97 + ((i * 7919) % 26))
      transactions.push([[text.length, 0, letter]])
      text += letter
    }
  }
  return { startContent: '', endContent: text, transactions }
}
