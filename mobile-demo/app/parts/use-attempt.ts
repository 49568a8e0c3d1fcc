/**
 * Something asynchronous that a button starts: busy while it goes on, and its failure in words.
 *
 * @module
 */
import { useState } from 'react'

import { explain } from './explain.ts'
import { useLater } from './use-later.ts'

export interface Attempt {
  readonly isBusy: boolean
  /** So long that whoever looks on begins to wonder. */
  readonly isSlow: boolean
  /** Why the last one failed; `null` for none. */
  readonly failure: string | null
  /** Starts it; a second one waits for nobody and is not started. */
  readonly run: (work: () => Promise<void>) => void
}

const SLOW_MS = 3_000

export function useAttempt(): Attempt {
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  const isSlow = useLater(isBusy, SLOW_MS)
  const run = (work: () => Promise<void>): void => {
    if (isBusy) return
    setBusy(true)
    setFailure(null)
    work()
      .catch((error: unknown) => setFailure(explain(error)))
      .finally(() => setBusy(false))
  }
  return { isBusy, isSlow, failure, run }
}
