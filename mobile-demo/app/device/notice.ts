/**
 * What this person is told until they have read it, over reloads. Kept with the keys, and read before there is a list: what shows itself later above
 * the notes moves them under a finger.
 *
 * @module
 */
import type { KeyStore } from '@y-sealed/client'

export class Notice {
  readonly #keep: () => Promise<void>
  #isDue: boolean

  /** `keep` remembers that it was read. */
  constructor(isDue: boolean, keep: () => Promise<void>) {
    this.#isDue = isDue
    this.#keep = keep
  }

  /** True until it was read. */
  readonly isDue = (): boolean => this.#isDue

  async noteRead(): Promise<void> {
    this.#isDue = false
    await this.#keep()
  }
}

const RECOVERY_TOLD = 'app/recovery-told'
const EVICTED = 'app/evicted'
const MARK = Uint8Array.of(1)

/** That a lost phone takes its notes along. Due on every new device; read by whoever has done something about it, too. */
export async function openRecoveryNotice(keys: KeyStore): Promise<Notice> {
  const isTold = (await keys.get(RECOVERY_TOLD)) !== null
  return new Notice(!isTold, async () => await keys.set(RECOVERY_TOLD, MARK))
}

/** That this browser had cleared what the app kept: it tells that once, with `wasEvicted`. */
export async function openEvictionNotice(keys: KeyStore, wasEvicted: boolean): Promise<Notice> {
  // Where there is no room for it, it is told in this visit alone.
  if (wasEvicted) await keys.set(EVICTED, MARK).catch(() => undefined)
  const isDue = wasEvicted || (await keys.get(EVICTED)) !== null
  return new Notice(isDue, async () => await keys.delete(EVICTED))
}
