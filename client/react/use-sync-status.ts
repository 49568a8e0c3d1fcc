/**
 * What a person may honestly be told of a document, as React sees it. Rule CL22.
 *
 * @module
 */
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { SealedProvider } from '../provider/sealed-provider.ts'
import { CalmStatus } from '../status/calm-status.ts'
import type { SyncStatus } from '../status/sync-status.ts'

/** Before there is a provider, and on a server. */
const NOTHING_YET: SyncStatus = { kind: 'syncing', unsaved: 0, isKept: true, readOnly: true, storage: 'kept' }

/** The provider's `syncStatus`, followed; `syncing` while there is none. [CL22] */
export function useSyncStatus(provider: SealedProvider | null): SyncStatus {
  const subscribe = useCallback(
    (listener: () => void) => {
      provider?.on('syncStatus', listener)
      return () => provider?.off('syncStatus', listener)
    },
    [provider],
  )
  return useSyncExternalStore(
    subscribe,
    () => provider?.syncStatus ?? NOTHING_YET,
    () => NOTHING_YET,
  )
}

/**
 * The same words, for a place beside an editor: typing draws the component anew when it begins and when it has been saved for a quarter of a second,
 * not with each key. "Saved" comes later for that, never earlier; all else with the picture after the letter's own. How many edits are unsaved
 * may have changed without a word. [CL22]
 */
export function useCalmStatus(provider: SealedProvider | null): SyncStatus {
  const calm = useMemo(() => (provider === null ? null : new CalmStatus(provider)), [provider])
  return useSyncExternalStore(
    calm?.subscribe ?? followNothing,
    () => calm?.read() ?? NOTHING_YET,
    () => NOTHING_YET,
  )
}

const followNothing = (): (() => void) => () => undefined
