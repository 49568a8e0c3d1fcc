/**
 * Types a trace for as long as it may take, and says now and then how far it is: a long one takes minutes.
 *
 * @module
 */
import type * as Y from 'yjs'

import { shortenTrace, type Trace } from '../../client/node/replay/trace.ts'
import { typeTrace } from '../../client/node/replay/type-trace.ts'
import { sleep } from './figures.ts'

const NEWS_MS = 10_000

export interface TypeForOptions {
  /** Who types, for the news. */
  readonly name: string
  readonly seconds?: number
  /** Called after each edit; with a promise it asks the typist to wait. */
  readonly afterEdit?: () => Promise<void> | undefined
}

/** Thrown out of the typing when its time is over. */
class TimeOver extends Error {}

/** Types the trace, or what of it fits into the seconds: that is what it returns. */
export async function typeFor(text: Y.Text, trace: Trace, options: TypeForOptions): Promise<Trace> {
  const { name, seconds = Infinity, afterEdit } = options
  const clock = (): number => performance.now()
  const beganAtMs = clock()
  const edits = trace.transactions.length
  let typed = 0
  let newsAtMs = beganAtMs + NEWS_MS
  const afterTransaction = (count: number): Promise<void> | undefined => {
    typed = count
    const nowMs = clock()
    if (nowMs >= newsAtMs) {
      newsAtMs = nowMs + NEWS_MS
      console.error(`${name}: ${typed} of ${edits} edits in ${((nowMs - beganAtMs) / 1000).toFixed(0)} s`)
    }
    if (nowMs - beganAtMs > seconds * 1000 && typed < edits) throw new TimeOver()
    return afterEdit?.()
  }
  try {
    await typeTrace(text, trace, { clock, pause: sleep, afterTransaction })
    return trace
  } catch (error) {
    if (!(error instanceof TimeOver)) throw error
    console.error(`${name}: the time is over after ${typed} of ${edits} edits`)
    return shortenTrace(trace, typed)
  }
}
