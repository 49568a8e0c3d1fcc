/**
 * Whether transactions may begin. Closed for as long as another thread needs that nobody writes: SQLite would wait for it in the loop.
 *
 * @module
 */
export class WriteGate {
  readonly #onOpened: () => void
  #waiting: (() => void)[] = []
  #isClosed = false

  /** `onOpened` is called each time it opens, after those who wait have been let in. */
  constructor(onOpened: () => void) {
    this.#onOpened = onOpened
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  close(): void {
    this.#isClosed = true
  }

  open(): void {
    this.#isClosed = false
    for (const enter of this.#waiting.splice(0)) enter()
    this.#onOpened()
  }

  /** Resolves when it opens; `null` when it is open. */
  whenOpen(): Promise<void> | null {
    if (!this.#isClosed) return null
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }
}
