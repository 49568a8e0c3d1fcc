/**
 * What keeps sealed entries from leaving although the document is open: a time to wait, a token to come, or a refusal that stands. Rules
 * FR15, FR20.
 *
 * @module
 */
import { Patience } from '../patience.ts'
import { startTimer, type Cancel } from '../platform.ts'

/** REFRESHED may be the answer to what was asked before a role changed, so that one new token may not be enough. */
const MAX_REFRESHES = 3

export class SendBrake {
  readonly #refresh: () => boolean
  #timer: Cancel | null = null
  #isOn = false
  /** New tokens asked for since the relay last allowed something. */
  #refreshes = 0
  #awaitsToken = false
  #awaitsRestore = false
  readonly #patience = new Patience()

  /** `refresh` asks for a new token; false where that would change nothing. */
  constructor(refresh: () => boolean) {
    this.#refresh = refresh
  }

  get isOn(): boolean {
    return this.#isOn
  }

  /** Until {@link release}. */
  hold(): void {
    this.#isOn = true
  }

  /** For some ms, or until {@link release}; then calls back. Where a time runs already, that one counts. */
  holdFor(ms: number, callback: () => void): void {
    if (this.#timer !== null) return
    this.#isOn = true
    this.#timer = startTimer(ms, callback)
  }

  /** Something is forbidden that the log allows: the token may be older than that. False when it is not, or was renewed often enough. */
  holdForToken(): boolean {
    if (!this.#awaitsToken) {
      if (this.#refreshes === MAX_REFRESHES || !this.#refresh()) return false
      this.#refreshes += 1
      this.#awaitsToken = true
    }
    this.#isOn = true
    return true
  }

  /**
   * Lets `again` happen: at once, or, where the relay goes on refusing and allows nothing in between, after a time that grows; until then
   * nothing leaves.
   */
  repeat(again: () => void): void {
    // It is to happen anyway.
    if (this.#timer !== null) return
    const ms = this.#patience.next()
    if (ms === 0) return again()
    this.holdFor(ms, () => {
      this.release()
      again()
    })
  }

  /** A new token is in force. True when that ends the wait. */
  refreshed(): boolean {
    if (!this.#awaitsToken) return false
    this.#awaitsToken = false
    this.release()
    return true
  }

  /** What keeps it is that the relay lacks something. */
  awaitRestore(): void {
    this.#awaitsRestore = true
  }

  /** It lacks nothing any more. True when that ends the wait. */
  restored(): boolean {
    if (!this.#awaitsRestore) return false
    this.#awaitsRestore = false
    this.release()
    return true
  }

  /** The relay has allowed something. */
  allowed(): void {
    this.#refreshes = 0
    this.#awaitsToken = false
  }

  /** It has stored something: what it refused before was no habit. */
  stored(): void {
    this.allowed()
    this.#patience.renew()
  }

  release(): void {
    this.#timer?.()
    this.#timer = null
    this.#isOn = false
  }
}
