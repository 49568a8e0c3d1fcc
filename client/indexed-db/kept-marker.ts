/**
 * That something was kept on this device, noted where some browsers do not clear when they clear the database: so that an app can tell a person
 * whose keys and edits are gone from one who is here for the first time. A name and nothing else; missing, it says nothing.
 *
 * @module
 */

const KEPT = '1'
const WIPED = 'wiped'

export class KeptMarker {
  readonly #name: string

  /** `scope`: the storage's name. */
  constructor(scope: string) {
    this.#name = `y-sealed/kept/${scope}`
  }

  get isThere(): boolean {
    return this.#read() === KEPT
  }

  /** All of it was deleted on purpose: also for a tab that was not there to be told. */
  get isWiped(): boolean {
    return this.#read() === WIPED
  }

  /** Something is kept. */
  set(): void {
    this.#ask((storage) => storage.setItem(this.#name, KEPT))
  }

  /** It is about to be deleted on purpose. */
  wipe(): void {
    this.#ask((storage) => storage.setItem(this.#name, WIPED))
  }

  /** There is nothing to say. */
  remove(): void {
    this.#ask((storage) => storage.removeItem(this.#name))
  }

  #read(): string | null {
    return this.#ask((storage) => storage.getItem(this.#name))
  }

  /** Not every page and no worker has such a place, and some browsers throw at whoever looks for it. */
  #ask<T>(work: (storage: Storage) => T): T | null {
    try {
      const storage: Storage | undefined = globalThis.localStorage
      return storage === undefined ? null : work(storage)
    } catch {
      return null
    }
  }
}
