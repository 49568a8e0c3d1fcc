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
  await within(provider.whenSynced(), timeoutMs)
}

/**
 * Resolves when the members can be changed: the records are known, and the log as far as it can be read. One that waits for a signature is
 * not synced, and need not be: whoever holds the signature back would keep a lost device in. Rejects as {@link whenSyncedWithin}. [EN13] [CL10]
 */
export async function whenChangeableWithin(provider: SealedProvider, timeoutMs: number): Promise<void> {
  const nothing = (): null => null
  await within(provider.changeMembers(nothing), timeoutMs)
}

async function within(done: Promise<unknown>, timeoutMs: number): Promise<void> {
  let cancel = (): void => undefined
  const late = new Promise<never>((_, reject) => {
    const offline = new SyncError('OFFLINE', 'the relay cannot be reached: try again when there is a network')
    cancel = startTimer(timeoutMs, () => reject(offline))
  })
  try {
    await Promise.race([done, late])
  } finally {
    cancel()
  }
}
