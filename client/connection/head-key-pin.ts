/**
 * The relay's head key as this device has come to know it. It is pinned once a head that it has signed was shown: what WELCOME alone says may have
 * been spoilt on its way. From then on it changes only by the old key's word. Rule LO5.
 *
 * @module
 */
import {
  equalBytes,
  isSuccessor,
  verifySignedHead,
  type Bytes,
  type HeadKeyStatement,
  type SignedHead,
} from '@y-sealed/protocol'
import type { KeyStore } from '../keys/key-store.ts'

/** Trust on first use, then pinned; persisted where a KeyStore and name are given. */
export class HeadKeyPin {
  #key: Bytes | null
  #isPinned: boolean
  readonly #keys: KeyStore | undefined
  readonly #name: string
  #loaded: Promise<void> | null = null

  /** `known` is a key learnt elsewhere (an invitation link). `name` tells relays apart in one KeyStore. */
  constructor(options: { readonly known?: Bytes; readonly keys?: KeyStore; readonly name?: string } = {}) {
    this.#key = options.known ?? null
    this.#isPinned = options.known !== undefined
    this.#keys = options.keys
    this.#name = `head-key/${options.name ?? 'relay'}`
  }

  /** 32 bytes, pinned or as WELCOME has said; `null` before a relay has shown one, and for one that has not signed what came with it. */
  get key(): Bytes | null {
    return this.#key
  }

  /** The key that is pinned, in this run or an earlier one; `null` before. */
  async pinned(): Promise<Bytes | null> {
    await this.#load()
    return this.#isPinned ? this.#key : null
  }

  /** Pins a key learnt elsewhere, where none is pinned. */
  async pin(key: Bytes): Promise<void> {
    if ((await this.pinned()) === null) await this.#keep(key)
  }

  /** What WELCOME says. False when `key` is neither the pinned one nor led to from it by statements of the keys between. */
  async accept(key: Bytes, statements: readonly HeadKeyStatement[]): Promise<boolean> {
    await this.#load()
    if (!this.#isPinned || this.#key === null) this.#key = key.slice()
    else if (!isSuccessor(this.#key, key, statements)) return false
    else if (!equalBytes(this.#key, key)) await this.#keep(key)
    return true
  }

  /**
   * A head of a document (16 bytes) that the relay shows. While no key is pinned, the one of WELCOME is by its own signature; where that is none,
   * nothing is known of the relay's key any more, before this returns.
   */
  async witness(document: Bytes, head: SignedHead): Promise<void> {
    const key = this.#key
    if (this.#isPinned || key === null) return
    if (verifySignedHead(document, head, key)) await this.#keep(key)
    else this.#key = null
  }

  async #keep(key: Bytes): Promise<void> {
    this.#isPinned = true
    this.#key = key.slice()
    await this.#keys?.set(this.#name, this.#key)
  }

  #load(): Promise<void> {
    this.#loaded ??= this.#read().catch((error: unknown) => {
      this.#loaded = null
      throw error
    })
    return this.#loaded
  }

  async #read(): Promise<void> {
    const stored = this.#isPinned ? null : ((await this.#keys?.get(this.#name)) ?? null)
    // A link may have brought one meanwhile.
    if (stored === null || this.#isPinned) return
    this.#key = stored
    this.#isPinned = true
  }
}
