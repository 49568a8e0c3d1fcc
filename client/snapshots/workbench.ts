/**
 * Snapshots as this device makes and keeps them: rebuilt from what it has in its store, and kept there so that the entries before them need
 * not be. Rules LO10, CL13.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { EpochKey, Seen, Session } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import { wallClock } from '../platform.ts'
import type { DocumentStore } from '../stores/document-store.ts'
import { makeSnapshot, type MadeSnapshot } from './make-snapshot.ts'
import { openSnapshot, type OpenedSnapshot } from './opened-snapshot.ts'
import { rebuildLog, type RebuiltLog } from './rebuild.ts'
import type { Slices } from './slices.ts'

const PAGE_BYTES = 65_536

export interface WorkbenchOptions {
  readonly access: DocumentAccess
  readonly store: DocumentStore
  /** Resolves when what was verified so far is in the store. */
  readonly whenKept: () => Promise<void>
}

export class Workbench {
  readonly #options: WorkbenchOptions

  constructor(options: WorkbenchOptions) {
    this.#options = options
  }

  /** What the log comes to at a place that this device has verified; `null` where that is not to be had or not wanted any more. */
  async rebuild(end: Seen, slices: Slices): Promise<RebuiltLog | null> {
    const { access, store, whenKept } = this.#options
    await whenKept()
    const base = await this.newest(end.seq)
    const read = (fromSeq: number): ReturnType<DocumentStore['read']> =>
      store.read(access.documentId, fromSeq, PAGE_BYTES)
    return rebuildLog({ access, base, end, read, slices })
  }

  make(rebuilt: RebuiltLog, session: Session, key: EpochKey, slices: Slices): Promise<MadeSnapshot | null> {
    const document = this.#options.access.documentId
    return makeSnapshot(rebuilt, { document, session, key, authoredAt: wallClock(), slices })
  }

  /** The newest snapshot in the store up to a seq that opens; `null` for none. */
  async newest(throughSeq: number): Promise<OpenedSnapshot | null> {
    const { access, store } = this.#options
    const stored = await store.snapshots(access.documentId)
    for (const { seq, id, envelope } of stored.toReversed()) {
      const opened = seq <= throughSeq ? openSnapshot(envelope, this.#name(id)) : null
      if (opened?.seq === seq) return opened
    }
    return null
  }

  /** Up to where the newest snapshot in the store goes; 0 for none. */
  async newestSeq(): Promise<number> {
    const { access, store } = this.#options
    return (await store.snapshots(access.documentId)).at(-1)?.seq ?? 0
  }

  /** Keeps one that this device has made itself. */
  async shelve({ seq, id, envelope }: MadeSnapshot): Promise<void> {
    await this.#options.store.putSnapshot(this.#options.access.documentId, { seq, id, envelope: envelope.bytes })
  }

  /** Others vouch for the log up to `attestedSeq`: of two snapshots up to there, what lies before the older is not needed any more. [LO15] */
  async trim(attestedSeq: number): Promise<void> {
    const { access, store } = this.#options
    const vouched = (await store.snapshots(access.documentId)).filter(({ seq }) => seq <= attestedSeq)
    const older = vouched.at(-2)
    if (older !== undefined) await store.trim(access.documentId, older.seq)
  }

  #name(id: Bytes): Parameters<typeof openSnapshot>[1] {
    const { access } = this.#options
    return { documentId: access.documentId, id, keyOf: (epoch) => access.keyOf(epoch) }
  }
}
