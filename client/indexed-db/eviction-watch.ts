/**
 * Notices that the browser has thrown the database away under a running page: a connection that had to be opened again finds another wrapping
 * key, or none. What the app itself deletes (`wipeBrowserStorage`) is told too, and not written anew. Rule CL13.
 *
 * @module
 */
import { equalBytes, SyncError, type Bytes } from '@y-sealed/protocol'
import type { Database } from './database.ts'
import { WRAPPING_ROW } from './wrapping-key.ts'

/** Hears of it. `rewritten` resolves when the keys that this page knows are stored again, and rejects when they cannot be. */
export type EvictionListener = (rewritten: Promise<void>) => void

export interface EvictionWatchOptions {
  /** Of the wrapping key that was there at opening. */
  readonly id: Bytes
  /** The app has deleted everything, also where this page was not told. */
  readonly isWiped: () => boolean
  /** Stores again what this page knows of the keys. */
  readonly rewrite: () => Promise<void>
  /** The app has deleted everything: this page is to know nothing more of the keys. */
  readonly forget: () => void
}

export class EvictionWatch {
  readonly #database: Database
  readonly #options: EvictionWatchOptions
  readonly #listeners = new Set<EvictionListener>()
  /** By which the database is known; `null` after it was wiped, until there is one again. */
  #id: Bytes | null
  #looking: Promise<void> | null = null

  constructor(database: Database, options: EvictionWatchOptions) {
    this.#database = database
    this.#options = options
    this.#id = options.id
    database.onReopened = () => void this.look().catch(() => undefined)
    database.onWiped = () => this.#wiped()
  }

  add(listener: EvictionListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when it is known whether the database is still the one that it was, and what had to be is written anew. */
  look(): Promise<void> {
    this.#looking ??= this.#compare().finally(() => (this.#looking = null))
    return this.#looking
  }

  /** A key is stored: after a wipe, that of another database. */
  stored(): void {
    if (this.#id === null) this.look().catch(() => undefined)
  }

  /** On purpose: what this page knows is not to be stored again, and is kept nowhere. */
  #wiped(id: Bytes | null = null): void {
    this.#id = id
    this.#options.forget()
    for (const listener of this.#listeners) {
      listener(Promise.reject(new SyncError('STORAGE_UNAVAILABLE', 'the app has deleted what it kept in this browser')))
    }
  }

  async #compare(): Promise<void> {
    const found = await this.#readId()
    this.#id ??= found
    if (this.#id === null || (found !== null && equalBytes(found, this.#id))) return
    if (this.#options.isWiped()) return this.#wiped(found)
    const rewritten = this.#options.rewrite()
    await rewritten.catch(() => undefined)
    this.#id = await this.#readId()
    for (const listener of this.#listeners) listener(rewritten)
  }

  async #readId(): Promise<Bytes | null> {
    const row = await this.#database.read(['wrapping'], (tables) => tables.objectStore('wrapping').get(WRAPPING_ROW))
    return row?.id ?? null
  }
}
