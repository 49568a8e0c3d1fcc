/**
 * The token that a Hocuspocus provider sends, for the app's own function to exchange: asked for anew when it may have become old. It never
 * reaches the relay. Rule CL66.
 *
 * @module
 */
import type { TokenRequest } from '../connection/channel.ts'
import { monotonicClock, startTimer } from '../platform.ts'

/** What the app's function is asked: a token of the relay's for this document and device, in exchange for the provider's. */
export interface ExchangeRequest extends TokenRequest {
  /** What the provider's own `token` gave; '' where it has none. */
  readonly authentication: string
}

/** So long is a provider's token taken for the newest. */
const FRESH_MS = 10_000
/** So long is the provider given to bring another. */
const ANSWER_MS = 5_000

export class ProviderToken {
  #token = ''
  #takenAt = -Infinity
  #ask: (() => void) | null = null
  readonly #waiting = new Set<() => void>()

  /** How to ask the provider; `null` when there is none to ask. */
  askWith(ask: (() => void) | null): void {
    this.#ask = ask
  }

  /** The provider has sent one. */
  take(token: string): void {
    this.#token = token
    this.#takenAt = monotonicClock()
    for (const tell of Array.from(this.#waiting)) tell()
  }

  /** The newest; an older one where the provider does not answer. */
  async newest(): Promise<string> {
    if (this.#ask !== null && monotonicClock() - this.#takenAt > FRESH_MS) await this.#askAgain(this.#ask)
    return this.#token
  }

  #askAgain(ask: () => void): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        cancel()
        this.#waiting.delete(settle)
        resolve()
      }
      const cancel = startTimer(ANSWER_MS, settle)
      this.#waiting.add(settle)
      ask()
    })
  }
}
