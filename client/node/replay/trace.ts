/**
 * Editing traces of real people, in the format of josephg/editing-traces: transactions of `[place, removed, inserted]`, places in code
 * points.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { PointText } from './point-text.ts'

/** `[code point at which, code points removed, text inserted]`. */
export type Patch = readonly [at: number, remove: number, insert: string]

/** What one person did: transactions one after another, from `startContent` to `endContent`. */
export interface Trace {
  readonly startContent: string
  readonly endContent: string
  readonly transactions: readonly (readonly Patch[])[]
}

const GZIP_MAGIC = 0x1f8b
/** A trace of a whole book; more is a mistake. */
const MAX_TRACE_BYTES = 512 * 1024 * 1024

/** Reads a `.json` or `.json.gz` file. Throws `BAD_TRACE` for what is no such trace, and what `readFile` throws. */
export async function readTrace(path: string): Promise<Trace> {
  const bytes = await readFile(path)
  let parsed: unknown
  try {
    const isZipped = bytes.length > 2 && bytes.readUInt16BE(0) === GZIP_MAGIC
    const json = isZipped ? gunzipSync(bytes, { maxOutputLength: MAX_TRACE_BYTES }) : bytes
    parsed = JSON.parse(json.toString('utf8'))
  } catch (error) {
    throw new SyncError('BAD_TRACE', `${path} is not JSON, zipped or plain`, { cause: error })
  }
  return parseTrace(parsed, path)
}

/** The first `limit` transactions, and the text that they lead to. */
export function shortenTrace(trace: Trace, limit: number): Trace {
  if (limit >= trace.transactions.length) return trace
  const transactions = trace.transactions.slice(0, limit)
  const text = new PointText(trace.startContent)
  for (const patch of transactions.flat()) text.edit(...patch)
  return { startContent: trace.startContent, endContent: text.toString(), transactions }
}

/** Edits: a transaction may hold several, as when a word is replaced in many places at once. */
export function countPatches(trace: Trace): number {
  let patches = 0
  for (const transaction of trace.transactions) patches += transaction.length
  return patches
}

function parseTrace(parsed: unknown, path: string): Trace {
  const fail = (what: string): never => {
    throw new SyncError('BAD_TRACE', `${path} is no editing trace: ${what}`)
  }
  if (typeof parsed !== 'object' || parsed === null) return fail('it holds no object')
  const { kind, startContent = '', endContent, txns } = parsed as Record<string, unknown>
  if (kind === 'concurrent') {
    return fail('it is a concurrent one, of several people at once, and this version replays sequential ones only')
  }
  if (typeof startContent !== 'string' || typeof endContent !== 'string') return fail('it lacks endContent')
  if (!Array.isArray(txns)) return fail('it lacks txns')
  const transactions = txns.map((transaction: unknown, n) => {
    const patches = (transaction as { patches?: unknown } | null)?.patches
    if (!Array.isArray(patches) || !patches.every(isPatch))
      return fail(`transaction ${n} lacks patches of [at, removed, text]`)
    return patches
  })
  return { startContent, endContent, transactions }
}

function isPatch(value: unknown): value is Patch {
  if (!Array.isArray(value) || value.length !== 3) return false
  const [at, remove, insert] = value as unknown[]
  return Number.isSafeInteger(at) && Number.isSafeInteger(remove) && typeof insert === 'string'
}
