/**
 * What it costs to check an update before Yjs sees it, beside what Yjs itself takes: single edits of a real paper.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'

import type { Bytes } from '@y-sealed/protocol'
import { checkUpdate } from '../../client/yjs/check-update.ts'
import { feedUpdate } from '../../client/yjs/feed-update.ts'
import { LogState } from '../../client/yjs/log-state.ts'

/** Medians in microseconds of one edit. */
export interface CheckUpdateOutcome {
  readonly edits: number
  readonly checkUs: number
  /** `Y.applyUpdateV2` alone. */
  readonly applyUs: number
  /** `feedUpdate`: placing and applying. */
  readonly feedUs: number
}

interface Trace {
  readonly txns: readonly { readonly patches: readonly (readonly [at: number, deleted: number, inserted: string])[] }[]
}

/** Runs over the first `edits` of the trace, or `null` where there is no test data. */
export function benchCheckUpdate({ edits = 50_000 }: { readonly edits?: number } = {}): CheckUpdateOutcome | null {
  const data = process.env['Y_SEALED_TEST_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url))
  const path = `${data}/traces/automerge-paper.json.gz`
  if (!existsSync(path)) return null
  const { txns } = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Trace
  const doc = new Y.Doc()
  const device = new Uint8Array(16).fill(1)
  const updates: Bytes[] = []
  doc.on('updateV2', (update: Uint8Array) => updates.push(update as Bytes))
  const text = doc.getText('t')
  for (const { patches } of txns.slice(0, edits)) {
    doc.transact(() => {
      for (const [at, deleted, inserted] of patches) {
        if (deleted > 0) text.delete(at, deleted)
        if (inserted !== '') text.insert(at, inserted)
      }
    })
  }
  const log = new LogState()
  log.bind(doc.clientID, device)
  const plain = new Y.Doc()
  const fed = new Y.Doc()
  const check = new Float64Array(updates.length)
  const apply = new Float64Array(updates.length)
  const feed = new Float64Array(updates.length)
  for (const [i, update] of updates.entries()) {
    const start = performance.now()
    const verdict = checkUpdate(update, log, device)
    const checked = performance.now()
    if (!verdict.ok) throw new Error(verdict.code)
    log.grow(verdict.growth)
    const before = performance.now()
    Y.applyUpdateV2(plain, update)
    const applied = performance.now()
    feedUpdate(fed, update, null)
    check[i] = checked - start
    apply[i] = applied - before
    feed[i] = performance.now() - applied
  }
  return { edits: updates.length, checkUs: medianUs(check), applyUs: medianUs(apply), feedUs: medianUs(feed) }
}

function medianUs(times: Float64Array): number {
  return (times.toSorted()[times.length >> 1] as number) * 1000
}
