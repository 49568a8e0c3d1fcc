/**
 * One document on a shared connection: whether a socket has it open, by what the relay says of that, and when it is asked for again. It sends
 * nothing itself. Rules FR21, AU7.
 *
 * @module
 */
import { CLIENT_FRAME, REFUSALS } from '@y-sealed/protocol'
import { startTimer, type Cancel } from '../platform.ts'
import type { Channel, DocumentFrame } from './channel.ts'

/** `late`: it is of the opening before, and nobody's concern. `token-refused`: it is, or ends, an opening for want of a good token. */
export type Hearing = 'heard' | 'late' | 'token-refused'

const TOKEN_REFUSED = REFUSALS.TOKEN_REFUSED.number

export class Attachment {
  readonly channel: Channel
  #isOpen = false
  #isOpening = false
  #isDenied = false
  #hasRetriedToken = false
  #refreshTimer: Cancel | null = null
  #retryTimer: Cancel | null = null

  constructor(channel: Channel) {
    this.channel = channel
  }

  /** OPENED has come on this socket. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** A token for OPEN is asked for, or OPEN is not answered: a second would cross it. */
  get isOpening(): boolean {
    return this.#isOpening
  }

  /** The issuer will give no token: not dialled for any more. */
  get isDenied(): boolean {
    return this.#isDenied
  }

  /** A token for OPEN is asked for now. */
  opening(): void {
    this.#isOpen = false
    this.#isOpening = true
  }

  /** There is none; for good where the issuer says so. */
  tokenFailed(isDenied: boolean): void {
    this.#isDenied = isDenied
    this.#isOpening = false
  }

  /** What a frame of the relay's, which names this document, says of its being open. */
  hear(frame: DocumentFrame): Hearing {
    switch (frame.type) {
      case 'opened':
        this.#isOpen = true
        this.#isOpening = false
        this.#hasRetriedToken = false
        return 'heard'
      case 'entries':
      case 'read-done':
        // What is asked for now was asked without them, and brings them again: an answer without its entries would say that there are none.
        return this.#isOpen ? 'heard' : 'late'
      case 'closed':
        this.#isOpen = false
        return frame.code === TOKEN_REFUSED ? 'token-refused' : 'heard'
      case 'nack':
        if (frame.refused !== CLIENT_FRAME.open) return 'heard'
        this.#isOpening = false
        return frame.code === TOKEN_REFUSED ? 'token-refused' : 'heard'
      default:
        return 'heard'
    }
  }

  /** True once between two OPENED: a refused token may have expired on its way, the next refusal is final. */
  retryToken(): boolean {
    if (this.#hasRetriedToken) return false
    this.#hasRetriedToken = true
    return true
  }

  /** Another token is asked for after so long, unless it closes before. */
  refreshAfter(delayMs: number, refresh: () => void): void {
    this.#refreshTimer?.()
    this.#refreshTimer = startTimer(delayMs, refresh)
  }

  /** It is opened after so long, unless it closes before. */
  openAfter(delayMs: number, open: () => void): void {
    this.#retryTimer?.()
    this.#retryTimer = startTimer(delayMs, open)
  }

  /** The socket is gone, or the document has left it. */
  closed(): void {
    this.#isOpen = false
    this.#isOpening = false
    this.#refreshTimer?.()
    this.#retryTimer?.()
  }
}
