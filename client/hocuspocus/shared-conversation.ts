/**
 * What is said on a socket of Hocuspocus, by all its documents. Rules CL60, CL63, CL66.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { closeOf } from '../adapter/close-code.ts'
import type { Conversation, SocketEnd } from '../adapter/socket-class.ts'
import type { SendProblem } from '../provider/send-problem.ts'
import type { DocumentLane, DocumentLaneOptions } from './document-lane.ts'
import { decodeDocumentMessage, DOCUMENT_MESSAGE, encodeFor, encodePermissionDenied, PING } from './document-message.ts'

/** What a lane needs of its socket. */
export type LaneSocket = Omit<DocumentLaneOptions, 'lasting' | 'token'>

export interface SharedConversationOptions {
  readonly end: SocketEnd
  /** Documents for which the socket is dialled before any provider has named one. */
  readonly expected: readonly string[]
  /** Throws `TypeError` for a document that may not be had. */
  readonly createLane: (key: string, socket: LaneSocket) => DocumentLane
  readonly onProblem: ((problem: SendProblem) => void) | undefined
}

export class SharedConversation implements Conversation {
  readonly #options: SharedConversationOptions
  readonly #lanesByKey = new Map<string, DocumentLane>()
  /** The provider's queue from the time without a socket follows the first message that it gets. */
  #isFirst = true
  #isFlushing = false

  constructor(options: SharedConversationOptions) {
    this.#options = options
    const { end, expected } = options
    for (const key of expected) this.#laneOf(key)
    // Without a document there is nothing to dial for: providers name theirs once the socket is open.
    if (this.#lanesByKey.size === 0) queueMicrotask(() => end.open())
  }

  receive(message: Bytes): void {
    const decoded = decodeDocumentMessage(message)
    if (decoded === null) return
    const { key, kind, body } = decoded
    // Their edits are in the Y.Doc, and the count to which they belonged is begun anew with SyncStep1. [CL65]
    if (this.#isFlushing && kind === DOCUMENT_MESSAGE.sync) return
    const known = this.#lanesByKey.get(key)
    if (kind !== DOCUMENT_MESSAGE.auth || known?.isOver === false) known?.receive(kind, body)
    else this.#laneOf(key)?.receive(kind, body)
  }

  closed(): void {
    for (const lane of this.#lanesByKey.values()) if (!lane.isOver) lane.leave()
  }

  #laneOf(key: string): DocumentLane | null {
    try {
      const lane = this.#options.createLane(key, this.#socketFor(key))
      this.#lanesByKey.set(key, lane)
      lane.enter()
      return lane
    } catch (error) {
      this.#refuse(key, error instanceof Error ? error.message : 'the document may not be had')
      return null
    }
  }

  #refuse(key: string, message: string): void {
    this.#options.onProblem?.({ code: 'SETUP_REFUSED', message })
    this.#deliver(encodeFor(key, encodePermissionDenied(message)))
  }

  #socketFor(key: string): LaneSocket {
    const { end, onProblem } = this.#options
    return {
      deliver: (message) => this.#deliver(encodeFor(key, message)),
      onOpened: () => end.open(),
      // One document may be without a token while the others go on: it comes back by itself.
      onLost: (reason) => {
        if ([...this.#lanesByKey.values()].some((lane) => lane.isOpen)) return
        this.closed()
        const { code, text } = closeOf(reason)
        end.close(code, text)
      },
      onUnasked: () => end.open(),
      onRefused: (message) => onProblem?.({ code: 'SETUP_REFUSED', message }),
      beat: () => this.#deliver(PING),
    }
  }

  #deliver(message: Bytes): void {
    const { end } = this.#options
    const isFirst = this.#isFirst && end.isOpen
    if (isFirst) this.#isFirst = false
    this.#isFlushing = isFirst
    end.deliver(message)
    this.#isFlushing = false
  }
}
