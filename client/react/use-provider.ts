/**
 * A provider for an app that manages keys itself, open for as long as a component shows it.
 *
 * @module
 */
import { bytesToHex } from '@y-sealed/protocol'
import { useSyncExternalStore } from 'react'
import type { RelayConnection } from '../connection/relay-connection.ts'
import type { SealedProviderOptions } from '../provider/provider-options.ts'
import { SealedProvider } from '../provider/sealed-provider.ts'
import { Leases, type DocumentLease } from './document-lease.ts'

const leases = new Leases<RelayConnection, SealedProvider>()

/**
 * A {@link SealedProvider} of `options`, made once for each document of a connection however often components mount, and destroyed when none
 * shows it any more; `null` before, and on a server. Only `connection` and `access.documentId` say which one is meant: of the other options
 * those of the first caller are in force. Make `access` and `doc` once, outside of rendering or by `useState`.
 */
export function useProvider(options: SealedProviderOptions): SealedProvider | null {
  const lease: DocumentLease<SealedProvider> = leases.get(
    options.connection,
    bytesToHex(options.access.documentId),
    () => {
      const provider = new SealedProvider(options)
      return {
        opened: provider,
        close: () => provider.destroy(),
        onEnd: (listener) => provider.once('destroy', listener),
      }
    },
  )
  return useSyncExternalStore(lease.subscribe, lease.read, () => null)?.document ?? null
}
