/**
 * Waiting for a document no longer than somebody who looks on would.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'
import { startTimer } from '../platform.ts'
import type { SealedProvider } from '../provider/sealed-provider.ts'

/** As `provider.whenSynced()`, and rejects with `OFFLINE` after `timeoutMs`. */
export async function whenSyncedWithin(provider: SealedProvider, timeoutMs: number): Promise<void> {
  let cancel = (): void => undefined
  const late = new Promise<never>((_, reject) => {
    const offline = new SyncError('OFFLINE', 'the relay cannot be reached: try again when there is a network')
    cancel = startTimer(timeoutMs, () => reject(offline))
  })
  try {
    await Promise.race([provider.whenSynced(), late])
  } finally {
    cancel()
  }
}
