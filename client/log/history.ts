/**
 * A document's history as one device has it: what it has kept, what the relay adds, and how far both are verified. Rules CL13, LO6, FR5.
 *
 * @module
 */
import { SyncError, type PlacedRecord, type SignedHead } from '@y-sealed/protocol'
import type { Seen } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import { EditTable } from '../history/edit-table.ts'
import { PastReader } from '../history/past-reader.ts'
import { storedLog, type SealedLog } from '../history/sealed-log.ts'
import { startTimer, type Cancel } from '../platform.ts'
import { LostEntries } from '../quotes/lost-entries.ts'
import type { OpenedSnapshot } from '../snapshots/opened-snapshot.ts'
import { Trial } from '../snapshots/trial.ts'
import { Workbench } from '../snapshots/workbench.ts'
import type { DocumentStore, StoredEntry } from '../stores/document-store.ts'
import { TabTalk, type Tabs } from '../stores/tabs.ts'
import { DocumentLog, type LogEntry, type LogOutcome } from './document-log.ts'
import { LogFollower, type FollowerOptions } from './follower.ts'
import { KeptLog } from './kept-log.ts'

/** Longer than a tab gathers before it keeps. */
const CATCH_UP_MS = 250

export interface HistoryOptions extends Omit<FollowerOptions, 'documentId' | 'log' | 'onTaken' | 'onHead'> {
  readonly access: DocumentAccess
  readonly store: DocumentStore
  readonly tabs: Tabs | undefined
  /** Takes the member records that are kept, before any entry. Throws `SyncError` where they cannot be this document's. */
  readonly takeRecords: (records: readonly PlacedRecord[]) => void
  /** What a snapshot holds, before the entries after it: from the store, or once the log has vouched for it. */
  readonly onBase: (base: OpenedSnapshot) => void
  /** The store could not be read or written. */
  readonly onTrouble: (error: unknown) => void
  /** Another tab has wiped what was kept: nothing more is until {@link History.keepAnew}. */
  readonly onWiped: () => void
}

export class History {
  readonly log: DocumentLog
  /** The edits that count in it. [HI1] */
  readonly edits: EditTable = new EditTable()
  /** Its sealed entries, to be read once more. [HI2] */
  readonly sealed: SealedLog
  /** What the store has not, from the relay. */
  readonly past: PastReader
  readonly store: DocumentStore
  /** What it held where it was given up, or gone back. [CL31] */
  readonly lost: LostEntries
  readonly #follower: LogFollower
  readonly #kept: KeptLog
  readonly #talk: TabTalk | null
  #catchingUp: Cancel | null = null
  /** Who waits for the relay's word. */
  readonly #onHead = new Set<(head: SignedHead) => void>()
  /** What is taken comes from this device's own store. */
  #isLoading = false
  readonly #takeRecords: HistoryOptions['takeRecords']
  readonly #onOutcomes: HistoryOptions['onOutcomes']
  readonly #onBase: HistoryOptions['onBase']
  readonly #bench: Workbench
  readonly #access: DocumentAccess
  #trial: Trial | null = null
  #isAdrift = false
  readonly #onTrouble: HistoryOptions['onTrouble']

  constructor(options: HistoryOptions) {
    const { access, store, tabs, takeRecords, onTrouble, onWiped, onOutcomes, onBase, read, ...callbacks } = options
    const { documentId } = access
    this.#access = access
    this.#onOutcomes = onOutcomes
    this.#onBase = onBase
    this.#bench = new Workbench({ access, store, whenKept: () => this.whenKept() })
    this.log = new DocumentLog(access)
    this.store = store
    this.lost = new LostEntries(store, documentId)
    this.past = new PastReader({
      send: read,
      isOpen: () => this.#follower.isOpen,
      isFree: () => this.#follower.isIdle,
      onDone: () => this.#follower.nudge(),
    })
    this.sealed = storedLog({
      store,
      documentId,
      whenKept: () => this.whenKept(),
      snapshotUpTo: (seq) => this.#bench.newest(seq),
      readElsewhere: (after) => this.past.read(after),
    })
    this.#takeRecords = takeRecords
    this.#onTrouble = onTrouble
    this.#kept = new KeptLog({
      store,
      documentId,
      onTrouble,
      onWiped,
      onConflict: (head) => head && this.#follower.learnHead(head, 'peer'),
    })
    this.#follower = new LogFollower({
      ...callbacks,
      read: (after) => !this.past.isBusy && read(after),
      onOutcomes: (outcomes) => (this.#trial ? this.#trial.note(outcomes) : this.#tell(outcomes)),
      documentId,
      log: this.log,
      onTaken: (entries) => {
        if (this.#trial) this.#trial.entries.push(...entries)
        else {
          this.#kept.keep(entries)
          if (!this.#isLoading) this.#talk?.tell(entries)
        }
      },
      onHead: (head) => {
        this.#kept.keepHead(head)
        for (const hear of this.#onHead) hear(head)
      },
    })
    const onEntries = (entries: readonly LogEntry[]): void => this.#hear(entries)
    this.#talk = tabs === undefined ? null : new TabTalk({ tabs, document: documentId, onEntries })
  }

  /** What the relay says goes here. */
  get follower(): LogFollower {
    return this.#follower
  }

  /** A snapshot that is being tried; `null` while the log is believed. */
  get trial(): Trial | null {
    return this.#trial
  }

  /** The furthest place up to `seq` of which this device knows the transcript, by its log or by the relay's word; `null` for none. */
  anchorBefore(seq: number): Seen | null {
    const { head } = this.log
    const promised = this.#follower.promiseUpTo(seq)
    if (head.seq > (promised?.seq ?? 0)) return head
    return promised
  }

  /** Reads on from a snapshot, as a trial. False where the records are not those that it is of; then nothing has changed. */
  startTrial(base: OpenedSnapshot): boolean {
    try {
      this.log.restart(base)
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      return false
    }
    this.#follower.rebased(base.seq)
    this.#isAdrift = false
    this.#trial = new Trial(this.#access.documentId, base)
    return true
  }

  /** It holds: what it says, and what the log says after it, is believed, told and kept. */
  endTrial(): void {
    const trial = this.#trial
    this.#trial = null
    if (trial === null) return
    const { base, outcomes, entries } = trial
    const { seq, id, envelope } = base
    this.#kept.begin({ seq, id, envelope: envelope.bytes }, this.#access.recordsUpTo(seq))
    this.#kept.keep(entries)
    this.#onBase(base)
    this.#tell(outcomes)
  }

  /** It is not believed, or cannot go on: nothing of it was told. The log stands where it stood in it until {@link History.restart}. */
  abandonTrial(): void {
    if (this.#trial === null) return
    this.#trial.end()
    this.#trial = null
    this.#isAdrift = true
  }

  /** Does the log stand upon a snapshot that was tried and never shown? */
  get isAdrift(): boolean {
    return this.#isAdrift
  }

  get signedHead(): SignedHead | null {
    return this.#follower.signedHead
  }

  /** Resolves once the relay has signed for the log up to where it is now, and at last after so many ms. [FR11] */
  whenSigned(patienceMs: number): Promise<void> {
    const { seq } = this.log.head
    if ((this.signedHead?.seq ?? 0) >= seq) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        stop()
        this.#onHead.delete(hear)
        resolve()
      }
      const hear = (head: SignedHead): void => {
        if (head.seq >= seq) end()
      }
      const stop = startTimer(patienceMs, end)
      this.#onHead.add(hear)
    })
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
    this.#trial?.end()
    this.#trial = null
    this.#isAdrift = false
    this.#follower.restart()
    await this.#loadEntries()
  }

  /** What was verified stands again, with all that the relay has signed, in place of a trial that was not believed. */
  async recall(): Promise<void> {
    const head = (await this.#kept.recallHead()) ?? this.#follower.furthest
    if (head !== null) this.#follower.remember(head)
    await this.restart()
  }

  /**
   * Goes back to a place: what followed there is forgotten, also by the next run, and kept for quoting: its authors may not come back. Not what another
   * tab was shown a signature for: who wrote it need not write it again, and nobody else may have it to give it back. [CL16] [CL30] [CL31]
   */
  async rewind(toSeq: number): Promise<void> {
    await this.#kept.whenKept()
    const head = await this.#kept.recallHead()
    if (head !== null) this.#follower.remember(head)
    const signedSeq = Math.max(toSeq, head?.seq ?? 0)
    await this.lost.keep(this.#access.documentId, signedSeq).catch(this.#onTrouble)
    await this.#kept.cut(signedSeq)
    await this.lost.writeAgain().catch(this.#onTrouble)
    this.#follower.rewound(signedSeq)
    await this.restart()
  }

  /** Forgets all of it: this history was given up, and with it what the relay has signed for it. [LO14] */
  async abandon(): Promise<void> {
    await this.#kept.whenKept()
    if (await this.#kept.holdsOwn()) await this.lost.keep(this.#access.documentId).catch(this.#onTrouble)
    await this.#kept.wipe()
    // The log has made room.
    await this.lost.writeAgain().catch(this.#onTrouble)
    this.#follower.abandon()
  }

  /** The storage was thrown away, or what was kept there: all of it is kept anew, as it is read again. Nothing that is known is forgotten but the log itself. */
  async keepAnew(): Promise<void> {
    this.#kept.beginAnew()
    await this.restart()
  }

  /** What is kept, for giving it back. */
  readonly readKept = async (fromSeq: number, maxBytes: number): Promise<readonly StoredEntry[]> => {
    await this.#kept.whenKept()
    return this.store.read(this.#access.documentId, fromSeq, maxBytes)
  }

  /** Resolves when all that was verified so far would survive a crash, or never will. */
  whenKept(): Promise<void> {
    return this.#kept.whenKept()
  }

  close(): void {
    this.#follower.closed()
    this.#kept.close()
    this.#talk?.close()
    this.#catchingUp?.()
  }

  #tell(outcomes: readonly LogOutcome[]): void {
    for (const outcome of outcomes) this.edits.take(outcome)
    this.#onOutcomes(outcomes)
  }

  /** What is kept may begin behind a snapshot. */
  async #loadBase(): Promise<void> {
    try {
      const base = this.log.head.seq === 0 ? await this.#bench.newest(Number.MAX_SAFE_INTEGER) : null
      if (base === null) return
      this.log.restart(base)
      this.#follower.rebased(base.seq)
      this.#onBase(base)
    } catch (error) {
      this.#onTrouble(error)
    }
  }

  async #loadEntries(): Promise<void> {
    await this.#loadBase()
    await this.#kept.read(this.log.head.seq, (entries: readonly LogEntry[]) => {
      const isWhole = this.#takeKept(entries)
      if (!isWhole) this.#follower.restart()
      return isWhole
    })
  }

  #takeKept(entries: readonly LogEntry[]): boolean {
    this.#isLoading = true
    try {
      return this.#follower.load(entries)
    } finally {
      this.#isLoading = false
    }
  }

  /** What lies before what another tab has read, it is about to keep. */
  #hear(entries: readonly LogEntry[]): void {
    // They would follow upon what is not shown.
    if (this.#isAdrift) return
    this.#follower.offer(entries)
    const isAhead = (entries[0]?.seq ?? 0) > this.log.head.seq + 1
    if (!isAhead || this.#catchingUp !== null) return
    this.#catchingUp = startTimer(CATCH_UP_MS, () => {
      this.#catchingUp = null
      void this.#loadEntries()
    })
  }
}
