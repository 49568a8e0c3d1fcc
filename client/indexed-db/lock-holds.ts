/**
 * Tabs tell what goes on in them by Web Locks, which several may have at once and the browser takes back when a tab is gone. Where there are none,
 * nobody can tell: to ask by BroadcastChannel would take a suspended tab for gone.
 *
 * @module
 */
import type { TabHolds } from '../stores/tab-holds.ts'

export class LockHolds implements TabHolds {
  readonly #scope: string
  readonly #locks: LockManager | null
  readonly #releases = new Set<() => void>()

  /** `scope`: the storage's name. */
  constructor(scope: string, locks: LockManager | null) {
    this.#scope = scope
    this.#locks = locks
  }

  async hold(name: string): Promise<() => void> {
    const locks = this.#locks
    if (locks === null) return () => undefined
    let release = (): void => undefined
    const over = new Promise<void>((resolve) => (release = resolve))
    this.#releases.add(release)
    await new Promise<void>((resolve) => {
      const held = locks.request(this.#nameOf(name), { mode: 'shared' }, () => {
        resolve()
        return over
      })
      // They worked when the storage was opened. What goes on goes on without the others' knowing.
      held.catch(() => resolve())
    })
    return () => {
      this.#releases.delete(release)
      release()
    }
  }

  async isHeld(name: string): Promise<boolean> {
    try {
      const { held = [] } = (await this.#locks?.query()) ?? {}
      return held.some((lock) => lock.name === this.#nameOf(name))
    } catch {
      return false
    }
  }

  /** Nothing goes on in this tab any more. */
  close(): void {
    for (const release of this.#releases) release()
    this.#releases.clear()
  }

  #nameOf(name: string): string {
    return `y-sealed/holds/${this.#scope}/${name}`
  }
}
