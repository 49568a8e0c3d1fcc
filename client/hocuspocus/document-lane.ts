/**
 * One provider's document on a socket of Hocuspocus: authentication, the first sync, and the status of each edit. Rules CL60–CL62, CL65, CL66.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { readVarUint, readVarUint8Array, type Decoder } from 'lib0/decoding'
import type { AdaptedDocument } from '../adapter/adapted-document.ts'
import { closeOf } from '../adapter/close-code.ts'
import type { LastingDocument, Visitor } from '../adapter/lasting-document.ts'
import { encodeAwareness, encodeEmptySync, encodeStep1, SYNC } from '../adapter/peer-message.ts'
import type { DownReason } from '../connection/channel.ts'
import {
  DOCUMENT_MESSAGE,
  encodeAuthenticated,
  encodeClose,
  encodePermissionDenied,
  encodeSyncStatus,
  encodeTokenRequest,
  readToken,
  type Scope,
} from './document-message.ts'
import type { ProviderToken } from './provider-token.ts'

export interface DocumentLaneOptions {
  readonly lasting: LastingDocument
  readonly token: ProviderToken
  /** To the provider, in the frame of its document. */
  readonly deliver: (message: Bytes) => void
  readonly onOpened: () => void
  /** It is not open now, and will be again. */
  readonly onLost: (reason: DownReason) => void
  /** It is closed for good, and there is no provider to tell. */
  readonly onUnasked: () => void
  readonly onRefused: (message: string) => void
  readonly beat: () => void
}

const OTHER_DOC = "y-sealed: `doc` is not the provider's document: give both the same Y.Doc"

export class DocumentLane implements Visitor {
  readonly #options: DocumentLaneOptions
  #document: AdaptedDocument | null = null
  /** The provider has shown itself, with or without a token. */
  #isAsked = false
  #isOver = false
  /** What the provider has been told that it may do; `null` before it was let in. */
  #scope: Scope | null = null
  /** What it said before it was let in. */
  #waiting: (() => void)[] = []
  /** Edits that it counts, each by what has to be saved for it. */
  #tickets: number[] = []

  /** {@link enter} begins it. */
  constructor(options: DocumentLaneOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#document !== null
  }

  /** Nothing comes any more; a provider that tries again gets another lane. */
  get isOver(): boolean {
    return this.#isOver
  }

  enter(): void {
    const { deliver, lasting, token } = this.#options
    lasting.enter(this)
    // Last: whoever was here before takes its own question with it.
    token.askWith(() => {
      if (this.#isAsked) deliver(encodeTokenRequest())
    })
  }

  leave(): void {
    this.#isOver = true
    this.#document = null
    this.#options.token.askWith(null)
    this.#options.lasting.leave(this)
  }

  /** The set-up does not allow it. */
  refuse(message: string): void {
    this.#options.onRefused(message)
    this.#options.deliver(encodePermissionDenied(message))
    this.leave()
  }

  /** A message of the provider's. */
  receive(kind: number, body: Decoder): void {
    if (this.#isOver) return
    switch (kind) {
      case DOCUMENT_MESSAGE.auth:
        return this.#authenticate(readToken(body) ?? '')
      case DOCUMENT_MESSAGE.sync:
        return this.#takeSync(readVarUint(body))
      case DOCUMENT_MESSAGE.awareness: {
        const update = readVarUint8Array(body)
        return this.#whenLetIn((document) => document.takePresence(update))
      }
      case DOCUMENT_MESSAGE.queryAwareness:
        return this.#whenLetIn((document) => this.#options.deliver(encodeAwareness(document.othersPresence())))
      case DOCUMENT_MESSAGE.close:
        return this.leave()
      default:
        return
    }
  }

  opened(document: AdaptedDocument): void {
    this.#document = document
    this.#options.onOpened()
    this.#letIn()
  }

  down(reason: DownReason): void {
    this.#document = null
    if (reason.transient) return this.#options.onLost(reason)
    const { text } = closeOf(reason)
    this.leave()
    // A provider that has not said who it is asks again when it does.
    if (!this.#isAsked) return this.#options.onUnasked()
    this.#options.deliver(this.#scope === null ? encodePermissionDenied(text) : encodeClose(text))
  }

  presence(update: Bytes): void {
    if (this.#scope !== null) this.#options.deliver(encodeAwareness(update))
  }

  changed(document: AdaptedDocument): void {
    if (this.#scope === null || !this.isOpen) return
    this.#tellScope(document)
    this.#tellSaved(document)
  }

  beat(): void {
    this.#options.beat()
  }

  #authenticate(token: string): void {
    this.#isAsked = true
    this.#options.token.take(token)
    if (this.#scope === null) this.#letIn()
  }

  #letIn(): void {
    const document = this.#document
    if (document === null || !this.#isAsked) return
    this.#tellScope(document)
    for (const tell of this.#waiting.splice(0)) tell()
    this.#tellSaved(document)
  }

  #whenLetIn(act: (document: AdaptedDocument) => void): void {
    const document = this.#document
    if (document !== null && this.#scope !== null) act(document)
    else
      this.#waiting.push(() => {
        if (this.#document !== null) act(this.#document)
      })
  }

  #takeSync(kind: number): void {
    switch (kind) {
      case SYNC.step1:
        return this.#whenLetIn((document) => this.#answer(document))
      case SYNC.step2:
        return this.#whenLetIn((document) => this.#takeEdits(document, document.readOnly && document.unsaved > 0))
      case SYNC.update:
        return this.#whenLetIn((document) => this.#takeEdits(document, document.readOnly))
      default:
        return
    }
  }

  /**
   * The provider has begun to count anew, at 1. It has the content by its Y.Doc; that all of it is there is what SyncStep2 says, and its own
   * SyncStep2 stands for all that it has. [CL65]
   */
  #answer(document: AdaptedDocument): void {
    const { deliver } = this.#options
    this.#tickets = []
    if (!document.meet(() => deliver(encodeEmptySync(SYNC.update)))) return this.refuse(OTHER_DOC)
    deliver(encodeEmptySync(SYNC.step2))
    deliver(encodeStep1(document.stateVector()))
    deliver(encodeAwareness(document.othersPresence()))
  }

  /**
   * The edits are taken from the Y.Doc; the provider waits to be told that they are saved. Yjs tells it of an edit before it tells the sealed
   * document: only after this turn is the edit among those that its ticket stands for. [CL65]
   */
  #takeEdits(document: AdaptedDocument, isRefused: boolean): void {
    if (isRefused) return this.#options.deliver(encodeSyncStatus(false))
    const tickets = this.#tickets
    queueMicrotask(() => {
      tickets.push(document.ticket())
      this.changed(document)
    })
  }

  #tellSaved(document: AdaptedDocument): void {
    while (this.#tickets[0] !== undefined && document.isSaved(this.#tickets[0])) {
      this.#tickets.shift()
      this.#options.deliver(encodeSyncStatus(true))
    }
  }

  #tellScope(document: AdaptedDocument): void {
    const scope = document.readOnly ? 'readonly' : 'read-write'
    if (scope === this.#scope) return
    this.#scope = scope
    this.#options.deliver(encodeAuthenticated(scope))
  }
}
