/**
 * A tab holds a Web Lock for each of its sessions, which the browser takes back when the tab is gone, however it went: nothing need be asked,
 * and nobody can be taken for gone who is not. Rule CL16.
 *
 * @module
 */
import { bytesToBase64url, type Bytes } from '@y-sealed/protocol'
import type { SessionClaims } from './session-claims.ts'

export class LockClaims implements SessionClaims {
  readonly #scope: string
  readonly #locks: LockManager
  readonly #claimByLock = new Map<string, Promise<boolean>>()
  readonly #releases = new Set<() => void>()
  readonly #released: Promise<unknown>[] = []

  constructor(scope: string, locks: LockManager) {
    this.#scope = scope
    this.#locks = locks
  }

  async begin(document: Bytes, session: Bytes): Promise<void> {
    await this.#claim(this.#nameOf(document, session))
  }

  /** What a tab holds, nobody takes. */
  hold(): Promise<void> {
    return Promise.resolve()
  }

  drop(): Promise<void> {
    return Promise.resolve()
  }

  async claim(document: Bytes, sessions: readonly Bytes[], which: 'all' | 'fresh'): Promise<readonly Bytes[]> {
    const own: Bytes[] = []
    for (const session of sessions) {
      const name = this.#nameOf(document, session)
      if (which === 'fresh' && this.#claimByLock.has(name)) continue
      if (await this.#claim(name)) own.push(session)
    }
    return own
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#claimByLock.values())
    this.#claimByLock.clear()
    for (const release of this.#releases) release()
    this.#releases.clear()
    await Promise.allSettled(this.#released)
  }

  #nameOf(document: Bytes, session: Bytes): string {
    return `y-sealed/outbox/${this.#scope}/${bytesToBase64url(document)}/${bytesToBase64url(session)}`
  }

  #claim(name: string): Promise<boolean> {
    const known = this.#claimByLock.get(name)
    if (known) return known
    const claim = this.#request(name)
    this.#claimByLock.set(name, claim)
    return claim
  }

  #request(name: string): Promise<boolean> {
    return new Promise((resolve) => {
      const held = this.#locks.request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null)
        if (lock !== null) return new Promise<void>((release) => this.#releases.add(release))
        // Its owner may be gone the next time.
        this.#claimByLock.delete(name)
        return undefined
      })
      // They worked when the storage was opened. What is kept matters more than by whom.
      held.catch(() => resolve(true))
      this.#released.push(held)
    })
  }
}

/** The browser's locks, if it has any and lets this page have them. */
export async function findLocks(locks: LockManager | undefined): Promise<LockManager | null> {
  if (locks === undefined) return null
  try {
    await locks.request(`y-sealed/probe/${crypto.randomUUID()}`, { ifAvailable: true }, () => undefined)
    return locks
  } catch {
    return null
  }
}
