/**
 * A sealed document as sockets of a foreign provider come and go over it: opened with the first, kept through losses of the network, and left
 * when the provider has, once what was written is saved. Rules CL8, CL63.
 *
 * @module
 */
import { SyncError, type Bytes } from '@y-sealed/protocol'
import type { DownReason } from '../connection/channel.ts'
import { monotonicClock, startTimer, type Cancel } from '../platform.ts'
import { downReason } from '../provider/down-reason.ts'
import type { AdaptedDocument, Keeper } from './adapted-document.ts'

/** A provider closed its socket: so long is waited for ACKs of what it has written. */
export const FLUSH_PATIENCE_MS = 5_000
/** Between two looks; and so quickly may a provider come back and find everything as it was. */
const LOOK_MS = 100
/** The network went: so long is a provider given to come back, whatever its own delay. */
export const LOSS_PATIENCE_MS = 60_000

/** One socket's interest in the document. */
export interface Visitor {
  /** History may be fed: see {@link AdaptedDocument.meet}. Told again when it is open after a loss. */
  opened(document: AdaptedDocument): void
  /** Not open now (`transient`), or not any more. */
  down(reason: DownReason): void
  presence(update: Bytes): void
  changed(document: AdaptedDocument): void
  beat(): void
}

/** Somebody else has taken the place of a visitor. */
const TAKEN_OVER = downReason('TAKEN_OVER', 'another socket has this document now')

export class LastingDocument {
  readonly #open: (keeper: Keeper) => Promise<AdaptedDocument>
  readonly #onEnd: () => void
  #document: AdaptedDocument | null = null
  #isOpening = false
  #visitor: Visitor | null = null
  /** It is the network that went, not the provider. */
  #isLost = false
  /** Closed for good. What is typed on is kept, and counted as unsaved. */
  #isOver = false
  #timer: Cancel | null = null

  /** `onEnd`: nobody has it, and nothing is kept of it here. */
  constructor(open: (keeper: Keeper) => Promise<AdaptedDocument>, onEnd: () => void) {
    this.#open = open
    this.#onEnd = onEnd
  }

  /** The network went, and nobody has come back yet. */
  get isLost(): boolean {
    return this.#isLost && this.#visitor === null
  }

  /** Comes in, in place of whoever is there. Tells `visitor` later, never at once. */
  enter(visitor: Visitor): void {
    this.#visitor?.down(TAKEN_OVER)
    // The provider asks once more: it is opened anew, from what was kept.
    if (this.#isOver) this.#drop()
    this.#document?.part(true)
    this.#visitor = visitor
    this.#cancel()
    const document = this.#document
    if (document === null) return this.#start()
    document.connect()
    queueMicrotask(() => {
      if (document.isOpen && this.#document === document && this.#visitor === visitor) visitor.opened(document)
    })
  }

  leave(visitor: Visitor): void {
    if (this.#visitor !== visitor) return
    this.#visitor = null
    this.#cancel()
    this.#document?.part(this.#isLost)
    if (this.#isLost) this.#timer = startTimer(LOSS_PATIENCE_MS, () => this.#end())
    else this.#leaveWhenSaved(monotonicClock() + FLUSH_PATIENCE_MS)
  }

  #start(): void {
    if (this.#isOpening) return
    this.#isOpening = true
    this.#open(this.#createKeeper()).then(
      (document) => this.#opened(document),
      (error: unknown) => {
        this.#isOpening = false
        if (this.#visitor !== null) this.#visitor.down(setupReason(error))
        else if (this.#timer === null) this.#end()
      },
    )
  }

  #opened(document: AdaptedDocument): void {
    this.#isOpening = false
    this.#document = document
    if (this.#visitor !== null) document.connect()
    // Whoever has left may yet come back; not for ever.
    else if (this.#timer === null) this.#end()
  }

  #createKeeper(): Keeper {
    const tell = (what: (visitor: Visitor, document: AdaptedDocument) => void): void => {
      if (this.#visitor !== null && this.#document !== null) what(this.#visitor, this.#document)
    }
    return {
      opened: () => {
        this.#isLost = false
        // Not in the middle of what the sealed document is doing: the provider writes at once.
        queueMicrotask(() => tell((visitor, document) => document.isOpen && visitor.opened(document)))
      },
      down: (reason) => {
        this.#isLost = reason.transient
        const visitor = this.#visitor
        if (!reason.transient) this.#close()
        visitor?.down(reason)
      },
      gone: () => {
        if (this.#isOver) this.#end()
      },
      presence: (update) => tell((visitor) => visitor.presence(update)),
      changed: () => tell((visitor, document) => visitor.changed(document)),
      beat: () => tell((visitor) => visitor.beat()),
    }
  }

  #leaveWhenSaved(deadline: number): void {
    this.#timer = startTimer(LOOK_MS, () => {
      const document = this.#document
      const isPointless = document === null || document.unsaved === 0 || !document.isOpen
      if (isPointless || monotonicClock() >= deadline) this.#end()
      else this.#leaveWhenSaved(deadline)
    })
  }

  #cancel(): void {
    this.#timer?.()
    this.#timer = null
  }

  /** Without a visitor nobody would learn what became of later edits: the document is let go. */
  #close(): void {
    if (this.#visitor === null || this.#document === null) return this.#end()
    this.#cancel()
    this.#visitor = null
    this.#isOver = true
    this.#document.rest()
  }

  #drop(): void {
    this.#isOver = false
    const document = this.#document
    this.#document = null
    document?.destroy()
  }

  #end(): void {
    this.#cancel()
    this.#visitor = null
    this.#isLost = false
    this.#drop()
    // While it is being opened it is not forgotten: who comes back meanwhile must find it.
    if (!this.#isOpening) this.#onEnd()
  }
}

/** What keeps a document from being opened at all does not pass by waiting. */
function setupReason(error: unknown): DownReason {
  const code = error instanceof SyncError ? error.code : 'SETUP_REFUSED'
  const message = error instanceof Error ? error.message : 'the document could not be opened'
  return { transient: false, code, closeCode: 4400, reason: message }
}
