/**
 * What to know while something waits for the relay.
 *
 * @module
 */
import type { ReactElement } from 'react'

import type { Attempt } from './use-attempt.ts'

/** Nothing where it does not wait, or not for long. */
export function WaitLine({ isSlow }: Pick<Attempt, 'isSlow'>): ReactElement | null {
  if (!isSlow) return null
  return (
    <p className="banner" role="status">
      The relay does not answer. This is done as soon as there is a connection, while the note stays open.
    </p>
  )
}
