/**
 * Where a history reads the sealed log again: in this device's DocumentStore and, for what that does not keep, at the relay. The port, and the
 * adapter for the store. Rule HI2.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { OpenedSnapshot } from '../snapshots/opened-snapshot.ts'
import type { DocumentStore, StoredEntry } from '../stores/document-store.ts'
import type { Checkpoint } from './checkpoints.ts'

export interface SealedLog {
  /** Entries after `after`, in order: as many as fit in `maxBytes`, one at least where there is one; none where they are not to be had. */
  read(after: number, maxBytes: number): Promise<readonly StoredEntry[]>
  /** The document at the newest place up to `seq` of which there is a snapshot; `null` for none. Whether it is of this log is not said. */
  snapshot(seq: number): Promise<Checkpoint | null>
}

export interface StoredLogOptions {
  readonly store: DocumentStore
  readonly documentId: Bytes
  /** Resolves when what was taken is there to be read. */
  readonly whenKept: () => Promise<void>
  /** The newest snapshot up to a seq that opens; `null` for none. */
  readonly snapshotUpTo: (seq: number) => Promise<OpenedSnapshot | null>
  /** Asks elsewhere for what the store has not. */
  readonly readElsewhere?: SealedLog['read']
}

/** What this device keeps. */
export function storedLog(options: StoredLogOptions): SealedLog {
  const { store, documentId, whenKept, snapshotUpTo, readElsewhere } = options
  return {
    async read(after, maxBytes) {
      const kept = await store.read(documentId, after + 1, maxBytes)
      if (kept.length > 0) return kept
      await whenKept()
      const late = await store.read(documentId, after + 1, maxBytes)
      return late.length > 0 || readElsewhere === undefined ? late : await readElsewhere(after, maxBytes)
    },
    async snapshot(seq) {
      const opened = await snapshotUpTo(seq)
      return opened && { seq: opened.seq, transcript: opened.context.transcript.slice(), state: opened.state.slice() }
    },
  }
}
