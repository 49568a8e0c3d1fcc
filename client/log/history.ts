/**
 * A document's history as one device has it: what it has kept, what the relay adds, and how far both are verified. Rules CL13, LO6, FR5.
 *
 * @module
 */
import type { PlacedRecord, SignedHead } from '@y-sealed/protocol'
import type { DocumentAccess } from '../document/document-access.ts'
import { EditTable } from '../history/edit-table.ts'
import { storedLog, type SealedLog } from '../history/sealed-log.ts'
import type { DocumentStore, StoredEntry } from '../stores/document-store.ts'
import { DocumentLog, type LogEntry } from './document-log.ts'
import { LogFollower, type FollowerOptions } from './follower.ts'
import { KeptLog } from './kept-log.ts'

export interface HistoryOptions extends Omit<FollowerOptions, 'documentId' | 'log' | 'onTaken' | 'onHead'> {
  readonly access: DocumentAccess
  readonly store: DocumentStore
  /** Takes the member records that are kept, before any entry. Throws `SyncError` where they cannot be this document's. */
  readonly takeRecords: (records: readonly PlacedRecord[]) => void
  /** The store could not be read or written. */
  readonly onTrouble: (error: unknown) => void
}

export class History {
  readonly log: DocumentLog
  /** The edits that count in it. [HI1] */
  readonly edits: EditTable = new EditTable()
  /** Its sealed entries, to be read once more. [HI2] */
  readonly sealed: SealedLog
  readonly store: DocumentStore
  readonly #follower: LogFollower
  readonly #kept: KeptLog
  readonly #takeRecords: HistoryOptions['takeRecords']
  readonly #onTrouble: HistoryOptions['onTrouble']

  constructor({ access, store, takeRecords, onTrouble, onOutcomes, ...callbacks }: HistoryOptions) {
    const { documentId } = access
    this.log = new DocumentLog(access)
    this.store = store
    this.sealed = storedLog(store, documentId, () => this.whenKept())
    this.#takeRecords = takeRecords
    this.#onTrouble = onTrouble
    this.#kept = new KeptLog({
      store,
      documentId,
      onTrouble,
      onConflict: (head) => head && this.#follower.learnHead(head, 'peer'),
    })
    this.#follower = new LogFollower({
      ...callbacks,
      onOutcomes: (outcomes) => {
        for (const outcome of outcomes) this.edits.take(outcome)
        onOutcomes(outcomes)
      },
      documentId,
      log: this.log,
      onTaken: (entries) => this.#kept.keep(entries),
      onHead: (head) => this.#kept.keepHead(head),
    })
  }

  /** What the relay says goes here. */
  get follower(): LogFollower {
    return this.#follower
  }

  get signedHead(): SignedHead | null {
    return this.#follower.signedHead
  }

  /**
   * Reads what is kept, with the promises of the relay that it made before: verified as what the relay sends is. Never rejects: what cannot be
   * read, or is not whole, the relay is asked for.
   */
  async load(): Promise<void> {
    const head = await this.#kept.recallHead()
    if (head !== null) this.#follower.remember(head)
    try {
      this.#takeRecords(await this.#kept.readRecords())
    } catch (error) {
      this.#onTrouble(error)
    }
    await this.#loadEntries()
  }

  /** Forgets everything that was read, and reads it again with keys that were not there before. */
  async restart(): Promise<void> {
    this.#follower.restart()
    await this.#loadEntries()
  }

  /** Goes back to a place: what followed there is forgotten, also by the next run. */
  async rewind(toSeq: number): Promise<void> {
    await this.#kept.whenKept()
    await this.#kept.cut(toSeq)
    await this.restart()
  }

  /** What is kept, for giving it back. */
  readonly readKept = async (fromSeq: number, maxBytes: number): Promise<readonly StoredEntry[]> => {
    await this.#kept.whenKept()
    return this.sealed.read(fromSeq - 1, maxBytes)
  }

  /** Resolves when all that was verified so far would survive a crash, or never will. */
  whenKept(): Promise<void> {
    return this.#kept.whenKept()
  }

  close(): void {
    this.#follower.closed()
    this.#kept.close()
  }

  async #loadEntries(): Promise<void> {
    await this.#kept.read(this.log.head.seq, (entries: readonly LogEntry[]) => {
      const isWhole = this.#follower.load(entries)
      if (!isWhole) this.#follower.restart()
      return isWhole
    })
  }
}
