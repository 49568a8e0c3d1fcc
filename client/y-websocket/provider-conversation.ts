/**
 * What is said on a socket of y-websocket's provider: its protocol on one side, a sealed document on the other. Rules CL60–CL64.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { createDecoder, readVarUint, readVarUint8Array } from 'lib0/decoding'
import type { AdaptedDocument } from '../adapter/adapted-document.ts'
import { closeOf } from '../adapter/close-code.ts'
import type { LastingDocument, Visitor } from '../adapter/lasting-document.ts'
import { encodeAwareness, encodeEmptySync, MESSAGE, SYNC } from '../adapter/peer-message.ts'
import type { Conversation, SocketEnd } from '../adapter/socket-class.ts'
import type { DownReason } from '../connection/channel.ts'
import type { SendProblem } from '../provider/send-problem.ts'
import { BROADCAST_REFUSED, watchBroadcasts } from './broadcast-guard.ts'

export interface ProviderConversationOptions {
  readonly end: SocketEnd
  readonly document: LastingDocument
  /** The channel by which this provider would speak to other tabs. */
  readonly channel: string
  readonly onProblem: ((problem: SendProblem) => void) | undefined
}

const OTHER_DOC =
  "y-sealed: the `doc` of sealedWebSocket is not the provider's: give both the same Y.Doc, and each document a socket class of its own"

export class ProviderConversation implements Conversation {
  readonly #options: ProviderConversationOptions
  readonly #visitor: Visitor
  readonly #stopWatching: () => void
  #document: AdaptedDocument | null = null

  constructor(options: ProviderConversationOptions) {
    this.#options = options
    const { end, document } = options
    this.#visitor = {
      opened: (opened) => {
        this.#document = opened
        end.open()
      },
      down: (reason) => this.#close(reason),
      presence: (update) => end.deliver(encodeAwareness(update)),
      changed: () => undefined,
      // The provider gives up a socket that is silent for 30 s.
      beat: () => end.deliver(encodeAwareness()),
    }
    this.#stopWatching = watchBroadcasts(options.channel, () => this.#refuse(BROADCAST_REFUSED))
    document.enter(this.#visitor)
  }

  receive(message: Bytes): void {
    const document = this.#document
    if (document === null) return
    const decoder = createDecoder(message)
    switch (readVarUint(decoder)) {
      case MESSAGE.sync:
        // Updates were taken from the Y.Doc already; only a question wants an answer.
        if (readVarUint(decoder) === SYNC.step1) this.#answer(document)
        return
      case MESSAGE.awareness:
        return document.takePresence(readVarUint8Array(decoder))
      case MESSAGE.queryAwareness:
        return this.#options.end.deliver(encodeAwareness(document.othersPresence()))
      default:
        return
    }
  }

  closed(): void {
    this.#stopWatching()
    this.#options.document.leave(this.#visitor)
  }

  /** The provider has the document's content by its Y.Doc; that all of it is there is what SyncStep2 says. */
  #answer(document: AdaptedDocument): void {
    const { end } = this.#options
    if (!document.meet(() => end.deliver(encodeEmptySync(SYNC.update)))) return this.#refuse(OTHER_DOC)
    end.deliver(encodeEmptySync(SYNC.step2))
    end.deliver(encodeAwareness(document.othersPresence()))
  }

  #refuse(message: string): void {
    this.#options.onProblem?.({ code: 'SETUP_REFUSED', message })
    this.#close({ transient: false, code: 'SETUP_REFUSED', closeCode: 4400, reason: message })
  }

  #close(reason: DownReason): void {
    this.closed()
    const { code, text } = closeOf(reason)
    this.#options.end.close(code, text)
  }
}
