/**
 * Pushes on their way to the store. Those that arrive together go together; a later call never overtakes an earlier one, for the store
 * takes them in the order of the calls. Nothing is relayed before it is durable. Rules FR9, LO7; row I3.
 *
 * @module
 */
import type { AppendResult, AppendUnit, Store } from './ports.ts'

/** One unit and what is to be done with its verdict. */
export interface Append {
  readonly unit: AppendUnit
  /** Called once: with the verdict, or `null` when the store could not give one. */
  settle(result: AppendResult | null): void
}

export class AppendQueue {
  readonly #store: Store
  readonly #onFailure: (error: unknown) => void
  /** Called when all verdicts that came in one turn have been settled. */
  readonly #onSettled: () => void
  #waiting: Append[] = []
  #isSettling = false

  constructor(store: Store, onSettled: () => void, onFailure: (error: unknown) => void) {
    this.#store = store
    this.#onSettled = onSettled
    this.#onFailure = onFailure
  }

  /** Hands a unit to the store together with all others that are added before the current microtasks are done. */
  add(append: Append): void {
    this.#waiting.push(append)
    if (this.#waiting.length === 1) void Promise.resolve().then(() => this.#flush())
  }

  async #flush(): Promise<void> {
    const appends = this.#waiting
    this.#waiting = []
    let results: readonly AppendResult[] | null = null
    try {
      results = await this.#store.append(appends.map((append) => append.unit))
    } catch (error) {
      this.#onFailure(error)
    }
    for (let i = 0; i < appends.length; i++) (appends[i] as Append).settle(results?.[i] ?? null)
    this.#planSettled()
  }

  /** Verdicts of one commit reach their calls one after another: what they release is gathered and sent once. */
  #planSettled(): void {
    if (this.#isSettling) return
    this.#isSettling = true
    void Promise.resolve().then(() => {
      this.#isSettling = false
      this.#onSettled()
    })
  }
}
