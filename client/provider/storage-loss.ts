/**
 * What an open document does when the browser has thrown away what this device kept: it says so, stores anew what it has in memory, and says when
 * that is done. Typing goes on meanwhile. Rules CL13, CL22.
 *
 * @module
 */
import type { DocumentStore } from '../stores/document-store.ts'
import type { Emit } from './provider-events.ts'

export interface StorageLossOptions {
  readonly store: DocumentStore | undefined
  /** Stores anew what is in memory; resolves when it would survive a crash. */
  readonly storeAnew: () => Promise<void>
  readonly emit: Emit
  /** It could not be. */
  readonly onTrouble: (error: unknown) => void
}

/** Gives what ends it. */
export function followStorageLoss({ store, storeAnew, emit, onTrouble }: StorageLossOptions): () => void {
  let losses = 0
  const recover = async (keysRewritten: Promise<void>): Promise<void> => {
    const loss = ++losses
    emit('evicted', [true])
    try {
      await keysRewritten
      await storeAnew()
      if (loss === losses) emit('evicted', [false])
    } catch (error) {
      onTrouble(error)
    }
  }
  return store?.onEvicted?.((keysRewritten) => void recover(keysRewritten)) ?? ((): void => undefined)
}
