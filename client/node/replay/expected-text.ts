/**
 * Waits for a Y.Text to become what it has to become, and says what it is instead.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'
import type * as Y from 'yjs'

/** Resolves when `text` is `expected`, at once if it is already. Stops listening when `signal` aborts, and never settles then. */
export function whenTextEquals(text: Y.Text, expected: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = new AbortController()
    // Comparing costs more than counting, and most of the time the length differs.
    const compare = (): void => {
      if (text.length !== expected.length || text.toJSON() !== expected) return
      done.abort()
      resolve()
    }
    text.observe(compare)
    AbortSignal.any([signal, done.signal]).addEventListener('abort', () => text.unobserve(compare), { once: true })
    compare()
  })
}

/** Throws `TEXT_DIFFERS`, with the place but without the text, unless both are the same. */
export function checkText(actual: string, expected: string): void {
  if (actual === expected) return
  let at = 0
  while (at < actual.length && actual[at] === expected[at]) at += 1
  throw new SyncError(
    'TEXT_DIFFERS',
    `the text is not what the trace leads to: ${actual.length} units instead of ${expected.length}, and they differ from unit ${at} on`,
  )
}
