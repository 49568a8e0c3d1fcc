/**
 * Edits that are not sealed yet, written down so that they outlast the run: many in one draft, few drafts at a time, and none once what became
 * of it is stored. Rule CL14.
 *
 * @module
 */
import { SyncError, type Bytes } from '@y-sealed/protocol'
import { randomBytes, SESSION_BYTES, type EpochKey } from '@y-sealed/protocol/sealing'
import { mergeUpdatesV2 } from 'yjs'
import type { Outbox, OutboxItem } from '../outbox/outbox.ts'
import { startTimer, type Cancel } from '../platform.ts'
import type { SendProblem } from '../provider/send-problem.ts'
import { joinTypedClocks } from '../provider/typed-clocks.ts'
import { inspectUpdate } from '../yjs/inspect-update.ts'
import { openDraft, sealDraft, type Draft, type TypedUpdate } from './draft.ts'

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000
/** So many drafts are made one, once the small ones weigh as much as the large one before them: each byte is written a few times. */
const MANY_DRAFTS = 64

export interface DraftBookOptions {
  /** 16 bytes. */
  readonly documentId: Bytes
  readonly outbox: Outbox
  /** `null` while this device holds no key: drafts wait in memory for one. */
  readonly key: () => EpochKey | null
  readonly keyOf: (epoch: number) => EpochKey | null
  readonly onProblem: (problem: SendProblem) => void
  /** {@link DraftBook.isKept} may be true now. */
  readonly onKept: () => void
}

export interface AdoptedEdit extends TypedUpdate {
  readonly session: string
}

/** The session of what this run writes, as {@link DraftBook.release} knows it. */
export const OWN_SESSION = 'own'

/** What {@link DraftBook.adopt} has found. */
export interface AdoptedDrafts {
  /** In order, each with the session by which {@link DraftBook.release} knows it. */
  readonly edits: readonly AdoptedEdit[]
  readonly refused: readonly { readonly draft: Draft; readonly session: Bytes }[]
  /** How many do not open. */
  readonly damaged: number
}

export class DraftBook {
  readonly #options: DraftBookOptions
  #session: Bytes = randomBytes(SESSION_BYTES)
  #counter = 0
  /** To be written. */
  #waiting: TypedUpdate[] = []
  /** Written, as far as they were not given up. */
  #written: TypedUpdate[] = []
  /** Of earlier runs and of tabs that are gone: all drafts of a session up to a counter. */
  #adopted = new Map<string, { readonly session: Bytes; readonly through: number }>()
  #writing: Promise<void> | null = null
  #retry: Cancel | null = null
  #retryMs = FIRST_RETRY_MS
  #isOver = false
  readonly #onKept = new Set<() => void>()

  constructor(options: DraftBookOptions) {
    this.#options = options
  }

  /** Takes over the drafts that an earlier run has left. */
  adopt(items: readonly OutboxItem[]): AdoptedDrafts {
    const edits: AdoptedEdit[] = []
    const refused: { readonly draft: Draft; readonly session: Bytes }[] = []
    let damaged = 0
    for (const item of items) {
      const draft = openDraft(item, this.#options.keyOf)
      if (draft === null) damaged += 1
      else if (draft.refusal !== null) refused.push({ draft, session: item.session })
      else {
        const session = item.session.join()
        edits.push({ ...draft, session })
        this.#adopted.set(session, { session: item.session, through: item.counter })
      }
    }
    return { edits, refused, damaged }
  }

  /** Writes an edit down. */
  keep(edit: TypedUpdate): void {
    this.#waiting.push(edit)
    this.write()
  }

  /** The storage was thrown away: what was written is written once more. */
  writeAnew(): void {
    // What is being written at this moment may be lost as well.
    this.#waiting = [...this.#written.splice(0), ...this.#waiting]
    this.write()
  }

  /** Writes what waits, if there is a key. */
  write(): void {
    const key = this.#options.key()
    if (this.#writing !== null || this.#retry !== null || this.#isOver || this.#waiting.length === 0 || key === null)
      return
    const waiting = this.#waiting
    const isWorthwhile = isWorthMerging(this.#written)
    const whole = mergeDrafts(isWorthwhile ? [...this.#written, ...waiting] : waiting)
    const isMany = isWorthwhile && whole !== null
    // What has a gap no run could show: then one after another.
    const batch = whole === null ? waiting.slice(0, 1) : waiting
    const draft = whole ?? (batch[0] as TypedUpdate)
    const counter = ++this.#counter
    const [written, adopted] = [this.#written, this.#adopted]
    this.#waiting = waiting.slice(batch.length)
    this.#written = isMany ? [draft] : [...written, draft]
    this.#writing = this.#put({ ...draft, refusal: null }, this.#session, counter, key).then(
      () => {
        if (isMany) this.#forget(this.#session, counter - 1)
        this.#wrote()
      },
      (error: unknown) => this.#failed(error, batch, written, adopted),
    )
  }

  /**
   * All that was written or adopted so far is on its way otherwise, but for sessions of which something is `held` back; the result says that this
   * is stored, and the drafts may go. Nothing is lost when it is never called: then they are found again.
   */
  release(held: ReadonlySet<string>): () => void {
    const adopted = [...this.#adopted]
    const gone = adopted.filter(([name]) => !held.has(name)).map(([, drafts]) => drafts)
    if (!held.has(OWN_SESSION)) {
      gone.push({ session: this.#session, through: this.#counter })
      this.#waiting = []
      this.#written = []
    }
    this.#adopted = new Map(adopted.filter(([name]) => held.has(name)))
    if (this.#writing === null) this.#settle()
    return () => {
      for (const { session, through } of gone) this.#forget(session, through)
    }
  }

  /** Writes down, for good, an edit that can never leave. Gives the session by which {@link forgetRefused} knows it. */
  async keepRefused(draft: Draft): Promise<Bytes> {
    const session = randomBytes(SESSION_BYTES)
    const key = this.#options.key()
    if (key === null)
      throw new SyncError('OUTBOX_FAILED', 'there is no key yet under which an edit could be written down')
    await this.#put(draft, session, 1, key)
    return session
  }

  forgetRefused(session: Bytes): void {
    this.#forget(session, 1)
  }

  /** Everything given so far would survive a crash, or is on its way otherwise. */
  get isKept(): boolean {
    return this.#waiting.length === 0 && this.#writing === null
  }

  /** Resolves when {@link isKept} is true. */
  whenKept(): Promise<void> {
    if (this.isKept) return Promise.resolve()
    return new Promise((resolve) => this.#onKept.add(resolve))
  }

  /** Makes no further attempt. */
  close(): void {
    this.write()
    this.#isOver = true
    this.#retry?.()
    this.#retry = null
  }

  #put(draft: Draft, session: Bytes, counter: number, key: EpochKey): Promise<void> {
    const place = { document: this.#options.documentId, session, counter }
    return this.#options.outbox.put({ ...place, envelope: sealDraft(draft, place, key) })
  }

  #wrote(): void {
    this.#writing = null
    this.#retryMs = FIRST_RETRY_MS
    if (this.#waiting.length > 0) return this.write()
    this.#settle()
    this.#options.onKept()
  }

  #failed(error: unknown, batch: readonly TypedUpdate[], written: TypedUpdate[], adopted: unknown): void {
    this.#writing = null
    const code = error instanceof SyncError ? error.code : 'OUTBOX_FAILED'
    // Released in between, they are stored in another form, or about to be.
    const isReleased = adopted !== this.#adopted
    if (code === 'SESSION_TAKEN') return this.#moveOn(isReleased ? [] : [...written, ...batch])
    if (!isReleased) {
      this.#waiting = [...batch, ...this.#waiting]
      this.#written = written
    }
    this.#options.onProblem({ code, message: 'edits could not be written down: they would not survive a restart' })
    if (this.#waiting.length === 0) this.#settle()
    if (this.#isOver || code === 'STORAGE_CLOSED') return
    this.#retry = startTimer(this.#retryMs, () => {
      this.#retry = null
      this.write()
    })
    this.#retryMs = Math.min(LONGEST_RETRY_MS, 2 * this.#retryMs)
  }

  /** Another tab has taken the session over: all of it is written once more, under one that is this tab's. [CL16] */
  #moveOn(drafts: readonly TypedUpdate[]): void {
    this.#session = randomBytes(SESSION_BYTES)
    this.#counter = 0
    this.#written = []
    this.#waiting = [...drafts, ...this.#waiting]
    if (this.#waiting.length > 0) return this.write()
    this.#settle()
    this.#options.onKept()
  }

  #forget(session: Bytes, through: number): void {
    if (through === 0) return
    // What stays is found to be in the log the next time, and goes then.
    this.#options.outbox.remove(this.#options.documentId, session, through).catch(() => undefined)
  }

  #settle(): void {
    const waiting = [...this.#onKept]
    this.#onKept.clear()
    for (const resolve of waiting) resolve()
  }
}

/** One edit with all that they do, made when the newest of them was; `null` where something between them is missing. */
function mergeDrafts(drafts: readonly TypedUpdate[]): TypedUpdate | null {
  const [first] = drafts
  if (drafts.length === 1 && first !== undefined) return first
  const update = mergeUpdatesV2(drafts.map((draft) => draft.update)) as Bytes
  if (!inspectUpdate(update).ok) return null
  return {
    authored: Math.max(...drafts.map(({ authored }) => authored)),
    typed: joinTypedClocks(...drafts.map(({ typed }) => typed)),
    update,
  }
}

function isWorthMerging(written: readonly TypedUpdate[]): boolean {
  const [first, ...others] = written
  if (first === undefined || others.length < MANY_DRAFTS) return false
  return others.reduce((bytes, { update }) => bytes + update.length, 0) >= first.update.length
}
