/**
 * A provider's {@link SyncStatus} as it may stand beside an editor: the same words, without a word for each key. Rule CL22.
 *
 * Whoever shows a status draws it anew with each that differs, and an edit makes three: under way, kept, acknowledged. In a long note that costs
 * more than the letter itself (React looks through all of the text that has the focus, with every update), and reads as a flicker.
 *
 * @module
 */
import { afterPicture, startTimer, type Cancel } from '../platform.ts'
import type { SyncStatus } from './sync-status.ts'

/** "Saved" is said again once it has been true for so long: no sooner than it is, and not between two keys. */
export const CALM_MS = 250

/** The part of a provider that is followed. */
interface Followed {
  readonly syncStatus: SyncStatus
  on(name: 'syncStatus', listener: () => void): unknown
  off(name: 'syncStatus', listener: () => void): unknown
}

export class CalmStatus {
  readonly #provider: Followed
  readonly #listeners = new Set<() => void>()
  #shown: SyncStatus
  #wait: { readonly isForRelief: boolean; readonly cancel: Cancel } | null = null

  constructor(provider: Followed) {
    this.#provider = provider
    this.#shown = provider.syncStatus
  }

  /** Of `unsaved` and `isKept` it tells what stands in the words that one reads: they count while no relay is there. */
  readonly read = (): SyncStatus => this.#shown

  /** Follows the provider while anybody listens. */
  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) this.#provider.on('syncStatus', this.#look)
    this.#listeners.add(listener)
    this.#look()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      this.#provider.off('syncStatus', this.#look)
      this.#forget()
    }
  }

  readonly #look = (): void => {
    const { syncStatus } = this.#provider
    if (readsAlike(this.#shown, syncStatus)) return this.#forget()
    const isForRelief = isRelief(this.#shown, syncStatus)
    if (this.#wait?.isForRelief === isForRelief) return
    this.#forget()
    // Bad news comes with the picture after the letter's own, which it would delay.
    const cancel = isForRelief ? startTimer(CALM_MS, this.#take) : afterPicture(this.#take)
    this.#wait = { isForRelief, cancel }
  }

  readonly #take = (): void => {
    this.#wait = null
    this.#shown = this.#provider.syncStatus
    for (const listener of this.#listeners) listener()
  }

  #forget(): void {
    this.#wait?.cancel()
    this.#wait = null
  }
}

function readsAlike(one: SyncStatus, other: SyncStatus): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof SyncStatus>
  names.delete('unsaved')
  names.delete('isKept')
  const isAlike = [...names].every((name) => one[name] === other[name])
  if (one.kind !== 'offline' || !isAlike) return isAlike
  return one.isKept === other.isKept && one.unsaved > 0 === other.unsaved > 0
}

/** All is well again, or at least on this device: nothing is lost where that is read a moment later. */
function isRelief(shown: SyncStatus, next: SyncStatus): boolean {
  if (shown.readOnly !== next.readOnly || shown.storage !== next.storage) return false
  if (shown.kind === next.kind) return shown.kind === 'offline' && next.isKept
  return shown.kind === 'syncing' && (next.kind === 'saved' || next.kind === 'view-only')
}
