/**
 * The relay's head key as this device has come to know it. It changes only by the old key's word. Rule LO5.
 *
 * @module
 */
import { isSuccessor, type Bytes, type HeadKeyStatement } from '@y-sealed/protocol'
import type { KeyStore } from '../keys/key-store.ts'

/** Trust on first use, then pinned; persisted where a KeyStore and name are given. */
export class HeadKeyPin {
  #key: Bytes | null
  readonly #keys: KeyStore | undefined
  readonly #name: string
  #loaded: Promise<void> | null = null

  /** `known` is a key learnt elsewhere (an invitation link). `name` tells relays apart in one KeyStore. */
  constructor(options: { readonly known?: Bytes; readonly keys?: KeyStore; readonly name?: string } = {}) {
    this.#key = options.known ?? null
    this.#keys = options.keys
    this.#name = `head-key/${options.name ?? 'relay'}`
  }

  /** 32 bytes, or `null` before a relay has shown one. */
  get key(): Bytes | null {
    return this.#key
  }

  /** False when `key` is neither the pinned one nor led to from it by statements of the keys between. */
  async accept(key: Bytes, statements: readonly HeadKeyStatement[]): Promise<boolean> {
    await (this.#loaded ??= this.#load())
    if (this.#key !== null && !isSuccessor(this.#key, key, statements)) return false
    this.#key = key.slice()
    await this.#keys?.set(this.#name, this.#key)
    return true
  }

  async #load(): Promise<void> {
    if (this.#key === null) this.#key = (await this.#keys?.get(this.#name)) ?? null
  }
}
