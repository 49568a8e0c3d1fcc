/**
 * What to know while something that needs the relay is not done yet.
 *
 * @module
 */
import type { SealedDocument } from '@y-sealed/client'
import { useSyncStatus } from '@y-sealed/client/react'
import type { ReactElement } from 'react'

import type { Attempt } from './use-attempt.ts'

interface WaitLineProps extends Pick<Attempt, 'isSlow'> {
  readonly note: SealedDocument
}

/** Nothing where it does not wait, or not for long. */
export function WaitLine({ note, isSlow }: WaitLineProps): ReactElement | null {
  const { kind } = useSyncStatus(note.provider)
  if (!isSlow) return null
  return (
    <p className="banner" role="status">
      {kind === 'offline'
        ? 'There is no connection to the relay. This is done as soon as there is one, while the note stays open.'
        : 'This takes longer than usual. It goes on while the note stays open.'}
    </p>
  )
}
