/**
 * Whether this browser keeps what the app gives it: for good, until it wants the room, or not at all.
 *
 * @module
 */
import { persistStorage, readStorageStanding, type SealedDocuments, type StorageState } from '@y-sealed/client'

export class Keeping {
  readonly #listeners = new Set<() => void>()
  #state: StorageState
  #told: Pick<SealedDocuments, 'setStorage'> | null = null

  constructor(state: StorageState) {
    this.#state = state
  }

  readonly read = (): StorageState => this.#state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Lets the status of these documents say it, in place of those before. */
  tell(documents: Pick<SealedDocuments, 'setStorage'>): void {
    this.#told = documents
    documents.setStorage(this.#state)
  }

  /** Asks the browser not to clear it, which some hand on to the person: once there is something worth it. */
  async ask(): Promise<void> {
    if (this.#state !== 'evictable') return
    const { persisted } = await persistStorage()
    if (!persisted) return
    this.#state = 'kept'
    this.#told?.setStorage(this.#state)
    for (const listener of this.#listeners) listener()
  }
}

/** How it stands, without asking for anything. */
export async function lookAtKeeping(): Promise<Keeping> {
  const { persisted } = await readStorageStanding()
  return new Keeping(persisted ? 'kept' : 'evictable')
}
