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

/** What was opened for one lease, and is closed once. */
export interface Holding<Opened> {
  readonly opened: Opened
  close(): void
  /** Tells, once, that it has ended by itself: it is opened anew for whoever looks next. */
  onEnd(listener: () => void): void
}

/** Opens what is leased. */
export type Opener<Opened> = () => Holding<Opened> | Promise<Holding<Opened>>

/** So long it stays when nobody looks: from one mount to the next, and from one screen to another. */
const GRACE_MS = 1_000

export class DocumentLease<Opened> {
  readonly #opener: Opener<Opened>
  readonly #listeners = new Set<() => void>()
  #state: DocumentState<Opened> = OPENING
  /** Names the opening that is under way: one that was given up does not count. */
  #attempt = 0
  #isStarted = false
  #holding: Holding<Opened> | null = null
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
    const holding = await this.#opener()
    if (attempt !== this.#attempt) return holding.close()
    this.#holding = holding
    holding.onEnd(() => {
      // Shown to the end: why it ended stands in its own events. The next to look opens it anew.
      if (attempt !== this.#attempt) return
      this.#isStarted = false
      this.#holding = null
    })
    this.#show({ state: 'open', document: holding.opened, error: null })
  }

  #end(): void {
    this.#graceTimer = null
    this.#attempt += 1
    const holding = this.#holding
    this.#isStarted = false
    this.#holding = null
    this.#state = OPENING
    holding?.close()
  }

  #show(state: DocumentState<Opened>): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}

/** One lease for each key of each owner. */
export class Leases<Owner extends object, Opened> {
  readonly #byOwner = new WeakMap<Owner, Map<string, DocumentLease<Opened>>>()

  get(owner: Owner, key: string, opener: Opener<Opened>): DocumentLease<Opened> {
    const leases = this.#byOwner.get(owner) ?? new Map<string, DocumentLease<Opened>>()
    this.#byOwner.set(owner, leases)
    const known = leases.get(key)
    if (known !== undefined) return known
    const lease = new DocumentLease(opener)
    leases.set(key, lease)
    return lease
  }
}
