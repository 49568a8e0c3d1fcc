/**
 * Reads old entries at the relay, on the document's own socket, while nothing else is read there: one READ at a time, so that its answer can
 * be told from any other. Rules FR7, HI2.
 *
 * @module
 */
import { CLIENT_FRAME, refusalOf, SyncError, type NackFrame } from '@y-sealed/protocol'
import type { DocumentFrame } from '../connection/channel.ts'
import { startTimer, type Cancel } from '../platform.ts'
import type { StoredEntry } from '../stores/document-store.ts'

/** A relay that answers no READ for so long is as good as away. */
const ANSWER_MS = 10_000
/** Between one look whether the socket is free and the next. */
const LOOK_MS = 50

export interface PastReaderOptions {
  /** Sends READ; false when the document is not open. */
  readonly send: (after: number) => boolean
  /** A socket has the document open. */
  readonly isOpen: () => boolean
  /** Nothing is read, or to be read, for the document itself. */
  readonly isFree: () => boolean
  /** The socket is free again. */
  readonly onDone: () => void
}

interface Request {
  readonly after: number
  readonly entries: StoredEntry[]
  readonly resolve: (entries: readonly StoredEntry[]) => void
  readonly reject: (error: SyncError) => void
  readonly timer: Cancel
}

export class PastReader {
  readonly #options: PastReaderOptions
  #request: Request | null = null
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: PastReaderOptions) {
    this.#options = options
  }

  /** A READ is unanswered. */
  get isBusy(): boolean {
    return this.#request !== null
  }

  /**
   * Entries after a place; none where the relay has trimmed them. Rejects with `OFFLINE` where the document is not open, or the relay does not
   * answer, and with the relay's refusal.
   */
  read(after: number): Promise<readonly StoredEntry[]> {
    const reading = this.#turn.then(() => this.#readNow(after))
    this.#turn = reading.catch(() => undefined)
    return reading
  }

  /** True for a frame that answers a READ of ours. */
  receive(frame: DocumentFrame): boolean {
    const request = this.#request
    if (request === null) return false
    switch (frame.type) {
      case 'entries': {
        if (frame.seq !== request.after + request.entries.length + 1) return false
        for (const [index, { bytes }] of frame.envelopes.entries()) {
          request.entries.push({ seq: frame.seq + index, envelope: bytes.slice() })
        }
        return true
      }
      case 'read-done':
        this.#end()
        request.resolve(request.entries)
        return true
      case 'nack':
        return frame.refused === CLIENT_FRAME.read && this.#refuse(request, frame)
      case 'opened':
        this.#end()
        request.reject(away())
        return false
      default:
        return false
    }
  }

  async #readNow(after: number): Promise<readonly StoredEntry[]> {
    for (let waited = 0; !this.#options.isFree(); waited += LOOK_MS) {
      if (waited >= ANSWER_MS || !this.#options.isOpen()) throw away()
      await new Promise<void>((resolve) => startTimer(LOOK_MS, resolve))
    }
    return await new Promise((resolve, reject) => {
      const timer = startTimer(ANSWER_MS, () => {
        this.#end()
        reject(away())
      })
      this.#request = { after, entries: [], resolve, reject, timer }
      if (this.#options.send(after)) return
      this.#end()
      reject(away())
    })
  }

  #refuse(request: Request, { code }: NackFrame): true {
    const name = refusalOf(code)
    this.#end()
    if (name === 'TRIMMED') request.resolve([])
    else request.reject(new SyncError(name ?? `NACK_${code}`, 'the relay does not give out what comes before'))
    return true
  }

  #end(): void {
    this.#request?.timer()
    this.#request = null
    this.#options.onDone()
  }
}

function away(): SyncError {
  return new SyncError('OFFLINE', 'what comes before is at the relay, which cannot be asked now')
}
