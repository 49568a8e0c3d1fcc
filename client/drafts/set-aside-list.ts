/**
 * What can never leave, as the app may show and save it, in this run and the next: refused by the relay, or by the rules that every client
 * keeps. Rule CL15.
 *
 * @module
 */
import { bytesToBase64url, type Bytes } from '@y-sealed/protocol'
import { SESSION_BYTES, randomBytes } from '@y-sealed/protocol/sealing'
import { startTimer, type Cancel } from '../platform.ts'
import type { AdoptedDrafts, DraftBook } from './draft-book.ts'

/** Content that nobody else gets. */
export interface SetAsideEdit {
  /** For `dismissSetAside`. */
  readonly id: string
  /** `EDIT_SET_ASIDE`: no client would take it; `TOO_LARGE`; or the relay's refusal, `QUOTA` say. */
  readonly code: string
  readonly at: Date
  /** A Yjs V2 update for an empty document, whose array `set-aside` has it then; or the whole edit, where only a part of a value is left out. */
  readonly content: Bytes
}

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000

interface Kept extends SetAsideEdit {
  /** By which the drafts know it. */
  session: Bytes | null
  isDismissed: boolean
}

export class SetAsideList {
  readonly #drafts: DraftBook
  readonly #onChange: () => void
  readonly #onTrouble: (error: unknown) => void
  readonly #kept: Kept[] = []
  /** Not written down yet. */
  readonly #unwritten = new Set<Kept>()
  readonly #onWritten = new Set<() => void>()
  #retry: Cancel | null = null
  #retryMs = FIRST_RETRY_MS
  #isOver = false

  /** `drafts` writes them down; `onTrouble` hears where that failed. */
  constructor(drafts: DraftBook, onChange: () => void, onTrouble: (error: unknown) => void) {
    this.#drafts = drafts
    this.#onChange = onChange
    this.#onTrouble = onTrouble
  }

  /** Oldest first. */
  get all(): readonly SetAsideEdit[] {
    return this.#kept.map(({ id, code, at, content }) => ({ id, code, at, content }))
  }

  /** What an earlier run has set aside. */
  restore(refused: AdoptedDrafts['refused']): void {
    for (const { draft, session } of refused) {
      const { refusal, authored, update: content } = draft
      const id = bytesToBase64url(session)
      this.#kept.push({ id, code: refusal ?? '', at: new Date(authored), content, session, isDismissed: false })
    }
    if (refused.length > 0) this.#onChange()
  }

  add(code: string, content: Bytes, authored: number): void {
    const id = bytesToBase64url(randomBytes(SESSION_BYTES))
    const kept: Kept = { id, code, at: new Date(authored), content, session: null, isDismissed: false }
    this.#kept.push(kept)
    this.#write(kept)
    this.#onChange()
  }

  /** Resolves when all of it is written down: until then the edit that it was taken from is kept as it was. */
  whenWritten(): Promise<void> {
    if (this.#unwritten.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onWritten.add(resolve))
  }

  /** Makes no further attempt. */
  close(): void {
    this.#isOver = true
    this.#retry?.()
    this.#retry = null
  }

  /** The storage was thrown away: all of it is written down once more. */
  writeAnew(): void {
    for (const kept of this.#kept) this.#write(kept)
  }

  /** The app has saved it, or the person does not want it. */
  dismiss(id: string): void {
    const at = this.#kept.findIndex((kept) => kept.id === id)
    const [kept] = at === -1 ? [] : this.#kept.splice(at, 1)
    if (kept === undefined) return
    kept.isDismissed = true
    this.#written(kept)
    if (kept.session !== null) this.#drafts.forgetRefused(kept.session)
    this.#onChange()
  }

  #write(kept: Kept): void {
    const { code, at, content } = kept
    this.#unwritten.add(kept)
    this.#drafts.keepRefused({ refusal: code, authored: at.getTime(), update: content, typed: [] }).then(
      (session) => {
        kept.session = session
        this.#retryMs = FIRST_RETRY_MS
        if (kept.isDismissed) this.#drafts.forgetRefused(session)
        this.#written(kept)
      },
      (error: unknown) => {
        this.#onTrouble(error)
        this.#writeLater()
      },
    )
  }

  #writeLater(): void {
    if (this.#isOver) return
    this.#retry ??= startTimer(this.#retryMs, () => {
      this.#retry = null
      this.#retryMs = Math.min(LONGEST_RETRY_MS, 2 * this.#retryMs)
      for (const kept of this.#unwritten) this.#write(kept)
    })
  }

  #written(kept: Kept): void {
    this.#unwritten.delete(kept)
    if (this.#unwritten.size > 0) return
    for (const resolve of this.#onWritten) resolve()
    this.#onWritten.clear()
  }
}
