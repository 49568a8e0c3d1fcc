/**
 * One document's log in this device's DocumentStore: read when the document is opened, and continued as entries are taken. What cannot be
 * written waits in memory and is tried again. Rules LO6, CL13.
 *
 * @module
 */
import { readWholeEnvelope, SyncError, type Bytes, type SignedHead } from '@y-sealed/protocol'
import { startTimer, type Cancel } from '../platform.ts'
import type { LogEntry } from './document-log.ts'
import { isOfHistory, type DocumentStore, type StoredEntry, type StoredSnapshot } from '../stores/document-store.ts'

/** Read at a time: what the document shows grows by so much. */
const PAGE_BYTES = 1_048_576
/** What comes within this time is written together: all of it is at the relay, so that nothing but a READ is lost with it. */
const GATHER_MS = 100
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000
/** More than this does not wait for a store that cannot be written: the next opening asks the relay for it. */
const MAX_WAITING_BYTES = 67_108_864

export interface KeptLogOptions {
  readonly store: DocumentStore
  /** 16 bytes. */
  readonly documentId: Bytes
  /** It could not be read or written; told once until it can be again. */
  readonly onTrouble: (error: unknown) => void
  /** Another tab has kept another entry at a place; `head` is the newest that it was shown. */
  readonly onConflict: (head: SignedHead | null) => void
  /** Another tab has wiped what was kept: nothing more is until {@link KeptLog.beginAnew}. */
  readonly onWiped: () => void
}

export class KeptLog {
  readonly #options: KeptLogOptions
  /** To be kept, in order. */
  #waiting: StoredEntry[] = []
  #waitingBytes = 0
  #head: SignedHead | null = null
  /** All up to this one is kept, or waits to be. */
  #takenSeq = 0
  /** The last that the store had by this tab's doing or reading: by it the history is known that this one has kept. */
  #last: StoredEntry | null = null
  #writing: Promise<void> | null = null
  #timer: Cancel | null = null
  #retryMs = FIRST_RETRY_MS
  /** Seq of the newest head that is kept. */
  #writtenHead = 0
  #isClosing = false
  #isOver = false
  /** The store is closed. */
  #isGone = false
  #isTold = false
  /** What was being written before is lost whatever became of it. */
  #beginnings = 0
  /** Who waits until what was given up to a seq is kept. */
  readonly #onKept = new Set<{ readonly seq: number; readonly resolve: () => void }>()

  constructor(options: KeptLogOptions) {
    this.#options = options
  }

  /** The newest head, signed by the relay, that an earlier run or another tab has kept. */
  async recallHead(): Promise<SignedHead | null> {
    const { store, documentId } = this.#options
    const extent = await this.#ask(() => store.extent(documentId))
    return extent?.head ?? null
  }

  /** The member records that are kept, wherever they stand. */
  async readRecords(): Promise<readonly LogEntry[]> {
    const { store, documentId } = this.#options
    return decodeRun((await this.#ask(() => store.records(documentId))) ?? [])
  }

  /**
   * Gives the entries after `afterSeq` to `take`, page by page, as far as they are whole. What is damaged, and what `take` refuses, is cut off
   * with all behind it: it is to be read anew.
   */
  async read(afterSeq: number, take: (entries: readonly LogEntry[]) => boolean): Promise<void> {
    const { store, documentId } = this.#options
    let isSuspect = false
    for (let last = afterSeq; ;) {
      const page = await this.#ask(() => store.read(documentId, last + 1, PAGE_BYTES))
      if (page === null) return
      const whole = decodeRun(page).filter(({ seq }, index) => seq === last + 1 + index)
      last += whole.length
      this.#takenSeq = Math.max(this.#takenSeq, last)
      if (whole.length > 0 && !take(whole)) return await this.cut(0)
      this.#noteLast(whole)
      if (whole.length > 0 && whole.length === page.length) continue
      const extent = await this.#ask(() => store.extent(documentId))
      if (extent === null || extent.lastSeq <= last) return
      // Another tab may have kept more just now. If it is not that, nothing whole comes of another look either.
      if (isSuspect && whole.length === 0) return await this.cut(last)
      isSuspect = true
    }
  }

  /** The log begins behind a snapshot: what was kept of it before is not needed any more, but `records`. */
  begin(snapshot: StoredSnapshot, records: readonly StoredEntry[]): void {
    this.#waiting = []
    this.#waitingBytes = 0
    this.#takenSeq = snapshot.seq
    this.#last = null
    const { store, documentId } = this.#options
    const before = this.#writing ?? Promise.resolve()
    // From now on this is what is being written; what was, concerns nobody any more.
    this.#writing = before
      .then(() => store.putSnapshot(documentId, snapshot, records))
      .then(
        () => this.#wrote(0),
        (error: unknown) => {
          this.#writing = null
          this.#tell(error)
          this.#giveUp()
        },
      )
  }

  /** Keeps entries that were verified and follow those kept. */
  keep(entries: readonly LogEntry[]): void {
    for (const { seq, envelope } of entries) {
      if (this.#isOver || seq !== this.#takenSeq + 1) continue
      this.#takenSeq = seq
      this.#waiting.push({ seq, envelope: envelope.bytes })
      this.#waitingBytes += envelope.bytes.length
    }
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#giveUp()
    this.#writeSoon()
  }

  /** Keeps a head that the relay has signed and that fits. */
  keepHead(head: SignedHead): void {
    if (head.seq <= (this.#head?.seq ?? 0)) return
    this.#head = head
    this.#writeSoon()
  }

  /** Forgets what is kept after a place, and what waits to be: other entries follow there. */
  async cut(afterSeq: number): Promise<void> {
    this.#waiting = this.#waiting.filter(({ seq }) => seq <= afterSeq)
    this.#waitingBytes = this.#waiting.reduce((bytes, { envelope }) => bytes + envelope.length, 0)
    this.#takenSeq = Math.min(this.#takenSeq, afterSeq)
    const { store, documentId } = this.#options
    await this.#ask(() => store.cut(documentId, afterSeq))
    if ((this.#last?.seq ?? 0) > afterSeq) this.#last = null
  }

  /** False where another tab has forgotten what this one has kept, or keeps another history in its place. */
  async holdsOwn(): Promise<boolean> {
    const { store, documentId } = this.#options
    const last = this.#last
    const [kept] = last === null ? [] : ((await this.#ask(() => store.read(documentId, last.seq, 1))) ?? [])
    return isOfHistory(last ?? undefined, kept?.envelope)
  }

  /**
   * Forgets everything, the newest head too: that history was given up. Not what another tab has kept by now of the one that goes on: it was faster
   * to follow it. [CL16]
   */
  async wipe(): Promise<void> {
    const last = this.#last
    this.#last = null
    this.#waiting = []
    this.#waitingBytes = 0
    this.#takenSeq = 0
    this.#head = null
    // What another tab had kept in its place is given up with it.
    this.#isOver = this.#isGone
    const { store, documentId } = this.#options
    await this.#ask(() => (last === null ? store.delete(documentId) : store.delete(documentId, last)))
  }

  /** The storage was thrown away, or what was kept there: what is taken from the log's start on is kept anew. */
  beginAnew(): void {
    this.#beginnings += 1
    this.#waiting = []
    this.#waitingBytes = 0
    this.#takenSeq = 0
    this.#last = null
    this.#writtenHead = 0
    this.#isOver = false
    this.#release()
    if (this.#head !== null) this.#writeSoon()
  }

  #noteLast(run: readonly LogEntry[]): void {
    const last = run.at(-1)
    if (last !== undefined) this.#last = { seq: last.seq, envelope: last.envelope.bytes }
  }

  /** Resolves when all that was given so far is kept, or never will be. */
  whenKept(): Promise<void> {
    if (this.#isOver || (this.#waiting.length === 0 && this.#writing === null)) return Promise.resolve()
    // Others may come without pause: they are not waited for.
    return new Promise((resolve) => this.#onKept.add({ seq: this.#takenSeq, resolve }))
  }

  /** What waits is written now, and after it what is being written already. */
  close(): void {
    this.#isClosing = true
    if (this.#timer !== null) this.#write()
  }

  #writeSoon(): void {
    if (this.#isOver || this.#writing !== null || this.#timer !== null) return
    this.#timer = startTimer(GATHER_MS, () => this.#write())
  }

  #write(): void {
    this.#timer?.()
    this.#timer = null
    if (this.#isOver || this.#writing !== null) return
    const entries = this.#waiting
    const head = this.#head
    this.#waiting = []
    this.#waitingBytes = 0
    const { store, documentId } = this.#options
    const beginnings = this.#beginnings
    const isLost = (): boolean => beginnings !== this.#beginnings
    const writing = store.append(documentId, entries, ...(head === null ? [] : [head])).then(
      () => {
        if (this.#writing !== writing) return
        if (!isLost()) this.#last = entries.at(-1) ?? this.#last
        this.#wrote(isLost() ? 0 : (head?.seq ?? 0))
      },
      (error: unknown) => {
        if (this.#writing !== writing) return
        if (isLost()) this.#wrote(0)
        else this.#failed(error, entries)
      },
    )
    this.#writing = writing
  }

  #wrote(headSeq: number): void {
    this.#writing = null
    this.#retryMs = FIRST_RETRY_MS
    this.#isTold = false
    this.#writtenHead = Math.max(this.#writtenHead, headSeq)
    // A head is nobody's edit: for it alone nobody waits.
    this.#release((this.#waiting[0]?.seq ?? Infinity) - 1)
    const isBehind = this.#waiting.length > 0 || (this.#head?.seq ?? 0) > this.#writtenHead
    if (isBehind && this.#isClosing) this.#write()
    else if (isBehind) this.#writeSoon()
  }

  #failed(error: unknown, entries: readonly StoredEntry[]): void {
    this.#writing = null
    const code = error instanceof SyncError ? error.code : null
    this.#isGone ||= code === 'STORAGE_CLOSED'
    if (this.#isGone) return this.#giveUp()
    if (code === 'FORK' || code === 'LOG_GAP') return void this.#conflict(error, code)
    this.#tell(error)
    if (this.#isOver) return
    this.#waiting = [...entries, ...this.#waiting]
    this.#waitingBytes = this.#waiting.reduce((bytes, { envelope }) => bytes + envelope.length, 0)
    this.#timer = startTimer(this.#retryMs, () => this.#write())
    this.#retryMs = Math.min(LONGEST_RETRY_MS, 2 * this.#retryMs)
  }

  /** Another tab was shown another log, or has wiped what was kept: nothing of it is overwritten. */
  async #conflict(error: unknown, code: 'FORK' | 'LOG_GAP'): Promise<void> {
    this.#giveUp()
    this.#tell(error)
    if (code === 'FORK') this.#options.onConflict(await this.recallHead())
    else this.#options.onWiped()
  }

  #giveUp(): void {
    this.#isOver = true
    this.#waiting = []
    this.#waitingBytes = 0
    this.#release()
  }

  /** What was given up to `seq` is kept, or never will be. */
  #release(seq = Infinity): void {
    for (const waiting of this.#onKept) {
      if (waiting.seq > seq) continue
      this.#onKept.delete(waiting)
      waiting.resolve()
    }
  }

  /** A store that cannot be read is as an empty one: the relay has everything. */
  async #ask<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      this.#tell(error)
      return null
    }
  }

  #tell(error: unknown): void {
    if (this.#isTold) return
    this.#isTold = true
    this.#options.onTrouble(error)
  }
}

/** As far as they are envelopes. */
function decodeRun(entries: readonly StoredEntry[]): readonly LogEntry[] {
  const run: LogEntry[] = []
  for (const { seq, envelope: bytes } of entries) {
    const envelope = readWholeEnvelope(bytes)
    if (envelope === null) return run
    run.push({ seq, envelope })
  }
  return run
}
