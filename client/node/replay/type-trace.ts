/**
 * Types a trace into a Y.Text, as fast as the rest keeps up or at a person's pace. Knows Yjs and nothing of relays: whoever sends the
 * edits says how much is still unsent.
 *
 * @module
 */
import type * as Y from 'yjs'
import { PointText } from './point-text.ts'
import type { Trace } from './trace.ts'

export interface TypingOptions {
  /** Called after each transaction; with a promise it asks the typist to wait. */
  readonly afterTransaction?: (typed: number) => Promise<void> | undefined
  /** Transactions a second; without it there is no pause. */
  readonly rate?: number
  /** Milliseconds that only go forward. */
  readonly clock: () => number
  /** Lets everything else run, for at least `delayMs`. */
  readonly pause: (delayMs: number) => Promise<void>
}

/** Typing at full speed gives way to the sockets this often. */
const SLICE_MS = 8

/**
 * Types all of `trace`, each of its transactions as one of Yjs. The text must be what the trace starts from, or empty: then the start is
 * typed first. Throws `RangeError` when it is neither.
 */
export async function typeTrace(text: Y.Text, trace: Trace, options: TypingOptions): Promise<void> {
  const { clock, pause, rate, afterTransaction } = options
  if (text.length === 0 && trace.startContent !== '') text.insert(0, trace.startContent)
  const mirror = new PointText(trace.startContent)
  if (text.length !== trace.startContent.length) throw new RangeError('the document does not begin as the trace does')
  const startedAt = clock()
  let sliceEndsAt = startedAt + SLICE_MS
  for (const [index, patches] of trace.transactions.entries()) {
    const transact = (): void => {
      for (const [atPoint, removePoints, inserted] of patches) {
        const { at, remove, insert } = mirror.edit(atPoint, removePoints, inserted)
        if (remove > 0) text.delete(at, remove)
        if (insert !== '') text.insert(at, insert)
      }
    }
    if (text.doc) text.doc.transact(transact)
    else transact()
    await afterTransaction?.(index + 1)
    const now = clock()
    const aheadMs = rate === undefined ? 0 : startedAt + ((index + 1) * 1_000) / rate - now
    if (aheadMs <= 0 && now < sliceEndsAt) continue
    await pause(Math.max(0, aheadMs))
    sliceEndsAt = clock() + SLICE_MS
  }
}
