/**
 * That this browser had cleared what the app kept, until the person has read it. The browser tells it once; here it stands over reloads, with the
 * keys.
 *
 * @module
 */
import type { KeyStore } from '@y-sealed/client'

const NAME = 'app/evicted'

export class EvictionNotice {
  readonly #keys: KeyStore
  #isDue: boolean

  constructor(keys: KeyStore, isDue: boolean) {
    this.#keys = keys
    this.#isDue = isDue
  }

  /** True until it was read. */
  readonly isDue = (): boolean => this.#isDue

  async noteRead(): Promise<void> {
    this.#isDue = false
    await this.#keys.delete(NAME)
  }
}

/** `wasEvicted`: since the last visit. */
export async function openEvictionNotice(keys: KeyStore, wasEvicted: boolean): Promise<EvictionNotice> {
  // Where there is no room for it, it is told in this visit alone.
  if (wasEvicted) await keys.set(NAME, Uint8Array.of(1)).catch(() => undefined)
  return new EvictionNotice(keys, wasEvicted || (await keys.get(NAME)) !== null)
}
