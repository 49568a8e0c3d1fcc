/**
 * What the app runs in where that is no browser: a native shell says so before the app starts.
 *
 * @module
 */
import type { DeviceStorage, SealedDocuments } from '@y-sealed/client'

export interface Shell {
  /** The relay, `wss://…`: the shell's pages are not the relay's own. */
  readonly relay: string
  /** The app's address for links that others open. */
  readonly appAddress: string
  /** Opens what the phone keeps, or begins anew. */
  openStorage(): Promise<DeviceStorage>
  /** Forgets all that the phone keeps. */
  wipe(): Promise<void>
  /** These are the documents from now on. */
  opened(documents: SealedDocuments): void
}

let current: Shell | null = null

/** To be called once, before the app starts. */
export function runInShell(shell: Shell): void {
  current = shell
}

/** `null` in a browser. */
export function currentShell(): Shell | null {
  return current
}
