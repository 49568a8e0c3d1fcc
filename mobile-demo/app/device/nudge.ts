/**
 * Whether this person was told that a lost phone takes its notes along, and has done something about it. Kept with the keys.
 *
 * @module
 */
import type { KeyStore } from '@y-sealed/client'

const NAME = 'app/recovery-told'

export async function isRecoveryTold(keys: KeyStore): Promise<boolean> {
  return (await keys.get(NAME)) !== null
}

export async function noteRecoveryTold(keys: KeyStore): Promise<void> {
  await keys.set(NAME, Uint8Array.of(1))
}
