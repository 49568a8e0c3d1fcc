/**
 * Something that is opened when the first component looks at it and closed a moment after the last one does not: React mounts components
 * twice in StrictMode, and an app that goes from one screen to the next must not reconnect.
 *
 * @module
 */
import { startTimer, type Cancel } from '../platform.ts'

/** How far it is: `opening` and `failed` have nothing to show. */
export type DocumentState<Opened> =
  | { readonly state: 'opening'; readonly document: null; readonly error: null }
  | { readonly state: 'open'; readonly document: Opened; readonly error: null }
  | { readonly state: 'failed'; readonly document: null; readonly error: unknown }

/** What a server renders, and the first frame of everybody. */
export const OPENING: DocumentState<never> = { state: 'opening', document: null, error: null }

/** Opens and closes whatever is leased. */
export interface Opener<Opened> {
  open(): Opened | Promise<Opened>
  close(opened: Opened): void
  /** Tells, once, that it has ended by itself: it is opened anew for whoever looks next. */
  onEnd(opened: Opened, listener: () => void): void
}

/** So long it stays when nobody looks: from one mount to the next, and from one screen to another. */
const GRACE_MS = 1_000

export class DocumentLease<Opened> {
  readonly #opener: Opener<Opened>
  readonly #listeners = new Set<() => void>()
  #state: DocumentState<Opened> = OPENING
  /** Names the opening that is under way: one that was given up does not count. */
  #attempt = 0
  #isStarted = false
  #graceTimer: Cancel | null = null

  constructor(opener: Opener<Opened>) {
    this.#opener = opener
  }

  /** The same object until a listener is called. */
  readonly read = (): DocumentState<Opened> => this.#state

  /** Opens it for the first; what it returns takes the listener away. */
  readonly subscribe = (listener: () => void): (() => void) => {
    // Each call counts for itself, also of one and the same listener.
    const own = (): void => listener()
    this.#listeners.add(own)
    this.#graceTimer?.()
    this.#graceTimer = null
    if (!this.#isStarted) this.#start()
    return () => {
      this.#listeners.delete(own)
      if (this.#listeners.size === 0) this.#graceTimer ??= startTimer(GRACE_MS, () => this.#end())
    }
  }

  #start(): void {
    this.#isStarted = true
    this.#attempt += 1
    const attempt = this.#attempt
    if (this.#state !== OPENING) this.#show(OPENING)
    this.#open(attempt).catch((error: unknown) => {
      if (attempt !== this.#attempt) return
      // Whoever looks next tries again.
      this.#isStarted = false
      this.#show({ state: 'failed', document: null, error })
    })
  }

  async #open(attempt: number): Promise<void> {
    const opened = await this.#opener.open()
    if (attempt !== this.#attempt) return this.#opener.close(opened)
    this.#opener.onEnd(opened, () => {
      // Shown to the end: why it ended stands in its own events. The next to look opens it anew.
      if (attempt === this.#attempt) this.#isStarted = false
    })
    this.#show({ state: 'open', document: opened, error: null })
  }

  #end(): void {
    this.#graceTimer = null
    this.#attempt += 1
    const { document } = this.#state
    const isOpen = this.#isStarted
    this.#isStarted = false
    this.#state = OPENING
    if (isOpen && document !== null) this.#opener.close(document)
  }

  #show(state: DocumentState<Opened>): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}

/** One lease for each key of each owner. */
export class Leases<Owner extends object, Opened> {
  readonly #byOwner = new WeakMap<Owner, Map<string, DocumentLease<Opened>>>()

  get(owner: Owner, key: string, makeOpener: () => Opener<Opened>): DocumentLease<Opened> {
    const leases = this.#byOwner.get(owner) ?? new Map<string, DocumentLease<Opened>>()
    this.#byOwner.set(owner, leases)
    const known = leases.get(key)
    if (known !== undefined) return known
    const lease = new DocumentLease(makeOpener())
    leases.set(key, lease)
    return lease
  }
}
