/**
 * The two ends of a replay: one types a trace and waits until all of it is saved, the other waits until it has all of it. Both compare
 * the text with what the trace leads to.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'
import type * as Y from 'yjs'
import type { SealedProvider } from '../../provider/sealed-provider.ts'
import { checkText, whenTextEquals } from './expected-text.ts'
import type { Trace } from './trace.ts'
import type { Traffic } from './traffic.ts'
import { typeTrace } from './type-trace.ts'

/** One end's view of an opened document. */
export interface ReplayEnd {
  readonly provider: SealedProvider
  readonly text: Y.Text
  readonly traffic: Traffic
  /** From the dial to a document whose history is verified and decrypted. */
  readonly openSeconds: number
  /** Rejects when the document is closed for good. */
  readonly failed: Promise<never>
}

export interface ReplayOptions {
  readonly trace: Trace
  /** Transactions typed and saved, or characters received. */
  readonly onProgress: (done: number) => void
  readonly clock: () => number
  /** After so long without any progress the replay fails. */
  readonly stallMs: number
}

export interface SendOptions extends ReplayOptions {
  /** Every transaction in an envelope of its own, instead of merged as typed. */
  readonly perEdit: boolean
  readonly rate?: number
}

/** What one end has to report. Bytes are those of WebSocket messages. */
export interface ReplayFigures {
  readonly role: 'sender' | 'receiver'
  readonly edits: number
  /** Sender: own entries acknowledged. Receiver: entries of the log. */
  readonly envelopes: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly openSeconds: number
  /** From the first keystroke on; a document that was whole when it was opened takes none. */
  readonly seconds: number
  readonly signatureChecks: number
  /** Seq of the newest entry that this end has verified. */
  readonly head: number
  readonly connections: number
  readonly characters: number
  readonly identical: true
}

/** Unsaved transactions at which the typist waits, by mode. A merged batch is cheap however long; an envelope each is not. */
const MOST_UNSAVED = { merged: 4_096, perEdit: 256 } as const

/** Types the trace and resolves when all of it is saved. Rejects with `TEXT_DIFFERS` or `STALLED`, or as `failed` does. */
export async function sendTrace(end: ReplayEnd, options: SendOptions): Promise<ReplayFigures> {
  const { provider, text, traffic, failed } = end
  const { trace, perEdit, clock, onProgress } = options
  const startedAt = clock()
  const checksBefore = provider.signatureChecks
  const stall = watchForStall(options.stallMs)
  const most = perEdit ? MOST_UNSAVED.perEdit : MOST_UNSAVED.merged
  let typed = 0
  const follow = (unsaved: number): void => {
    stall.touch()
    onProgress(typed - unsaved)
  }
  provider.on('unsyncedChanges', follow)
  const afterTransaction = (count: number): Promise<void> | undefined => {
    typed = count
    // The first entry binds the session; nothing can be sealed before that is acknowledged.
    const saved = perEdit ? provider.flush() : undefined
    if (perEdit && count === 1) return saved
    return provider.unsyncedChanges >= most ? provider.whenSaved() : undefined
  }
  try {
    const pause = { clock, pause: sleep, ...(options.rate === undefined ? {} : { rate: options.rate }) }
    const typing = typeTrace(text, trace, { ...pause, afterTransaction }).then(() => provider.flush())
    await Promise.race([typing, failed, stall.stalled])
  } finally {
    provider.off('unsyncedChanges', follow)
    stall.close()
  }
  checkText(text.toJSON(), trace.endContent)
  return {
    role: 'sender',
    edits: trace.transactions.length,
    envelopes: traffic.entriesAcknowledged,
    ...figuresOf(end, startedAt, clock()),
    signatureChecks: provider.signatureChecks - checksBefore,
  }
}

/**
 * Resolves when the text is what the trace leads to. `through` is the sender's word that nothing comes after that seq: the text is
 * compared there; without it, as soon as it may be the one. Rejects with `TEXT_DIFFERS` or `STALLED`, or as `failed` does.
 */
export async function receiveTrace(
  end: ReplayEnd,
  options: ReplayOptions,
  through: Promise<number> | null,
): Promise<ReplayFigures> {
  const { provider, text, failed } = end
  const { trace, clock, onProgress } = options
  let startedAt = clock()
  const stall = watchForStall(options.stallMs)
  const stop = new AbortController()
  const complete =
    through === null
      ? whenTextEquals(text, trace.endContent, stop.signal)
      : through.then((seq) => whenReached(provider, seq, stop.signal))
  const follow = (): void => {
    // The wait for the first keystroke is nobody's slowness.
    if (!stall.started) startedAt = clock()
    stall.touch()
    onProgress(text.length)
  }
  text.observe(follow)
  if (text.length > 0) stall.touch()
  try {
    await Promise.race([complete, failed, stall.stalled])
  } finally {
    text.unobserve(follow)
    stop.abort()
    stall.close()
  }
  checkText(text.toJSON(), trace.endContent)
  return {
    role: 'receiver',
    edits: trace.transactions.length,
    envelopes: provider.head.seq,
    ...figuresOf(end, startedAt, clock()),
  }
}

function figuresOf({ provider, text, traffic, openSeconds }: ReplayEnd, startedAt: number, endedAt: number) {
  return {
    bytesSent: traffic.bytesSent,
    bytesReceived: traffic.bytesReceived,
    openSeconds,
    seconds: Math.round(endedAt - startedAt) / 1_000,
    signatureChecks: provider.signatureChecks,
    head: provider.head.seq,
    connections: traffic.connections,
    characters: text.length,
    identical: true as const,
  }
}

/** Resolves when the verified log reaches `seq`. */
function whenReached(provider: SealedProvider, seq: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = new AbortController()
    const look = (): void => {
      if (provider.head.seq < seq) return
      done.abort()
      resolve()
    }
    // The head moves after the document.
    const later = (): void => queueMicrotask(look)
    provider.doc.on('afterTransaction', later)
    const off = (): void => provider.doc.off('afterTransaction', later)
    AbortSignal.any([signal, done.signal]).addEventListener('abort', off, { once: true })
    look()
  })
}

interface StallWatch {
  readonly started: boolean
  readonly stalled: Promise<never>
  touch(): void
  close(): void
}

/** Counts from the first touch. */
function watchForStall(stallMs: number): StallWatch {
  let timer: NodeJS.Timeout | null = null
  let fail: (error: Error) => void
  const stalled = new Promise<never>((_, reject) => (fail = reject))
  stalled.catch(() => undefined)
  const giveUp = (): void =>
    fail(new SyncError('STALLED', `nothing has moved for ${Math.round(stallMs / 1_000)} s: is the relay running?`))
  return {
    get started() {
      return timer !== null
    },
    stalled,
    touch() {
      if (timer !== null) timer.refresh()
      else timer = setTimeout(giveUp, stallMs)
    },
    close() {
      if (timer !== null) clearTimeout(timer)
    },
  }
}

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => (delayMs > 0 ? setTimeout(resolve, delayMs) : setImmediate(resolve)))
}
