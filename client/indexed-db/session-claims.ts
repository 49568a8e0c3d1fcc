/**
 * Whose the sessions in a shared outbox are: a tab holds a Web Lock for each of its own, which the browser takes back when the tab is gone,
 * however it went. Where there are no Web Locks everybody owns everything.
 *
 * @module
 */
import { bytesToBase64url, type Bytes } from '@y-sealed/protocol'

export class SessionClaims {
  readonly #scope: string
  readonly #locks: LockManager | undefined
  readonly #claimByLock = new Map<string, Promise<boolean>>()
  readonly #releases = new Set<() => void>()
  readonly #released: Promise<unknown>[] = []

  constructor(scope: string, locks: LockManager | undefined) {
    this.#scope = scope
    this.#locks = locks
  }

  /** Makes the session this tab's unless it is another's. True if it is this tab's now. */
  claim(document: Bytes, session: Bytes): Promise<boolean> {
    if (!this.#locks) return Promise.resolve(true)
    const name = this.#nameOf(document, session)
    const known = this.#claimByLock.get(name)
    if (known) return known
    const claim = this.#request(this.#locks, name)
    this.#claimByLock.set(name, claim)
    return claim
  }

  /** Is it this tab's, or asked for? */
  isClaimed(document: Bytes, session: Bytes): boolean {
    return !this.#locks || this.#claimByLock.has(this.#nameOf(document, session))
  }

  /** Gives everything up; resolves when others can claim it. */
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

  #request(locks: LockManager, name: string): Promise<boolean> {
    return new Promise((resolve) => {
      const held = locks.request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null)
        if (lock !== null) return new Promise<void>((release) => this.#releases.add(release))
        // Its owner may be gone the next time.
        this.#claimByLock.delete(name)
        return undefined
      })
      // Where the browser refuses locks it is as where there are none: what is kept matters more than by whom.
      held.catch(() => resolve(true))
      this.#released.push(held)
    })
  }
}
