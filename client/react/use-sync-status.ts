/**
 * What a person may honestly be told of a document, as React sees it. Rule CL22.
 *
 * @module
 */
import { useCallback, useSyncExternalStore } from 'react'
import type { SealedProvider } from '../provider/sealed-provider.ts'
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
