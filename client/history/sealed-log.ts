/**
 * Where a history reads the sealed log again: in this device's DocumentStore. The port, and that adapter. Rule HI2.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { DocumentStore, StoredEntry } from '../stores/document-store.ts'

export interface SealedLog {
  /** Entries after `after`, in order: as many as fit in `maxBytes`, one at least where there is one. */
  read(after: number, maxBytes: number): Promise<readonly StoredEntry[]>
}

/** What this device keeps. `whenKept` resolves when what was taken is there to be read. */
export function storedLog(store: DocumentStore, documentId: Bytes, whenKept: () => Promise<void>): SealedLog {
  return {
    async read(after, maxBytes) {
      const kept = await store.read(documentId, after + 1, maxBytes)
      if (kept.length > 0) return kept
      await whenKept()
      return await store.read(documentId, after + 1, maxBytes)
    },
  }
}
