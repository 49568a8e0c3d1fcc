/**
 * Something asynchronous that a button starts: busy while it goes on, and its failure in words.
 *
 * @module
 */
import { useState } from 'react'

import { explain } from './explain.ts'

export interface Attempt {
  readonly isBusy: boolean
  /** Why the last one failed; `null` for none. */
  readonly failure: string | null
  /** Starts it; a second one waits for nobody and is not started. */
  readonly run: (work: () => Promise<void>) => void
}

export function useAttempt(): Attempt {
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  const run = (work: () => Promise<void>): void => {
    if (isBusy) return
    setBusy(true)
    setFailure(null)
    work()
      .catch((error: unknown) => setFailure(explain(error)))
      .finally(() => setBusy(false))
  }
  return { isBusy, failure, run }
}
