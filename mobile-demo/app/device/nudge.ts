/**
 * Whether this person was told that a lost phone takes its notes along, and has done something about it. Kept with the keys, and read before there
 * is a list: what shows itself later above the notes moves them under a finger.
 *
 * @module
 */
import type { KeyStore } from '@y-sealed/client'

const NAME = 'app/recovery-told'

export class RecoveryNudge {
  readonly #keys: KeyStore
  #isDue: boolean

  constructor(keys: KeyStore, isDue: boolean) {
    this.#keys = keys
    this.#isDue = isDue
  }

  /** True until it was told. */
  readonly isDue = (): boolean => this.#isDue

  async noteTold(): Promise<void> {
    this.#isDue = false
    await this.#keys.set(NAME, Uint8Array.of(1))
  }
}

export async function openNudge(keys: KeyStore): Promise<RecoveryNudge> {
  return new RecoveryNudge(keys, (await keys.get(NAME)) === null)
}
